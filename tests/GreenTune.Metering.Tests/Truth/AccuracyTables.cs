using GreenTune.Core.Power;
using GreenTune.Metering.Simulated;

namespace GreenTune.Metering.Tests.Truth;

/// <summary>Makes the tables of docs/metering-accuracy.md.</summary>
internal static class AccuracyTables
{
    public static IReadOnlyList<(string Name, SimulatedSensor Sensor)> Sensors { get; } =
    [
        .. from period in new[] { 0.01, 0.02, 0.1 }
           from window in new[] { 0, 0.025, 0.1, 1 }
           select (FormattableString.Invariant($"{period * 1000:0} ms, averages {window * 1000:0} ms"), new SimulatedSensor { Period = period, AveragingWindow = window, Noise = 1 }),
        ("counter, 100 ms", new() { Kinds = ReadingKinds.Counter, CounterPeriod = 0.1 }),
        ("20 ms and counter", new() { Kinds = ReadingKinds.SamplesAndCounter, Period = 0.02, AveragingWindow = 0.025, Noise = 1 }),
        ("20 ms and counter, faulty", Faulty(new() { Kinds = ReadingKinds.SamplesAndCounter, Period = 0.02, AveragingWindow = 0.025, Noise = 2 })),
        ("100 ms, faulty", Faulty(new() { Period = 0.1, AveragingWindow = 0.025, Noise = 2 })),
    ];

    /// <summary>Ticks and stamps that jitter, samples that get lost, a counter that starts anew, and a stall.</summary>
    private static SimulatedSensor Faulty(SimulatedSensor sensor) => sensor with
    {
        Jitter = 0.05 * sensor.Period,
        StampJitter = 0.05 * sensor.Period,
        DropProbability = 0.03,
        CounterResets = [MeteredRun.Quiet + 3],
        Stalls = [(MeteredRun.Quiet + 5, MeteredRun.Quiet + 5.4)],
    };
}
