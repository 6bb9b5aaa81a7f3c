using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Contracts;
using GreenTune.Core.Scoring;

namespace GreenTune.Core.Tests.Scoring;

public sealed class ThreeEFormulaTests
{
    [Fact]
    public void Axes_are_ratios_to_the_reference_above_one_when_better()
    {
        Assert.Equal(3, ThreeEFormula.Energy(joulesPer: 0.02, joulesPerOfReference: 0.06), 12);
        Assert.Equal(Math.Sqrt(4 * 2), ThreeEFormula.Efficiency(400, 100, 0.1, 0.2), 12);
        Assert.Equal(0.9, ThreeEFormula.Effectiveness(0.81, 0.9), 12);
        Assert.Equal(1.25, ThreeEFormula.Effectiveness(8, 10, lowerIsBetter: true), 12);
    }

    // tiny int4 of the Compare drawing: 2.9819^(1/3) x 2.8899^(1/3) x 0.9864^(1/3) = 2.04.
    [Fact]
    public void The_score_is_the_weighted_geometric_mean()
    {
        Assert.Equal(2.04, ThreeEFormula.Score(ThreeEWeights.Equal, 2.9819, 2.8899, 0.9864)!.Value, 2);
        Assert.Equal(Math.Pow(4, 0.5) * Math.Pow(9, 0.5), ThreeEFormula.Score(new ThreeEWeights(0.5, 0.5, 0), 4, 9, 0.1)!.Value, 12);
    }

    [Fact]
    public void The_reference_scores_one_at_any_weights() => Assert.Equal(1, ThreeEFormula.Score(new ThreeEWeights(0.2, 0.3, 0.5), 1, 1, 1));

    [Fact]
    public void A_missing_axis_matters_only_with_weight()
    {
        Assert.Null(ThreeEFormula.Score(ThreeEWeights.Equal, 2, null, 1));
        Assert.Equal(2, ThreeEFormula.Score(new ThreeEWeights(1, 0, 0), 2, null, null)!.Value, 12);
    }

    [Fact]
    public void The_score_does_not_depend_on_units()
    {
        var positive = Gen.Choose(1, 1_000_000).Select(n => n / 1000.0);
        var cases = from own in positive from other in positive from unit in positive from w in Gen.Choose(0, 100) select (own, other, unit, w / 100.0);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(cases.ToArbitrary(), test =>
        {
            var weights = new ThreeEWeights(test.Item4, 1 - test.Item4, 0);
            double? joules = ThreeEFormula.Score(weights, ThreeEFormula.Energy(test.own, test.other), ThreeEFormula.Efficiency(test.other, test.own, test.own, test.other), null);
            double? other = ThreeEFormula.Score(weights,
                ThreeEFormula.Energy(test.own * test.unit, test.other * test.unit),
                ThreeEFormula.Efficiency(test.other * test.unit, test.own * test.unit, test.own * test.unit, test.other * test.unit), null);
            return Math.Abs(joules!.Value - other!.Value) <= 1e-9 * joules.Value;
        }));
    }

    [Theory]
    [InlineData(0.5, 0.3, 0.2, true)]
    [InlineData(1, 0, 0, true)]
    [InlineData(0.3333333, 0.3333333, 0.3333334, true)]
    [InlineData(0.5, 0.5, 0.5, false)]
    [InlineData(1.2, -0.2, 0, false)]
    [InlineData(double.NaN, 0.5, 0.5, false)]
    public void Weights_are_not_negative_and_sum_to_one(double energy, double efficiency, double effectiveness, bool sound) =>
        Assert.Equal(sound, ThreeEFormula.Problem(new ThreeEWeights(energy, efficiency, effectiveness)) is null);

    [Fact]
    public void Settings_are_refused_by_field()
    {
        var errors = ThreeESettingsValidator.Validate(new ThreeESettingsInput { Weights = new(0.5, 0.5, 0.5), Floor = 1.5, Reference = "no such id!", Pinned = "" });
        Assert.Equal(["floor", "pinned", "reference", "weights"], errors.Keys.Order());
        Assert.Empty(ThreeESettingsValidator.Validate(new ThreeESettingsInput { Weights = ThreeEWeights.Equal, Floor = 0.95 }));
    }
}
