using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using static GreenTune.Core.Tests.Attribution.Ledgers;

namespace GreenTune.Core.Tests.Attribution;

public sealed class AttributionLedgerTests
{
    private readonly AttributionLedger _ledger = new(Device());

    [Fact]
    public void A_request_settles_when_the_block_that_holds_its_end_has_closed()
    {
        _ledger.Admit(1, Ms(5));
        _ledger.Step(Decode(5, 25, 1));
        _ledger.Finish(1, Ms(25));
        _ledger.Close(Block(0, 20, 4), new(100), new(1));
        Assert.Empty(_ledger.Settled());

        _ledger.Close(Block(20, 40, 3), new(100), new(1));

        EnergyFigures energy = _ledger.Settled()[1].Energy;
        Assert.True(energy.Settled);
        Assert.Equal(3, energy.ActiveJoules!.Value.Value, 12);
        Assert.Equal(2, energy.IdleJoules!.Value.Value, 12);
        Assert.Equal(5, energy.Joules!.Value.Value, 12);
        Assert.Equal(5, energy.Components.Gpu!.Value.Value, 12);
        Assert.Null(energy.Components.Cpu);
        Assert.Contains("components.cpu", energy.Reasons.Keys);
        Assert.Equal("simulated", energy.Meter);
        Assert.Equal("device", energy.Boundary);
        Assert.Equal("gpu-test", energy.Device);
        Assert.Equal(MethodVersions.Attribution, energy.MethodVersion);
        Assert.Equal(0, _ledger.InFlight);
        Assert.Equal(0, _ledger.PendingSteps);
    }

    [Fact]
    public void The_baseline_of_instants_with_nobody_in_flight_is_idle_even_in_a_block_with_steps()
    {
        _ledger.Admit(1, Ms(5));
        _ledger.Step(Decode(5, 10, 1));
        _ledger.Finish(1, Ms(10));
        _ledger.Close(Block(0, 20, 3), new(100), new(1));

        EnergyFigures energy = _ledger.Settled()[1].Energy;
        Assert.Equal(1, energy.ActiveJoules!.Value.Value, 12);
        Assert.Equal(0.5, energy.IdleJoules!.Value.Value, 12);
        Assert.Equal(1.5, _ledger.Totals.Idle.Value, 12);
    }

    [Fact]
    public void Without_a_step_the_active_part_is_unattributed_while_requests_are_in_flight_and_idle_otherwise()
    {
        _ledger.Admit(1, Ms(15));
        _ledger.Finish(1, Ms(30));
        _ledger.Close(Block(0, 20, 4), new(100), new(1));
        _ledger.Close(Block(20, 30, 1.5), new(100), new(1));

        EnergyBuckets buckets = _ledger.Totals;
        // A = 2 J over 20 ms, a quarter of it with a request in flight; then 0.5 J.
        Assert.Equal(0.5 + 0.5, buckets.Unattributed.Value, 12);
        Assert.Equal(1.5 + 1.5, buckets.Idle.Value, 12);
        Assert.Equal(1.5, buckets.IdleShare.Value, 12);
        Assert.Equal(0, buckets.Active.Value, 12);
        Assert.Equal(0, _ledger.Settled()[1].Energy.ActiveJoules!.Value.Value, 12);
    }

    [Fact]
    public void The_part_of_other_processes_is_taken_out_first_and_is_never_more_than_everything()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Step(Decode(0, 20, 1));
        _ledger.Finish(1, Ms(20));
        _ledger.Close(Block(0, 10, 3, other: 1), new(100), new(1));
        _ledger.Close(Block(10, 20, 3, other: 50), new(100), new(1));

        EnergyFigures energy = _ledger.Settled()[1].Energy;
        Assert.Equal(4, _ledger.Totals.Other.Value, 12);
        Assert.Equal(2, energy.Joules!.Value.Value, 12);
        Assert.Equal(0, energy.ActiveJoules!.Value.Value, 12);
    }

    [Fact]
    public void Negative_active_energy_is_split_like_the_baseline_and_never_makes_joules_negative()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Admit(2, Ms(10));
        _ledger.Step(Prefill(0, 2, 1));
        _ledger.Finish(1, Ms(20));
        _ledger.Finish(2, Ms(20));
        _ledger.Close(Block(0, 20, 0.4), new(100), new(1));

        Dictionary<long, Settlement> settled = _ledger.Settled();
        EnergyFigures one = settled[1].Energy, two = settled[2].Energy;
        Assert.Equal(-1.6 * 0.75, one.ActiveJoules!.Value.Value, 12);
        Assert.Equal(-1.6 * 0.25, two.ActiveJoules!.Value.Value, 12);
        Assert.Equal(0.3, one.Joules!.Value.Value, 12);
        Assert.Equal(0.1, two.Joules!.Value.Value, 12);
        // R2 has no row yet: it waits for its prefill.
        Assert.Equal(two.ActiveJoules, two.PrefillJoules);
        Assert.Equal(0, one.Uncertainty!.BaselineSensitivitySeconds, 12);
        Assert.Equal(-0.015, one.Uncertainty.ActiveBaselineSensitivitySeconds, 12);
    }

    [Fact]
    public void Active_energy_below_minus_three_sigma_marks_the_record_and_the_baseline()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Step(Decode(0, 1000, 1));
        _ledger.Finish(1, Ms(1000));
        _ledger.Close(Block(0, 1000, 90), new(100), new(1));

        Settlement settled = _ledger.Settled()[1];
        Assert.True(settled.BaselineSuspect);
        Assert.Equal(EnergyQuality.Modelled, settled.Energy.Quality);
        Assert.StartsWith("baseline:", settled.Energy.Reasons["quality"]);
    }

    [Fact]
    public void Active_energy_slightly_below_zero_is_only_noise()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Step(Decode(0, 1000, 1));
        _ledger.Finish(1, Ms(1000));
        _ledger.Close(Block(0, 1000, 98), new(100), new(1));

        Settlement settled = _ledger.Settled()[1];
        Assert.False(settled.BaselineSuspect);
        Assert.Equal(-2, settled.Energy.ActiveJoules!.Value.Value, 12);
        Assert.Equal(EnergyQuality.Measured, settled.Energy.Quality);
    }

    [Fact]
    public void Phases_shorter_than_a_block_are_modelled_while_the_sum_is_measured()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Step(Prefill(0, 5, 1));
        _ledger.Step(Decode(5, 40, 1));
        _ledger.Finish(1, Ms(40));
        _ledger.Admit(2, Ms(40));
        _ledger.Step(Prefill(40, 80, 2));
        _ledger.Step(Decode(80, 120, 2));
        _ledger.Finish(2, Ms(120));
        for (int start = 0; start < 120; start += 20)
            _ledger.Close(Block(start, start + 20, 5), new(100), new(1));

        Dictionary<long, Settlement> settled = _ledger.Settled();
        Assert.Equal(EnergyQuality.Measured, settled[1].Energy.Quality);
        Assert.Equal(EnergyQuality.Modelled, settled[1].Energy.PhaseQuality);
        Assert.Contains("phaseQuality", settled[1].Energy.Reasons.Keys);
        Assert.Equal(EnergyQuality.Measured, settled[2].Energy.PhaseQuality);
    }

    [Fact]
    public void A_gap_or_a_reset_inside_a_request_lowers_its_quality_and_says_why()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Step(Decode(0, 220, 1));
        _ledger.Finish(1, Ms(220));
        _ledger.Close(Block(0, 20, 5), new(100), new(1));
        _ledger.Close(Block(20, 200, 40, quality: EnergyQuality.Modelled, marks: TraceMarks.Gap), new(100), new(1));
        _ledger.Close(Block(200, 220, 5), new(100), new(1));

        EnergyFigures energy = _ledger.Settled()[1].Energy;
        Assert.Equal(EnergyQuality.Modelled, energy.Quality);
        Assert.Contains("three periods", energy.Reasons["quality"]);
    }

    [Fact]
    public void Time_without_a_known_energy_gives_none_with_the_reason_and_never_zero()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Finish(1, Ms(40));
        _ledger.Close(Block(0, 20, 5), new(100), new(1));
        _ledger.Close(EnergyBlock.Unknown(Ms(20), Ms(40), "the GPU is lost"), new(100), new(1));

        Settlement settled = _ledger.Settled()[1];
        Assert.Equal(EnergyQuality.None, settled.Energy.Quality);
        Assert.Null(settled.Energy.Joules);
        Assert.Contains("the GPU is lost", settled.Energy.Reasons["joules"]);
        Assert.Equal(1, settled.MeanRowsInFlight, 12);
        Assert.Equal(5, _ledger.Totals.Total.Value, 12);
    }

    [Fact]
    public void A_hole_between_blocks_counts_as_unknown()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Finish(1, Ms(100));
        _ledger.Close(Block(0, 20, 5), new(100), new(1));
        _ledger.Close(Block(80, 100, 5), new(100), new(1));

        Assert.Equal(EnergyQuality.None, _ledger.Settled()[1].Energy.Quality);
    }

    [Fact]
    public void A_request_that_began_before_the_first_block_has_an_unknown_start()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Finish(1, Ms(100));
        _ledger.Close(Block(50, 100, 5), new(100), new(1));

        Assert.Equal(EnergyQuality.None, _ledger.Settled()[1].Energy.Quality);
    }

    [Fact]
    public void A_sliver_of_unknown_time_only_lowers_the_quality()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Step(Decode(0, 1000, 1));
        _ledger.Finish(1, Ms(1000));
        _ledger.Close(Block(2, 1000, 300), new(100), new(1));

        EnergyFigures energy = _ledger.Settled()[1].Energy;
        Assert.Equal(EnergyQuality.Modelled, energy.Quality);
        Assert.Equal(300, energy.Joules!.Value.Value, 9);
    }

    [Fact]
    public void Rows_of_a_request_that_is_not_known_go_to_unattributed()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Step(Decode(0, 20, 1, 99));
        _ledger.Finish(1, Ms(20));
        _ledger.Close(Block(0, 20, 4), new(100), new(1));

        Assert.Equal(1, _ledger.Totals.Unattributed.Value, 12);
        Assert.Equal(1, _ledger.Totals.Active.Value, 12);
    }

    [Fact]
    public void Mean_rows_in_flight_is_over_the_requests_own_time()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Admit(2, Ms(30));
        _ledger.Finish(1, Ms(40));
        _ledger.Finish(2, Ms(50));
        _ledger.Close(Block(0, 20, 3), new(100), new(1));
        _ledger.Close(Block(20, 60, 6), new(100), new(1));

        Dictionary<long, Settlement> settled = _ledger.Settled();
        Assert.Equal((30 + 2 * 10) / 40.0, settled[1].MeanRowsInFlight, 12);
        Assert.Equal((2 * 10 + 10) / 20.0, settled[2].MeanRowsInFlight, 12);
        Assert.Equal(3 + 0.5, settled[1].Energy.IdleJoules!.Value.Value, 12);
        Assert.Equal(0.5 + 1, settled[2].Energy.IdleJoules!.Value.Value, 12);
    }

    [Fact]
    public void What_is_reported_after_its_block_closed_is_missing_and_said_so()
    {
        _ledger.Close(Block(0, 100, 10), new(100), new(1));
        _ledger.Admit(1, Ms(50));
        _ledger.Step(Decode(60, 90, 1));
        _ledger.Finish(1, Ms(200));
        _ledger.Close(Block(100, 200, 10), new(100), new(1));

        Assert.Equal(1, _ledger.LateSteps);
        Assert.Equal(EnergyQuality.None, _ledger.Settled()[1].Energy.Quality);
    }

    [Fact]
    public void A_request_given_up_keeps_the_books_balanced()
    {
        _ledger.Admit(1, Ms(0));
        _ledger.Step(Decode(0, 20, 1));
        _ledger.Close(Block(0, 20, 4), new(100), new(1));
        Assert.Equal(1, _ledger.Abandon(1));
        Assert.Null(_ledger.Abandon(1));
        _ledger.Finish(1, Ms(30));
        _ledger.Close(Block(20, 40, 4), new(100), new(1));

        EnergyBuckets b = _ledger.Totals;
        Assert.Empty(_ledger.Settled());
        Assert.Equal(8, (b.Active + b.IdleShare + b.Idle + b.Unattributed + b.Other).Value, 12);
    }

    [Fact]
    public void Periods_add_up_to_the_totals_and_an_empty_one_is_null()
    {
        Assert.Null(_ledger.CutPeriod());
        _ledger.Close(Block(0, 20, 4), new(100), new(1));
        var first = _ledger.CutPeriod()!.Value;
        Assert.Null(_ledger.CutPeriod());
        _ledger.Close(Block(20, 50, 5, quality: EnergyQuality.Modelled), new(100), new(1));
        var second = _ledger.CutPeriod()!.Value;

        Assert.Equal((Ms(0), Ms(20)), (first.From, first.To));
        Assert.Equal((Ms(20), Ms(50)), (second.From, second.To));
        Assert.Equal(_ledger.Totals.Total, first.Buckets.Total + second.Buckets.Total);
        Assert.Equal(EnergyQuality.Measured, first.Buckets.Quality);
        Assert.Equal(EnergyQuality.Modelled, second.Buckets.Quality);
    }

    [Fact]
    public void Memory_is_bounded_by_what_is_in_flight()
    {
        for (int i = 0; i < 20_000; i++)
        {
            _ledger.Admit(i, Ms(10 * i));
            for (int s = 0; s < 5; s++)
                _ledger.Step(Decode(10 * i + 2 * s, 10 * i + 2 * s + 2, i));
            _ledger.Finish(i, Ms(10 * i + 10));
            _ledger.Close(Block(10 * i, 10 * i + 10, 2), new(100), new(1));
            Assert.Equal(0, _ledger.PendingSteps);
            Assert.Equal(0, _ledger.InFlight);
            Assert.Single(_ledger.Settled());
        }
        Assert.Equal(40_000, _ledger.Totals.Total.Value, 6);
        Assert.Equal(20_000, _ledger.Totals.Active.Value, 6);
    }

    [Fact]
    public void Blocks_and_steps_that_cannot_be_are_refused()
    {
        _ledger.Close(Block(0, 20, 4), new(100), new(1));
        Assert.Throws<ArgumentException>(() => _ledger.Close(Block(10, 30, 4), new(100), new(1)));
        Assert.Throws<ArgumentException>(() => _ledger.Close(Block(30, 30, 4), new(100), new(1)));
        Assert.Throws<ArgumentException>(() => _ledger.Step(Decode(30, 25, 1)));
    }
}
