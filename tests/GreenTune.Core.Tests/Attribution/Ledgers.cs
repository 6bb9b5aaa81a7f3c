using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Attribution;

/// <summary>Short ways to write ledgers, blocks and steps.</summary>
internal static class Ledgers
{
    public static readonly WorkModel PlainWork = new("plain", 1e6, 1e3, 1e6, 100);

    public static LedgerDevice Device(double gain = 0.05) => new()
    {
        Id = "gpu-test",
        Meter = "simulated",
        Boundary = "device",
        Component = DeviceComponent.Gpu,
        GainRelative = gain,
    };

    public static MonotonicTime Ms(double milliseconds) => MonotonicTime.FromSeconds(milliseconds / 1000);

    public static EnergyBlock Block(double startMs, double endMs, double joules, double other = 0, EnergyQuality quality = EnergyQuality.Measured, double noise = 0, double edgeMs = 0, TraceMarks marks = TraceMarks.None) => new()
    {
        Start = Ms(startMs),
        End = Ms(endMs),
        Energy = new(joules),
        Other = new(other),
        Quality = quality,
        Noise = new(noise),
        EdgeSeconds = edgeMs / 1000,
        Marks = marks,
    };

    public static StepRecord Step(double startMs, double endMs, StepPhase phase, WorkModel work, params StepRow[] rows) => new(Ms(startMs), Ms(endMs), phase, work, rows);

    public static StepRecord Decode(double startMs, double endMs, params long[] requests) =>
        new(Ms(startMs), Ms(endMs), StepPhase.Decode, PlainWork, [.. requests.Select(request => new StepRow(request, 1, 10))]);

    public static StepRecord Prefill(double startMs, double endMs, long request, int tokens = 16) =>
        new(Ms(startMs), Ms(endMs), StepPhase.Prefill, PlainWork, [new StepRow(request, tokens, 0)]);

    public static Dictionary<long, Settlement> Settled(this AttributionLedger ledger)
    {
        var list = new List<Settlement>();
        ledger.TakeSettled(list);
        return list.ToDictionary(settlement => settlement.Request);
    }
}
