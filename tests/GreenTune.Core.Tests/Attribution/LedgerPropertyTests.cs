using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Attribution;

public sealed class LedgerPropertyTests
{
    [Fact]
    public void Every_joule_is_in_exactly_one_bucket() => Property(scenario =>
    {
        (AttributionLedger ledger, Dictionary<long, Settlement> settled) = scenario.Run();
        EnergyBuckets b = ledger.Totals;
        double total = scenario.Blocks.Where(block => block.IsKnown).Sum(block => block.Energy.Value);
        // A request of which too much time is unknown has no figures; what it had been given stays in the buckets.
        double requests = settled.Values.Sum(s => s.Energy.Joules?.Value ?? s.Withheld.Value);
        Close(total, b.Total.Value, total);
        Close(total, (b.Active + b.IdleShare + b.Idle + b.Unattributed + b.Other).Value, total);
        Close(total, requests + (b.Idle + b.Unattributed + b.Other).Value, total);
        Close((b.Active + b.IdleShare).Value, requests, total);
    });

    [Fact]
    public void Every_request_settles_with_finite_figures_that_add_up_and_no_joules_below_zero() => Property(scenario =>
    {
        (_, Dictionary<long, Settlement> settled) = scenario.Run();
        Assert.Equal(scenario.Requests.Count, settled.Count);
        foreach (Settlement settlement in settled.Values)
        {
            EnergyFigures e = settlement.Energy;
            if (e.Quality == EnergyQuality.None)
            {
                Assert.Null(e.Joules);
                Assert.NotEmpty(e.Reasons["joules"]);
                continue;
            }
            double[] figures = [e.Joules!.Value.Value, e.ActiveJoules!.Value.Value, e.PrefillJoules!.Value.Value, e.DecodeJoules!.Value.Value, e.IdleJoules!.Value.Value,
                e.RelativeUncertainty ?? 0, e.Uncertainty!.Independent.Value, e.Uncertainty.BaselineSensitivitySeconds, settlement.MeanRowsInFlight, settlement.EqualWeightsActive!.Value.Value];
            Assert.All(figures, figure => Assert.True(double.IsFinite(figure)));
            Assert.True(e.Joules!.Value.Value >= 0, "joules below 0");
            Assert.True(e.RelativeUncertainty is null or > 0);
            Assert.True(settlement.MeanRowsInFlight > 1 - 1e-9);
            double scale = Math.Abs(figures[2]) + Math.Abs(figures[3]) + figures[4];
            Close(figures[1], figures[2] + figures[3], scale);
            Close(figures[0], figures[1] + figures[4], scale);
        }
    });

    [Fact]
    public void The_order_in_which_events_arrive_does_not_matter() => Property((scenario, seed) =>
    {
        (AttributionLedger a, Dictionary<long, Settlement> one) = scenario.Run();
        (AttributionLedger b, Dictionary<long, Settlement> two) = scenario.Run(shuffle: seed);
        AssertSame(one, two);
        Close(a.Totals.Unattributed.Value, b.Totals.Unattributed.Value, a.Totals.Total.Value);
        Close(a.Totals.Idle.Value, b.Totals.Idle.Value, a.Totals.Total.Value);
    });

    [Fact]
    public void Splitting_a_step_in_two_changes_nothing() => Property((scenario, seed) =>
    {
        var random = new Random(seed);
        var halves = new List<StepRecord>();
        foreach (StepRecord step in scenario.Steps)
        {
            long length = step.End.Ticks - step.Start.Ticks;
            if (length < 2)
            {
                halves.Add(step);
                continue;
            }
            // Each piece does the part of the work that its time is of the whole's.
            long part = random.NextInt64(1, length);
            double share = (double)part / length;
            var middle = new MonotonicTime(step.Start.Ticks + part);
            halves.Add(step with { End = middle, Fraction = share });
            halves.Add(step with { Start = middle, Fraction = 1 - share });
        }
        AssertSame(scenario.Run().Settled, scenario.With(steps: halves).Run().Settled);
    });

    [Fact]
    public void The_order_of_a_steps_rows_does_not_matter() => Property((scenario, seed) =>
    {
        var random = new Random(seed);
        var shuffled = scenario.Steps.Select(step =>
        {
            StepRow[] rows = [.. step.Rows];
            random.Shuffle(rows);
            return step with { Rows = rows };
        });
        AssertSame(scenario.Run().Settled, scenario.With(steps: [.. shuffled]).Run().Settled);
    });

    [Fact]
    public void Equal_weights_do_not_depend_on_the_work_model() => Property(scenario =>
    {
        Dictionary<long, Settlement> one = scenario.Run().Settled, two = scenario.With(coefficients: _ => null).Run().Settled;
        foreach ((long request, Settlement settlement) in one)
        {
            if (settlement.Energy.EqualWeightsActiveJoules is not { } equal)
                continue;
            EnergyFigures plain = two[request].Energy;
            Close(equal.Value, plain.EqualWeightsActiveJoules!.Value.Value, Math.Abs(equal.Value));
            Close(plain.ActiveJoules!.Value.Value, plain.EqualWeightsActiveJoules.Value.Value, Math.Abs(equal.Value));
            Assert.Equal(0, plain.FittedShare);
            Assert.InRange(settlement.Energy.FittedShare!.Value, 0, 1 + 1e-9);
        }
    });

    [Fact]
    public void A_step_with_a_fraction_outside_its_range_is_refused()
    {
        var ledger = new AttributionLedger(Ledgers.Device());
        foreach (double fraction in (double[])[0, -0.5, 1.5, double.NaN])
            Assert.Throws<ArgumentException>(() => ledger.Step(Ledgers.Decode(0, 10, 1) with { Fraction = fraction }));
    }

    [Fact]
    public void A_prefill_in_two_chunks_costs_what_it_costs_in_one()
    {
        var work = new WorkModel("a", 5e6, 300, 0, 0);
        double Prefill(params StepRow[] chunks)
        {
            var ledger = new AttributionLedger(Ledgers.Device(), _ => new(1e-12, 0, 0));
            ledger.Admit(1, Ledgers.Ms(0));
            ledger.Admit(2, Ledgers.Ms(0));
            for (int i = 0; i < chunks.Length; i++)
                ledger.Step(Ledgers.Step(10.0 * i / chunks.Length, 10.0 * (i + 1) / chunks.Length, StepPhase.Prefill, work, chunks[i]));
            ledger.Step(Ledgers.Step(10, 20, StepPhase.Decode, work, new StepRow(2, 1, 50)));
            ledger.Close(Ledgers.Block(0, 20, 5), new(100), new(1));
            ledger.Finish(1, Ledgers.Ms(20));
            return ledger.Settled()[1].Energy.PrefillJoules!.Value.Value;
        }

        Assert.Equal(Prefill(new StepRow(1, 100, 0)), Prefill(new StepRow(1, 50, 0), new StepRow(1, 50, 50)), 12);
    }

    [Fact]
    public void Sensitivities_to_the_baseline_are_the_figures_own_derivatives() => Property(scenario =>
    {
        const double nudge = 1e-6;
        Dictionary<long, Settlement> here = scenario.Run().Settled;
        Dictionary<long, Settlement> there = scenario.With(baseline: new(scenario.Baseline.Value + nudge)).Run().Settled;
        foreach ((long request, Settlement settlement) in here)
        {
            if (settlement.Energy.Uncertainty is not { } uncertainty)
                continue;
            EnergyFigures moved = there[request].Energy;
            Assert.Equal(uncertainty.ActiveBaselineSensitivitySeconds, (moved.ActiveJoules!.Value - settlement.Energy.ActiveJoules!.Value).Value / nudge, 1e-5);
            Assert.Equal(uncertainty.BaselineSensitivitySeconds, (moved.Joules!.Value - settlement.Energy.Joules!.Value).Value / nudge, 1e-5);
        }
    });

    [Fact]
    public void Over_all_requests_the_baselines_error_is_what_it_takes_from_the_other_buckets() => Property(scenario =>
    {
        const double nudge = 1e-6;
        (AttributionLedger a, Dictionary<long, Settlement> here) = scenario.Run();
        (AttributionLedger b, Dictionary<long, Settlement> there) = scenario.With(baseline: new(scenario.Baseline.Value + nudge)).Run();
        double sum = here.Values.Sum(s => s.Energy.Uncertainty?.BaselineSensitivitySeconds ?? 0);
        double elsewhere = (b.Totals.Idle + b.Totals.Unattributed - a.Totals.Idle - a.Totals.Unattributed).Value / nudge;
        double withheld = (there.Values.Sum(s => s.Energy.Joules is null ? s.Withheld.Value : 0) - here.Values.Sum(s => s.Energy.Joules is null ? s.Withheld.Value : 0)) / nudge;
        Assert.Equal(-elsewhere - withheld, sum, 1e-4);
    });

    private static void AssertSame(Dictionary<long, Settlement> one, Dictionary<long, Settlement> two)
    {
        Assert.Equal(one.Count, two.Count);
        foreach ((long request, Settlement a) in one)
        {
            Settlement b = two[request];
            Assert.Equal(a.Energy.Quality, b.Energy.Quality);
            if (a.Energy.Joules is not { } joules)
                continue;
            double scale = joules.Value + Math.Abs(a.Energy.ActiveJoules!.Value.Value);
            Close(joules.Value, b.Energy.Joules!.Value.Value, scale);
            Close(a.Energy.PrefillJoules!.Value.Value, b.Energy.PrefillJoules!.Value.Value, scale);
            Close(a.Energy.DecodeJoules!.Value.Value, b.Energy.DecodeJoules!.Value.Value, scale);
            Close(a.EqualWeightsActive!.Value.Value, b.EqualWeightsActive!.Value.Value, scale);
            Close(a.Energy.Uncertainty!.Independent.Value, b.Energy.Uncertainty!.Independent.Value, scale);
            Close(a.Energy.Uncertainty.BaselineSensitivitySeconds, b.Energy.Uncertainty.BaselineSensitivitySeconds, 1);
            Close(a.MeanRowsInFlight, b.MeanRowsInFlight, a.MeanRowsInFlight);
        }
    }

    private static void Close(double expected, double actual, double scale) =>
        Assert.True(Math.Abs(expected - actual) <= 1e-9 * Math.Max(scale, 1e-9), $"{expected:R} against {actual:R}");

    private static void Property(Action<LedgerScenario> holds) => Property((scenario, _) => holds(scenario));

    private static void Property(Action<LedgerScenario, int> holds) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed => holds(LedgerScenario.Random(seed), seed)));
}
