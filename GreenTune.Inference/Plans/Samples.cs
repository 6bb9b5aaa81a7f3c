using GreenTune.Core.Contracts;
using GreenTune.Inference.Engine;
using GreenTune.Metering;

namespace GreenTune.Inference.Plans;

/// <summary>What one configuration has shown so far in a plan.</summary>
internal sealed class Samples
{
    /// <summary>A run with more failures than this share is rejected.</summary>
    private const double MaxFailures = 0.01;

    /// <summary>Share of the closed loop's requests that may have had company.</summary>
    private const double MaxDisturbed = 0.05;

    private readonly List<(int Repeat, SentimentItem Item, PlanRun.Answer Answer)> _unsettled = [];
    private readonly List<double> _offered = [];
    private readonly List<double> _rows = [];
    private int _requests;
    private int _failures;
    private string? _rejected;

    public List<bool> Correct { get; } = [];

    public int Unparsable { get; set; }

    public List<ClosedLoopSample> Closed { get; } = [];

    /// <summary>Mean latency of the closed loop in seconds.</summary>
    public double MeanSeconds => Closed.Average(sample => sample.Seconds);

    public void Count(GenerationResult result)
    {
        _requests++;
        _failures += result.Finish == FinishReason.Error ? 1 : 0;
    }

    public void Add(int repeat, SentimentItem item, PlanRun.Answer answer)
    {
        Count(answer.Result);
        if (answer.Result.Finish != FinishReason.Error)
        {
            _unsettled.Add((repeat, item, answer));
        }
    }

    public void AddOffered(PlanRun.Answer answer)
    {
        Count(answer.Result);
        if (answer.Result.Finish != FinishReason.Error)
        {
            _offered.Add(answer.Seconds);
        }
    }

    /// <summary>Turns what has been answered into samples once its energy is known.</summary>
    public async Task SettleAsync(CancellationToken cancellation)
    {
        foreach ((int repeat, SentimentItem item, PlanRun.Answer answer) in _unsettled)
        {
            SettledRequest settled = await answer.Result.Settled.WaitAsync(cancellation);
            _rows.Add(settled.MeanRowsInFlight);
            Closed.Add(new ClosedLoopSample(
                repeat,
                item.Id,
                settled.Energy.Joules,
                answer.Served.InputTokens,
                answer.Result.OutputTokens,
                answer.Seconds,
                SentimentPrompts.Label(answer.Text) == item.Label));
        }

        _unsettled.Clear();
    }

    public void RejectIfDisturbed(double quietRows)
    {
        if (_rows.Count(rows => rows > quietRows) > MaxDisturbed * _rows.Count)
        {
            _rejected = "other requests ran at the same time; measure again while nobody else uses the service";
        }
    }

    public ConfigurationMeasurement ToMeasurement(string id, bool sourceQuantized)
    {
        string? rejected = _rejected;
        if (_failures > MaxFailures * _requests)
        {
            rejected = $"{_failures} of {_requests} requests failed";
        }
        else if (rejected is null && Closed.Count > 0 && Closed.All(sample => sample.Joules is not null) && Closed.Sum(sample => sample.Joules!.Value.Value) <= 0)
        {
            rejected = "mean power was that of an idle device";
        }

        return new ConfigurationMeasurement
        {
            ConfigurationId = id,
            ClosedLoop = Closed,
            OfferedLoadSeconds = _offered,
            Correct = Correct,
            Unparsable = Unparsable,
            SourceQuantized = sourceQuantized,
            Rejected = rejected,
        };
    }
}
