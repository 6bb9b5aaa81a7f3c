using System.Text.Json;
using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Metering;

namespace GreenTune.Inference.Energy;

/// <summary>
/// Keeps what the meter has learned of the configurations' work (design section 4.3) over restarts, so that a service does not share by time alone again for its first
/// minutes. A file that cannot be read or written is named and done without.
/// </summary>
internal sealed partial class MeterMemory(string directory, TimeProvider clock, ILogger<MeterMemory> logger)
{
    public static readonly TimeSpan SavePeriod = TimeSpan.FromMinutes(5);

    /// <summary>Baselines' file in the service's data.</summary>
    public const string BaselineFile = "baselines.json";

    private readonly string _file = Path.Combine(directory, "work-models.json");

    /// <summary>What was kept; null when nothing was. The meter leaves out what is of another device.</summary>
    public WorkFitSnapshot? Load()
    {
        try
        {
            return File.Exists(_file) ? JsonSerializer.Deserialize<WorkFitSnapshot>(File.ReadAllText(_file), ContractJson.Options) : null;
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            LogUnreadable(_file, e.Message);
            return null;
        }
    }

    /// <summary>Saves every few minutes.</summary>
    public async Task KeepAsync(IDeviceMeter meter, CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(SavePeriod, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stopping.IsCancellationRequested)
            {
                return;
            }

            Save(meter.WorkFits());
        }
    }

    public void Save(WorkFitSnapshot? fits)
    {
        if (fits is not { Fits.Count: > 0 })
        {
            return;
        }

        try
        {
            string part = _file + ".part";
            File.WriteAllText(part, JsonSerializer.Serialize(fits, ContractJson.Options));
            File.Move(part, _file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnwritable(_file, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{File} cannot be read ({Reason}); work models are learned anew")]
    private partial void LogUnreadable(string file, string reason);

    [LoggerMessage(2, LogLevel.Warning, "{File} cannot be written ({Reason}); work models are not kept over a restart")]
    private partial void LogUnwritable(string file, string reason);
}

/// <summary>Runs <see cref="MeterMemory"/> beside the service's meter.</summary>
internal sealed class MeterMemoryKeeper(MeterMemory memory, IDeviceMeter meter) : BackgroundService
{
    // Saved here and not at the loop's end, which nobody waits for once the time to stop is over.
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        memory.Save(meter.WorkFits());
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => memory.KeepAsync(meter, stoppingToken);
}
