using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using static GreenTune.Core.Tests.Attribution.Ledgers;

namespace GreenTune.Core.Tests.Attribution;

public sealed class UncertaintyTests
{
    [Fact]
    public void Gain_baseline_and_noise_add_in_quadrature()
    {
        var ledger = new AttributionLedger(Device(gain: 0.05));
        ledger.Admit(1, Ms(0));
        ledger.Step(Decode(0, 500, 1));
        ledger.Finish(1, Ms(1000));
        // A of the second block is unattributed, so its baseline part alone is the request's: d(joules)/dB = 1 - 0.5 s.
        ledger.Close(Block(0, 500, 100, noise: 2), new(100), new(4));
        ledger.Close(Block(500, 1000, 60, noise: 7), new(100), new(4));

        EnergyFigures energy = ledger.Settled()[1].Energy;
        Assert.Equal(150, energy.Joules!.Value.Value, 9);
        Assert.Equal(2, energy.Uncertainty!.Independent.Value, 9);
        Assert.Equal(0.5, energy.Uncertainty.BaselineSensitivitySeconds, 9);
        Assert.Equal(-0.5, energy.Uncertainty.ActiveBaselineSensitivitySeconds, 9);
        Assert.Equal(4, energy.Uncertainty.BaselineSigma.Value, 9);
        double sigma = Math.Sqrt(Math.Pow(0.05 * 150, 2) + Math.Pow(4 * 0.5, 2) + 2 * 2);
        Assert.Equal(sigma / 150, energy.RelativeUncertainty!.Value, 9);
    }

    [Fact]
    public void A_request_that_fell_between_two_samples_is_uncertain_by_what_its_steps_should_have_taken()
    {
        var ledger = new AttributionLedger(Device(gain: 0));
        // 100 W of active power are known from before.
        ledger.Admit(1, Ms(0));
        ledger.Step(Decode(0, 1000, 1));
        ledger.Finish(1, Ms(1000));
        ledger.Close(Block(0, 1000, 200), new(100), new(0));
        ledger.Admit(2, Ms(1010));
        ledger.Step(Decode(1010, 1090, 2));
        ledger.Finish(2, Ms(1090));
        double edge = 100 / Math.Sqrt(12);
        // No sample fell into it: the trace shows nothing.
        ledger.Close(Block(1000, 1100, 10, edgeMs: edge), new(100), new(0));

        EnergyFigures energy = ledger.Settled()[2].Energy;
        Assert.Equal(0, energy.ActiveJoules!.Value.Value, 9);
        // 80 ms at 100 W are missing, give or take the 30 % by which requests' powers may differ, of that and of the 20 ms beside them.
        Assert.Equal(Math.Sqrt(8 * 8 + 0.3 * 0.3 * (8 * 8 + 2 * 2)), energy.Uncertainty!.Independent.Value, 9);
    }

    [Fact]
    public void What_one_block_has_too_much_of_a_request_and_the_next_too_little_cancels()
    {
        var ledger = new AttributionLedger(Device(gain: 0));
        ledger.Admit(1, Ms(0));
        ledger.Step(Decode(0, 1000, 1));
        ledger.Finish(1, Ms(1000));
        ledger.Close(Block(0, 1000, 200), new(100), new(0));
        ledger.Admit(2, Ms(1060));
        ledger.Step(Decode(1060, 1140, 2));
        ledger.Finish(2, Ms(1140));
        // 40 ms at 100 W in each block; the sensor saw 5 J in one and 3 J in the other.
        double edge = 100 / Math.Sqrt(12);
        ledger.Close(Block(1000, 1100, 15, edgeMs: edge), new(100), new(0));
        ledger.Close(Block(1100, 1200, 13, edgeMs: edge), new(100), new(0));

        EnergyFigures energy = ledger.Settled()[2].Energy;
        Assert.Equal(8, energy.ActiveJoules!.Value.Value, 9);
        Assert.Equal(0.3 * Math.Sqrt(2 * (1 + 4 * 4)), energy.Uncertainty!.Independent.Value, 9);
    }

    [Fact]
    public void A_counter_misplaces_nothing_but_by_the_time_of_its_reading()
    {
        var ledger = new AttributionLedger(Device(gain: 0));
        ledger.Admit(1, Ms(0));
        ledger.Step(Decode(0, 1000, 1));
        ledger.Finish(1, Ms(1000));
        ledger.Close(Block(0, 1000, 200), new(100), new(0));
        ledger.Admit(2, Ms(1010));
        ledger.Step(Decode(1010, 1090, 2));
        ledger.Finish(2, Ms(1090));
        // 2 W less than before: the counter says so, and is believed.
        ledger.Close(Block(1000, 1100, 10 + 98 * 0.08, edgeMs: 1e-9), new(100), new(0));

        Assert.Equal(0, ledger.Settled()[2].Energy.Uncertainty!.Independent.Value, 6);
    }

    [Fact]
    public void Time_alone_is_uncertain_by_how_prefill_and_decode_may_differ_where_they_share_a_block()
    {
        var ledger = new AttributionLedger(Device(gain: 0));
        ledger.Admit(1, Ms(0));
        ledger.Admit(2, Ms(0));
        ledger.Step(Prefill(0, 10, 1));
        ledger.Step(Decode(10, 20, 2));
        ledger.Finish(1, Ms(20));
        ledger.Finish(2, Ms(20));
        ledger.Close(Block(0, 20, 6), new(100), new(0));

        // 2 J each. At half more power in prefill, a quarter of the block's 4 J would change sides, linearised: 0.5 x 4 x (0.5 - 0.5 x 0.5).
        Dictionary<long, Settlement> settled = ledger.Settled();
        Assert.Equal(Math.Sqrt(Math.Pow(0.5, 2) + Sharing(4, 0.5)), settled[1].Energy.Uncertainty!.Independent.Value, 9);
        Assert.Equal(settled[1].Energy.Uncertainty!.Independent.Value, settled[2].Energy.Uncertainty!.Independent.Value, 9);
    }

    [Fact]
    public void The_distance_between_the_work_model_and_equal_weights_is_part_of_sigma()
    {
        var ledger = new AttributionLedger(Device(gain: 0), _ => new(1e-9, 0, 0));
        var work = new WorkModel("a", 5e6, 0, 0, 0);
        ledger.Admit(1, Ms(0));
        ledger.Admit(2, Ms(0));
        ledger.Step(Step(0, 20, StepPhase.Prefill, work, new StepRow(1, 30, 0), new StepRow(2, 10, 0)));
        ledger.Finish(1, Ms(20));
        ledger.Finish(2, Ms(20));
        ledger.Close(Block(0, 20, 6), new(100), new(0));

        Dictionary<long, Settlement> settled = ledger.Settled();
        Assert.Equal(3, settled[1].Energy.ActiveJoules!.Value.Value, 9);
        Assert.Equal(2, settled[1].EqualWeightsActive!.Value.Value, 9);
        Assert.Equal(Math.Sqrt(1 + Sharing(4, 0.75)), settled[1].Energy.Uncertainty!.Independent.Value, 9);
    }

    [Fact]
    public void Without_a_work_model_unlike_rows_of_a_step_are_uncertain_by_their_flops()
    {
        var ledger = new AttributionLedger(Device(gain: 0));
        var work = new WorkModel("a", 5e6, 0, 0, 0);
        ledger.Admit(1, Ms(0));
        ledger.Admit(2, Ms(0));
        ledger.Step(Step(0, 20, StepPhase.Prefill, work, new StepRow(1, 30, 0), new StepRow(2, 10, 0)));
        ledger.Finish(1, Ms(20));
        ledger.Finish(2, Ms(20));
        ledger.Close(Block(0, 20, 6), new(100), new(0));

        Dictionary<long, Settlement> settled = ledger.Settled();
        Assert.Equal(2, settled[1].Energy.ActiveJoules!.Value.Value, 9);
        Assert.Equal(Math.Sqrt(1 + Sharing(4, 0.5)), settled[1].Energy.Uncertainty!.Independent.Value, 9);
    }

    [Fact]
    public void The_baselines_error_cancels_over_requests_that_share_a_full_block()
    {
        var ledger = new AttributionLedger(Device());
        foreach (long request in (long[])[1, 2, 3])
            ledger.Admit(request, Ms(0));
        ledger.Step(Decode(0, 12, 1, 2));
        ledger.Step(Decode(12, 20, 3));
        ledger.Close(Block(0, 20, 6), new(100), new(3));
        foreach (long request in (long[])[1, 2, 3])
            ledger.Finish(request, Ms(20));

        Assert.Equal(0, ledger.Settled().Values.Sum(s => s.Energy.Uncertainty!.BaselineSensitivitySeconds), 12);
    }

    [Fact]
    public void How_a_block_is_split_is_uncertain_only_where_it_is_shared()
    {
        var ledger = new AttributionLedger(Device(gain: 0));
        ledger.Admit(1, Ms(0));
        ledger.Step(Decode(0, 20, 1));
        ledger.Finish(1, Ms(20));
        ledger.Close(Block(0, 20, 6), new(100), new(0));
        ledger.Admit(2, Ms(20));
        ledger.Admit(3, Ms(20));
        ledger.Step(Decode(20, 40, 2, 3));
        ledger.Step(Decode(40, 60, 2, 3));
        ledger.Finish(2, Ms(60));
        ledger.Finish(3, Ms(60));
        ledger.Close(Block(20, 40, 6), new(100), new(0));
        ledger.Close(Block(40, 60, 6), new(100), new(0));

        Dictionary<long, Settlement> settled = ledger.Settled();
        Assert.Equal(0, settled[1].Energy.Uncertainty!.Independent.Value, 12);
        // 4 J active in each of two blocks, half of them: linearly over the blocks.
        Assert.Equal(2 * Math.Sqrt(Sharing(4, 0.5)), settled[2].Energy.Uncertainty!.Independent.Value, 12);
    }

    /// <summary>Variance of a share of a block's active energy, by the 10 % of the split.</summary>
    private static double Sharing(double active, double share) => Math.Pow(0.1 * active * share * (1 - share), 2);
}
