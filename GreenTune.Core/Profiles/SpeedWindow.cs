using GreenTune.Core.Contracts;
using GreenTune.Core.Scoring;

namespace GreenTune.Core.Profiles;

/// <summary>How long one request took, for the speed beside its energy.</summary>
/// <param name="DurationSeconds">From acceptance to the end.</param>
/// <param name="QueueSeconds">Of it before admission into the batch.</param>
/// <param name="TimeToFirstTokenSeconds">From acceptance to the first output token; null when there was none.</param>
/// <param name="OutputTokens">Output tokens.</param>
/// <param name="MeanRowsInFlight">Mean number of requests in flight over its time.</param>
public sealed record RequestTiming(double DurationSeconds, double QueueSeconds, double? TimeToFirstTokenSeconds, int OutputTokens, double MeanRowsInFlight)
{
    /// <summary>Whether it can be: times finite and in order, at least one request in flight.</summary>
    public bool IsSound => double.IsFinite(DurationSeconds) && DurationSeconds > 0 && QueueSeconds >= 0 && QueueSeconds <= DurationSeconds && OutputTokens >= 0
        && TimeToFirstTokenSeconds is null or >= 0 && !(TimeToFirstTokenSeconds > DurationSeconds) && double.IsFinite(MeanRowsInFlight) && MeanRowsInFlight > 0;
}

/// <summary>The timings of the last requests of one load level. Not thread-safe.</summary>
public sealed class SpeedWindow
{
    /// <summary>Requests that are kept: p99 of fewer than 100 is their slowest.</summary>
    public const int Capacity = 512;

    private readonly Queue<RequestTiming> _timings = new();

    public IReadOnlyCollection<RequestTiming> Timings => _timings;

    /// <summary>Adds a request; one whose times cannot be is left out.</summary>
    public void Add(RequestTiming timing)
    {
        if (!timing.IsSound)
            return;
        if (_timings.Count == Capacity)
            _timings.Dequeue();
        _timings.Enqueue(timing);
    }

    /// <summary>The figures; null before the first request.</summary>
    public SpeedFigures? Figures()
    {
        if (_timings.Count == 0)
            return null;
        double served = _timings.Sum(timing => timing.DurationSeconds - timing.QueueSeconds);
        double tokens = _timings.Sum(timing => (double)timing.OutputTokens);
        // Requests weigh by their time in flight: so does the number of them that is met at a random instant.
        double rows = served > 0 ? _timings.Sum(timing => timing.MeanRowsInFlight * (timing.DurationSeconds - timing.QueueSeconds)) / served : 0;
        return new(
            _timings.Count,
            tokens > 0 && served > 0 ? rows * tokens / served : null,
            Of(_timings.Where(timing => timing.TimeToFirstTokenSeconds is not null).Select(timing => timing.TimeToFirstTokenSeconds!.Value)),
            Of(_timings.Where(timing => timing is { TimeToFirstTokenSeconds: not null, OutputTokens: > 1 })
                .Select(timing => (timing.DurationSeconds - timing.TimeToFirstTokenSeconds!.Value) / (timing.OutputTokens - 1))),
            Of(_timings.Select(timing => timing.DurationSeconds))!);
    }

    private static LatencyFigures? Of(IEnumerable<double> values)
    {
        double[] ascending = [.. values.Order()];
        return ascending.Length == 0
            ? null
            : new(ascending.Average(), Quantiles.OfSorted(ascending, 0.5), Quantiles.OfSorted(ascending, 0.95), Quantiles.OfSorted(ascending, 0.99));
    }
}
