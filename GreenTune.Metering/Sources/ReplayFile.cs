using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Metering.Recording;

namespace GreenTune.Metering.Sources;

/// <summary>Opens a recorded trace as a power source.</summary>
public static class ReplayFile
{
    private const double FallbackPeriodSeconds = 0.1;

    /// <summary>
    /// Opens a recording of a meter (see <see cref="MeterRecorder"/>), of which the readings are taken, or comma-separated lines
    /// "seconds,watts,joules" (see <see cref="ReplayPowerSource.Parse"/>). What it gives is the energy of the machine that was recorded, so its
    /// quality is estimated.
    /// </summary>
    /// <param name="path">A recording if its first two bytes are gzip's, else lines.</param>
    /// <exception cref="FormatException">The file is neither.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static ReplayPowerSource Open(string path)
    {
        bool zipped;
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
            zipped = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        if (zipped)
        {
            // Steps are left where they are: a long recording holds many more of them than readings.
            using var recording = MeterRecordingReader.Open(path);
            return new(AsReplay(recording.Header.Source, path), recording.Readings());
        }
        using var reader = new StreamReader(path);
        IReadOnlyList<RecordedReading> readings = ReplayPowerSource.Parse(reader);
        return readings.Count > 0
            ? new(AsReplay(Describe(readings), path), readings)
            : throw new FormatException($"{path} holds no reading; lines are \"seconds,watts,joules\", for example \"0.02,118.5,\".");
    }

    private static PowerSourceDescription AsReplay(PowerSourceDescription recorded, string path) => recorded with
    {
        Quality = recorded.Quality == EnergyQuality.None ? EnergyQuality.None : EnergyQuality.Estimated,
        Explanation = $"A replay of {Path.GetFileName(path)}: its figures say nothing about this machine. It was recorded so: {recorded.Explanation}",
    };

    private static PowerSourceDescription Describe(IReadOnlyList<RecordedReading> readings)
    {
        bool samples = readings.Any(reading => reading.Watts is not null), counter = readings.Any(reading => reading.Joules is not null);
        double[] watts = [.. readings.Where(reading => reading.Watts is not null).Select(reading => reading.Watts!.Value).Order()];
        double[] times = [.. readings.Where(reading => samples ? reading.Watts is not null : reading.Joules is not null).Select(reading => reading.Seconds)];
        double[] distances = [.. times.Zip(times.Skip(1), (a, b) => b - a).Where(distance => distance > 0).Order()];
        double period = distances.Length > 0 ? distances[distances.Length / 2] : FallbackPeriodSeconds;
        double idle = watts.Length > 0 ? watts[watts.Length / 10] : 0;
        return new()
        {
            DeviceId = "replay-0",
            DeviceName = "Recorded device",
            Component = DeviceComponent.Gpu,
            Meter = "replay",
            Boundary = "device",
            Quality = EnergyQuality.Estimated,
            // NVML's and RAPL's, for want of the sensor's own.
            GainRelative = 0.05,
            Explanation = "lines of power and energy",
            Kinds = samples && counter ? ReadingKinds.SamplesAndCounter : samples ? ReadingKinds.Samples : ReadingKinds.Counter,
            NativePeriod = TimeSpan.FromSeconds(period),
            AssumedIdle = new(idle),
            AssumedIdleSigma = new(0.5 * idle),
        };
    }
}
