using System.Globalization;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Metering.Sources;

/// <summary>One line of a recorded trace.</summary>
/// <param name="Seconds">Since the recording began.</param>
/// <param name="Watts">Power, if the line is a sample.</param>
/// <param name="Joules">Cumulative energy, if the line is a counter reading.</param>
public readonly record struct RecordedReading(double Seconds, double? Watts, double? Joules);

/// <summary>
/// Gives the readings of a recording back at the times they were taken, counted from the first call: the same figures for ever.
/// </summary>
public sealed class ReplayPowerSource : IPowerSource
{
    private readonly IReadOnlyList<RecordedReading> _recording;
    private MonotonicTime? _start;
    private int _next;

    /// <param name="description">Of the source that was recorded; the meter is named "replay".</param>
    /// <param name="recording">In order of time.</param>
    public ReplayPowerSource(PowerSourceDescription description, IReadOnlyList<RecordedReading> recording)
    {
        Description = description with { Meter = "replay", ReadOnDemand = false };
        _recording = recording;
    }

    public PowerSourceDescription Description { get; }

    /// <summary>
    /// Reads a recording of comma-separated lines "seconds,watts,joules" in which watts or joules may be empty. Blank lines, lines that
    /// start with # and a heading are skipped.
    /// </summary>
    /// <exception cref="FormatException">A line is not of that form; the message names its number.</exception>
    public static IReadOnlyList<RecordedReading> Parse(TextReader reader)
    {
        var recording = new List<RecordedReading>();
        int number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            line = line.Trim();
            if (line.Length == 0 || line[0] == '#' || line.StartsWith("seconds", StringComparison.OrdinalIgnoreCase))
                continue;
            string[] fields = line.Split(',');
            if (fields.Length is < 2 or > 3 || Number(fields[0]) is not { } seconds || (fields.Length == 3 && fields[2].Trim().Length > 0 && Number(fields[2]) is null))
                throw new FormatException($"Line {number} of the recording is not \"seconds,watts,joules\" (for example \"0.02,118.5,\"): {line}");
            double? watts = Number(fields[1]);
            double? joules = fields.Length == 3 ? Number(fields[2]) : null;
            if (watts is null && joules is null)
                throw new FormatException($"Line {number} of the recording has neither watts nor joules: {line}");
            recording.Add(new(seconds, watts, joules));
        }
        return recording;

        static double? Number(string field) =>
            double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : null;
    }

    public SourceStatus Read(MonotonicTime now, PowerReadings into)
    {
        MonotonicTime start = _start ??= now;
        while (_next < _recording.Count && start + TimeSpan.FromSeconds(_recording[_next].Seconds) is var at && at <= now)
        {
            RecordedReading reading = _recording[_next++];
            if (reading.Watts is { } watts)
                into.Samples.Add(new PowerSample(at, new(watts)));
            if (reading.Joules is { } joules)
                into.Counter.Add(new EnergyReading(at, new(joules)));
        }
        return _next < _recording.Count ? SourceStatus.Ok : SourceStatus.Gone("the recording has ended");
    }

    public void Dispose()
    {
    }
}
