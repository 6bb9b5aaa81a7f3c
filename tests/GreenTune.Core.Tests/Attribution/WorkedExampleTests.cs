using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using static GreenTune.Core.Tests.Attribution.Ledgers;

namespace GreenTune.Core.Tests.Attribution;

/// <summary>
/// The worked example of design section 4.3: one block of 20 ms, B = 125 W, E = 5 J. R1's prefill takes 5 ms with e = 3 while R2 is queued, then
/// a gap of 5 ms, then one decode step of 10 ms with e = 2 shared .8 / .2.
/// </summary>
public sealed class WorkedExampleTests
{
    private const double Tolerance = 1e-14;

    [Fact]
    public void The_worked_example_comes_out_digit_for_digit()
    {
        // e = 1 J per byte of keys and values: 3 for the prefill, 1.6 and .4 for the two decode rows.
        var ledger = new AttributionLedger(Device(), _ => new(0, 1, 0));
        ledger.Admit(1, Ms(0));
        ledger.Admit(2, Ms(0));
        ledger.Step(Step(0, 5, StepPhase.Prefill, new("a", 0, 0, 0, 0.5), new StepRow(1, 6, 0)));
        ledger.Step(Step(10, 20, StepPhase.Decode, new("a", 0, 0, 0, 0.2), new StepRow(1, 1, 7), new StepRow(2, 1, 1)));
        ledger.Close(Block(0, 20, 5), new(125), new(2));
        ledger.Finish(1, Ms(20));
        ledger.Finish(2, Ms(20));

        Dictionary<long, Settlement> settled = ledger.Settled();
        EnergyFigures one = settled[1].Energy, two = settled[2].Energy;

        Assert.Equal(2.3, one.ActiveJoules!.Value.Value, Tolerance);
        Assert.Equal(0.2, two.ActiveJoules!.Value.Value, Tolerance);
        Assert.Equal(1.5, one.PrefillJoules!.Value.Value, Tolerance);
        Assert.Equal(0.8, one.DecodeJoules!.Value.Value, Tolerance);
        Assert.Equal(0, two.PrefillJoules!.Value.Value, Tolerance);
        Assert.Equal(0.2, two.DecodeJoules!.Value.Value, Tolerance);
        Assert.Equal(1.25, one.IdleJoules!.Value.Value, Tolerance);
        Assert.Equal(1.25, two.IdleJoules!.Value.Value, Tolerance);
        Assert.Equal(3.55, one.Joules!.Value.Value, Tolerance);
        Assert.Equal(1.45, two.Joules!.Value.Value, Tolerance);
        Assert.Equal(5, (one.Joules.Value + two.Joules.Value).Value, Tolerance);
        Assert.Equal(-0.0084, one.Uncertainty!.BaselineSensitivitySeconds, Tolerance);
        Assert.Equal(+0.0084, two.Uncertainty!.BaselineSensitivitySeconds, Tolerance);
        Assert.Equal(-0.0184, one.Uncertainty.ActiveBaselineSensitivitySeconds, Tolerance);
        Assert.Equal(-0.0016, two.Uncertainty.ActiveBaselineSensitivitySeconds, Tolerance);
        Assert.Equal(2, settled[1].MeanRowsInFlight, Tolerance);
        Assert.Equal(new Watts(125), settled[1].Baseline);

        EnergyBuckets buckets = ledger.Totals;
        Assert.Equal(5, buckets.Total.Value, Tolerance);
        Assert.Equal(2.5, buckets.Active.Value, Tolerance);
        Assert.Equal(2.5, buckets.IdleShare.Value, Tolerance);
        Assert.Equal(0, buckets.Idle.Value, Tolerance);
        Assert.Equal(0, buckets.Unattributed.Value, Tolerance);
    }

    [Fact]
    public void Equal_weights_share_the_same_block_by_time()
    {
        var ledger = new AttributionLedger(Device());
        ledger.Admit(1, Ms(0));
        ledger.Admit(2, Ms(0));
        ledger.Step(Step(0, 5, StepPhase.Prefill, new("a", 0, 0, 0, 0.5), new StepRow(1, 6, 0)));
        ledger.Step(Step(10, 20, StepPhase.Decode, new("a", 0, 0, 0, 0.2), new StepRow(1, 1, 7), new StepRow(2, 1, 1)));
        ledger.Close(Block(0, 20, 5), new(125), new(2));
        ledger.Finish(1, Ms(20));
        ledger.Finish(2, Ms(20));

        Dictionary<long, Settlement> settled = ledger.Settled();

        // 2.5 J over 15 ms of steps: 5 ms and half of 10 ms, and half of 10 ms.
        Assert.Equal(2.5 * 10 / 15, settled[1].Energy.ActiveJoules!.Value.Value, Tolerance);
        Assert.Equal(2.5 * 5 / 15, settled[2].Energy.ActiveJoules!.Value.Value, Tolerance);
        Assert.Equal(settled[1].EqualWeightsActive, settled[1].Energy.ActiveJoules);
    }
}
