using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering;
using GreenTune.Metering.Recording;
using GreenTune.Metering.Sources;

namespace GreenTune.Cli.Meter;

/// <summary>Lines of "seconds,watts,joules" from any tool as a recording: one reading a tick, nobody served.</summary>
internal static class PlainReadings
{
    private static readonly TimeSpan DefaultPeriod = TimeSpan.FromMilliseconds(100);

    /// <exception cref="FormatException">A line is not of that form, or there is none.</exception>
    public static MeterRecording Read(string path)
    {
        using StreamReader reader = File.OpenText(path);
        RecordedReading[] readings = [.. ReplayPowerSource.Parse(reader)];
        if (readings.Length < 2)
            throw new FormatException("it has no two readings, and energy lies between two");
        for (int i = 1; i < readings.Length; i++)
        {
            if (readings[i].Seconds < readings[i - 1].Seconds)
                throw new FormatException(FormattableString.Invariant($"reading {i + 1} at {readings[i].Seconds} s is before the one at {readings[i - 1].Seconds} s; sort them by time"));
        }
        bool samples = readings.Any(reading => reading.Watts is not null), counter = readings.Any(reading => reading.Joules is not null);
        TimeSpan period = Period([.. readings.Where(reading => !samples || reading.Watts is not null).Select(reading => reading.Seconds)]);
        var header = new RecordingHeader
        {
            StartedAt = new DateTimeOffset(File.GetLastWriteTimeUtc(path)) - TimeSpan.FromSeconds(readings[^1].Seconds - readings[0].Seconds),
            MethodVersion = MethodVersions.Attribution,
            Source = new PowerSourceDescription
            {
                DeviceId = "readings",
                DeviceName = Path.GetFileName(path),
                Component = DeviceComponent.Gpu,
                Meter = "replay",
                Boundary = "device",
                Quality = EnergyQuality.Measured,
                GainRelative = null,
                Explanation = "Readings of another tool; the error of its sensor is not known here.",
                Kinds = samples ? counter ? ReadingKinds.SamplesAndCounter : ReadingKinds.Samples : ReadingKinds.Counter,
                NativePeriod = period,
            },
            Options = new DeviceMeterOptions { Period = period },
        };
        double origin = readings[0].Seconds;
        var entries = new List<RecordedEntry>();
        foreach (RecordedReading reading in readings)
        {
            MonotonicTime at = MonotonicTime.FromSeconds(reading.Seconds - origin);
            entries.Add(new RecordedEntry.Readings(
                at, SourceStatus.Ok, reading.Joules is { } joules ? [new EnergyReading(at, new(joules))] : [], reading.Watts is { } watts ? [new PowerSample(at, new(watts))] : []));
            entries.Add(new RecordedEntry.Settled(at));
        }
        return new MeterRecording(header, entries);
    }

    /// <summary>Median distance.</summary>
    private static TimeSpan Period(double[] seconds)
    {
        double[] distances = [.. seconds.Zip(seconds.Skip(1), (a, b) => b - a).Where(distance => distance > 0).Order()];
        return distances.Length == 0 ? DefaultPeriod : TimeSpan.FromSeconds(Math.Clamp(distances[distances.Length / 2], 0.001, 3600));
    }
}
