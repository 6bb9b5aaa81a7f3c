using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Metering.Sources;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Metering.Baselines;

/// <summary>
/// Remembers idle baselines in a file, so that after a restart the last ones serve until they are measured anew. They hold for one device metered one way: another
/// driver, power limit or sampling period is another. A file that cannot be read or written is named once and done without.
/// </summary>
/// <param name="path">The file; made when there is something to remember.</param>
/// <param name="logger">Where a failure is named.</param>
public sealed class BaselineFile(string path, ILogger? logger = null)
{
    private const int MostSets = 64;
    private const int MostMeters = 32;

    // The devices of one process share the file.
    private static readonly Lock Writing = new();

    private readonly ILogger _logger = logger ?? NullLogger.Instance;
    private bool _failed;

    /// <summary>What was remembered of a device; empty when nothing was.</summary>
    public IReadOnlyList<SavedBaseline> Load(PowerSourceDescription description, TimeSpan period)
    {
        lock (Writing)
            return Read().Find(meter => Same(meter, description, period))?.Baselines.Where(Sensible).ToArray() ?? [];
    }

    /// <summary>Remembers a device's baselines in place of those from before.</summary>
    public void Save(PowerSourceDescription description, TimeSpan period, IReadOnlyList<SavedBaseline> baselines)
    {
        if (_failed || baselines.Count == 0)
            return;
        try
        {
            lock (Writing)
            {
                List<SavedMeter> meters = Read();
                SavedMeter? before = meters.Find(meter => Same(meter, description, period));
                if (before is not null)
                    meters.Remove(before);
                IEnumerable<SavedBaseline> others = before?.Baselines.Where(old => !baselines.Any(one => one.Resident.SequenceEqual(old.Resident))) ?? [];
                meters.Insert(0, new(description.DeviceId, Conditions(description, period), [.. baselines.Concat(others).OrderByDescending(one => one.MeasuredAt).Take(MostSets)]));
                if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
                    Directory.CreateDirectory(folder);
                string part = path + ".part";
                File.WriteAllText(part, JsonSerializer.Serialize(meters.Take(MostMeters), ContractJson.Options));
                File.Move(part, path, overwrite: true);
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Fail(problem.Message);
        }
    }

    private static bool Sensible(SavedBaseline one) =>
        one.MeanWatts.Value is >= 0 and < 1e6 && one.SigmaWatts.Value >= 0 && double.IsFinite(one.SigmaWatts.Value) && one.OverSeconds > 0;

    private static bool Same(SavedMeter meter, PowerSourceDescription description, TimeSpan period) =>
        meter.Device == description.DeviceId && meter.Conditions == Conditions(description, period);

    private static string Conditions(PowerSourceDescription description, TimeSpan period) =>
        FormattableString.Invariant($"{description.DeviceName}, {description.Meter} each {period.TotalMilliseconds:0.###} ms: {description.Explanation}");

    private List<SavedMeter> Read()
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<List<SavedMeter>>(File.ReadAllText(path), ContractJson.Options) ?? [] : [];
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            Fail(problem.Message);
            return [];
        }
    }

    private void Fail(string reason)
    {
        if (!_failed)
            Log.BaselinesNotKept(_logger, path, reason);
        _failed = true;
    }

    private sealed record SavedMeter(string Device, string Conditions, IReadOnlyList<SavedBaseline> Baselines);
}
