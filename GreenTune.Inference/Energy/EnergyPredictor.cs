using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Core.Profiles;
using GreenTune.Core.Units;

namespace GreenTune.Inference.Energy;

/// <summary>Predicts what a request will cost from what others did (design section 4.4), and keeps that over restarts.</summary>
internal sealed partial class EnergyPredictor : BackgroundService
{
    private static readonly TimeSpan SavePeriod = TimeSpan.FromMinutes(5);

    private readonly ProfileBook _book = new();
    private readonly string _file;
    private readonly TimeProvider _clock;
    private readonly ILogger<EnergyPredictor> _logger;

    /// <param name="directory">Where the profiles are kept.</param>
    /// <param name="device">The device they hold for: what a token costs on another says nothing here.</param>
    public EnergyPredictor(string directory, string device, TimeProvider clock, ILogger<EnergyPredictor> logger)
    {
        _file = Path.Combine(directory, $"profiles-{device}.json");
        _clock = clock;
        _logger = logger;
        Load();
    }

    /// <summary>Sets what answers until enough requests have run.</summary>
    public void SetWarmUp(string configurationId, LengthProfile profile) => _book.SetWarmUp(configurationId, profile);

    /// <summary>Null before the configuration has been loaded.</summary>
    public Prediction? Predict(string configurationId, int inputTokens, int outputTokens) => _book.Predict(configurationId, inputTokens, outputTokens);

    /// <summary>All profiles, their curves at these lengths.</summary>
    public IReadOnlyList<ConfigurationProfile> Profiles(IReadOnlyList<int> inputTokens, IReadOnlyList<int> outputTokens) => _book.Profiles(inputTokens, outputTokens);

    /// <summary>What a budget reserves for a request: its prediction and two sigma on top. Null when nothing meters the device.</summary>
    public PredictedCost? Cost(string configurationId, int inputTokens, int outputTokens) =>
        Predict(configurationId, inputTokens, outputTokens) is { } prediction
            ? new PredictedCost(configurationId, prediction.Joules.Value, prediction.Joules.Value + 2 * prediction.Sigma.Value)
            : null;

    /// <summary>Learns from a request that ran to its end.</summary>
    public void Learn(RequestRecord record)
    {
        if (record is { Outcome: RequestOutcome.Completed, Energy: { Joules: { } joules, Quality: > EnergyQuality.None } energy })
        {
            _book.Add(
                record.ConfigurationId,
                record.MeanRowsInFlight ?? 1,
                new LengthRecord(record.InputTokens, record.OutputTokens, joules, energy.Uncertainty?.Independent ?? new Joules(0.1 * joules.Value)),
                new RequestTiming(record.DurationSeconds, record.QueueSeconds, record.TimeToFirstTokenSeconds, record.OutputTokens, record.MeanRowsInFlight ?? 1));
        }
    }

    // Saved here and not at the loop's end, which nobody waits for once the time to stop is over.
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Save();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(SavePeriod, _clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            Save();
        }
    }

    private void Load()
    {
        try
        {
            if (File.Exists(_file) && JsonSerializer.Deserialize<ProfileBookSnapshot>(File.ReadAllText(_file), ContractJson.Options) is { } snapshot)
            {
                _book.Restore(snapshot);
            }
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            LogUnreadable(_file, e.Message);
        }
    }

    private void Save()
    {
        try
        {
            string part = _file + ".part";
            File.WriteAllText(part, JsonSerializer.Serialize(_book.Snapshot(), ContractJson.Options));
            File.Move(part, _file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnwritable(_file, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{File} cannot be read ({Reason}); length profiles start anew")]
    private partial void LogUnreadable(string file, string reason);

    [LoggerMessage(2, LogLevel.Warning, "{File} cannot be written ({Reason}); length profiles are not kept over a restart")]
    private partial void LogUnwritable(string file, string reason);
}
