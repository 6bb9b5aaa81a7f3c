using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Recording;

/// <summary>What a recording comes to.</summary>
public sealed record MeterReplayResult
{
    public required RecordingHeader Header { get; init; }

    /// <summary>Every request that settled or was given up, in that order.</summary>
    public required IReadOnlyList<Settlement> Settlements { get; init; }

    /// <summary>All buckets of the device.</summary>
    public required EnergyBuckets Buckets { get; init; }

    /// <summary>What cutting readings into blocks met.</summary>
    public required CuttingStatistics Cutting { get; init; }

    /// <summary>The meter at the end, with its baselines.</summary>
    public required DeviceView View { get; init; }

    /// <summary>From the meter's start to the last entry.</summary>
    public required TimeSpan Length { get; init; }

    /// <summary>Times the sensor was read.</summary>
    public required long Ticks { get; init; }

    public required long Samples { get; init; }

    public required long CounterReadings { get; init; }

    public required long Steps { get; init; }

    /// <summary>The recording breaks off: its meter never ended it.</summary>
    public required bool IsTorn { get; init; }
}

/// <summary>
/// Runs a recording through the meter again, without threads, a sensor or a clock of its own: the same entries in the same order give the same
/// settlements, to the last bit, wherever it runs.
/// </summary>
public static class MeterReplay
{
    /// <summary>Replays a file in memory that does not grow with it.</summary>
    /// <param name="path">A recording.</param>
    /// <param name="options">Changes how the meter works, for comparisons; null for as it was recorded.</param>
    /// <exception cref="FormatException">It is no recording, of another version, or damaged.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static MeterReplayResult Run(string path, Func<DeviceMeterOptions, DeviceMeterOptions>? options = null)
    {
        using var reader = MeterRecordingReader.Open(path);
        return Run(reader.Header, reader.Next, () => reader.IsTorn, options);
    }

    /// <summary>Replays a recording.</summary>
    /// <param name="recording">The recording.</param>
    /// <param name="options">Changes how the meter works, for comparisons; null for as it was recorded.</param>
    public static MeterReplayResult Run(MeterRecording recording, Func<DeviceMeterOptions, DeviceMeterOptions>? options = null)
    {
        int next = 0;
        return Run(recording.Header, () => next < recording.Entries.Count ? recording.Entries[next++] : null, () => recording.IsTorn, options);
    }

    /// <summary>What an entry told the meter.</summary>
    internal static MeterEvent EventOf(RecordedEntry entry) => entry switch
    {
        RecordedEntry.Admitted admitted => new(MeterEventKind.Admit, admitted.At, admitted.Request, null),
        RecordedEntry.Stepped step => new(MeterEventKind.Step, step.Record.End, 0, step.Record),
        RecordedEntry.Finished finished => new(MeterEventKind.Finish, finished.At, finished.Request, null),
        RecordedEntry.ResidentChanged resident => new(MeterEventKind.Resident, resident.At, 0, resident.Configurations),
        RecordedEntry.CalibrationAsked asked => new(MeterEventKind.Calibrate, asked.At, 0, new Baselines.CalibrationOrder(asked.Over, null)),
        RecordedEntry.BusyChanged busy => new(busy.Busy ? MeterEventKind.BusyBegins : MeterEventKind.BusyEnds, busy.At, 0, null),
        _ => throw new ArgumentException($"{entry.GetType().Name} is no event.", nameof(entry)),
    };

    private static MeterReplayResult Run(RecordingHeader header, Func<RecordedEntry?> next, Func<bool> torn, Func<DeviceMeterOptions, DeviceMeterOptions>? change)
    {
        var coefficients = new Dictionary<string, WorkCoefficients>();
        DeviceMeterOptions options = header.Options with
        {
            Coefficients = header.GivesCoefficients ? id => coefficients.TryGetValue(id, out WorkCoefficients given) ? given : null : null,
            Recorder = null,
        };
        var clock = new ReplayClock(header.StartedAt);
        var core = new MeterCore(header.Source, change?.Invoke(options) ?? options, clock);
        var readings = new PowerReadings();
        var settlements = new List<Settlement>();
        long ticks = 0, samples = 0, counts = 0, steps = 0;
        while (next() is { } entry)
        {
            switch (entry)
            {
                case RecordedEntry.Readings taken:
                    clock.Set(taken.At);
                    readings.Clear();
                    readings.Counter.AddRange(taken.Counter);
                    readings.Samples.AddRange(taken.Samples);
                    core.Take(taken.Status, taken.At, readings);
                    (ticks, samples, counts) = (ticks + 1, samples + taken.Samples.Count, counts + taken.Counter.Count);
                    break;
                case RecordedEntry.Settled settled:
                    clock.Set(settled.At);
                    core.Settle(settled.At, settlements);
                    break;
                case RecordedEntry.GivenUp given:
                    settlements.Add(core.GiveUp(given.Request, given.Reason));
                    break;
                default:
                    if (entry is RecordedEntry.Stepped step)
                    {
                        steps++;
                        if (step.Coefficients is { } k)
                            coefficients[step.Record.Work.ConfigurationId] = k;
                    }
                    core.Tell(EventOf(entry));
                    break;
            }
        }
        return new()
        {
            Header = header,
            Settlements = settlements,
            Buckets = core.Totals,
            Cutting = core.Cutting,
            View = core.View(),
            Length = clock.Elapsed,
            Ticks = ticks,
            Samples = samples,
            CounterReadings = counts,
            Steps = steps,
            IsTorn = torn(),
        };
    }

    /// <summary>Stands where the recording is.</summary>
    private sealed class ReplayClock(DateTimeOffset startedAt) : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public TimeSpan Elapsed => new(_ticks);

        public void Set(MonotonicTime at) => _ticks = Math.Max(_ticks, at.Ticks);

        public override long GetTimestamp() => _ticks;

        public override DateTimeOffset GetUtcNow() => startedAt + new TimeSpan(_ticks);
    }
}
