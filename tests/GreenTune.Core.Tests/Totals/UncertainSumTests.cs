using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;
using GreenTune.Core.Units;
using Interval = GreenTune.Core.Contracts.Interval;

namespace GreenTune.Core.Tests.Totals;

public sealed class UncertainSumTests
{
    private static EnergyFigures Energy(double joules, double gain = 0.05, double baselineSigma = 1, double sensitivity = 0, double independent = 0) => new()
    {
        Joules = new Joules(joules),
        ActiveJoules = new Joules(joules),
        Quality = EnergyQuality.Measured,
        PhaseQuality = EnergyQuality.Measured,
        Settled = true,
        MethodVersion = MethodVersions.Attribution,
        Uncertainty = new EnergyUncertainty(gain, new Watts(baselineSigma), sensitivity, sensitivity, new Joules(independent)),
    };

    private static UncertainSum Sum(params EnergyFigures[] figures) =>
        figures.Select(figure => UncertainSum.OfJoules(figure)!.Value).Aggregate((a, b) => a + b);

    // Design section 4.3, worked example: one block of 20 ms, R1 2.3 + 1.25 J with -8.4 ms, R2 0.2 + 1.25 J with +8.4 ms.
    [Fact]
    public void Baseline_errors_of_the_worked_example_cancel_over_both_requests()
    {
        EnergyFigures first = Energy(3.55, sensitivity: -0.0084, baselineSigma: 10);
        EnergyFigures second = Energy(1.45, sensitivity: +0.0084, baselineSigma: 10);
        Assert.Equal(0.084, Math.Abs(Sum(first).Baseline), 12);
        UncertainSum both = Sum(first, second);
        Assert.Equal(5.0, both.Value, 12);
        Assert.Equal(0, both.Baseline, 12);
        Assert.Equal(0.05 * 5.0, both.StandardUncertainty, 12);
    }

    [Fact]
    public void Shared_gain_does_not_average_out_but_independent_parts_do()
    {
        EnergyFigures one = Energy(2, gain: 0.05, independent: 0.3);
        UncertainSum hundred = Sum([.. Enumerable.Repeat(one, 100)]);
        Assert.Equal(200, hundred.Value, 9);
        Assert.Equal(Math.Sqrt(Math.Pow(0.05 * 200, 2) + 100 * 0.09), hundred.StandardUncertainty, 9);
    }

    [Fact]
    public void Devices_have_sensors_of_their_own_and_add_in_quadrature()
    {
        Interval total = UncertainSum.Total([Sum(Energy(100)), Sum(Energy(100))]);
        Assert.Equal(200, total.Value);
        Assert.Equal(1.96 * Math.Sqrt(50), total.High - total.Value, 9);
        Assert.Equal(total.High - total.Value, total.Value - total.Low, 9);
    }

    [Fact]
    public void Where_only_a_relative_uncertainty_is_known_all_of_it_is_shared()
    {
        EnergyFigures one = Energy(10) with { Uncertainty = null, RelativeUncertainty = 0.3 };
        Assert.Equal(0.3 * 40, Sum(one, one, one, one).StandardUncertainty, 12);
    }

    [Fact]
    public void A_request_without_joules_is_no_part_of_a_sum() => Assert.Null(UncertainSum.OfJoules(EnergyFigures.None("no meter", MethodVersions.Attribution)));

    [Fact]
    public void The_interval_does_not_fall_below_nought()
    {
        Interval total = UncertainSum.Total([new UncertainSum(1, 2, 0, 0)]);
        Assert.Equal(0, total.Low);
        Assert.Equal(1 + 1.96 * 2, total.High, 12);
    }

    [Fact]
    public void Scaling_to_grams_scales_the_uncertainty_alike()
    {
        var parts = ArbMap.Default.GeneratorFor<NormalFloat>().Select(value => Math.Clamp(value.Get, -1e6, 1e6));
        var sums = from value in parts from gain in parts from baseline in parts from own in parts select new UncertainSum(value, gain, baseline, own * own);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(sums.ToArbitrary(), sum =>
            Math.Abs((sum * 2.5e-4).StandardUncertainty - sum.StandardUncertainty * 2.5e-4) <= 1e-12 * (1 + sum.StandardUncertainty)));
    }

    [Fact]
    public void A_sum_does_not_depend_on_how_it_is_grouped()
    {
        var figures = Gen.Choose(0, 1000).Select(n => n / 10.0).Select(joules => UncertainSum.OfJoules(Energy(joules, sensitivity: joules - 50, independent: joules / 20))!.Value);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(figures.ArrayOf(20).ToArbitrary(), all =>
        {
            UncertainSum straight = all.Aggregate((a, b) => a + b);
            UncertainSum halves = all[..10].Aggregate((a, b) => a + b) + all[10..].Aggregate((a, b) => a + b);
            return Math.Abs(straight.StandardUncertainty - halves.StandardUncertainty) <= 1e-9 * (1 + straight.StandardUncertainty)
                && Math.Abs(straight.Value - halves.Value) <= 1e-9 * (1 + straight.Value);
        }));
    }
}
