using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Pages.Compare;

namespace GreenTune.Dashboard.Tests.Pages.Compare;

public sealed class WeightMovesTests
{
    [Fact]
    public void Whatever_is_moved_the_weights_sum_to_one_and_none_is_negative()
    {
        var moves = from axis in Gen.Elements(Enum.GetValues<WeightAxis>())
                    from hundredths in Gen.Choose(-20, 120)
                    from payer in Gen.Elements(null, (WeightAxis?)WeightAxis.Energy, WeightAxis.Efficiency, WeightAxis.Effectiveness)
                    from step in Gen.Elements(0.01, -0.01, 0.05, -0.05)
                    select (axis, value: hundredths / 100.0, payer, step);
        Check.QuickThrowOnFailure(Prop.ForAll(Gen.ListOf(moves).ToArbitrary(), list =>
        {
            var weights = ThreeEWeights.Equal;
            foreach (var move in list)
            {
                weights = WeightMoves.Set(weights, move.axis, move.value);
                Valid(weights);
                if (move.payer != move.axis)
                {
                    weights = WeightMoves.Nudge(weights, new TriangleNudge(move.axis, move.step, move.payer));
                    Valid(weights);
                }
            }
        }));
    }

    [Fact]
    public void The_other_two_shrink_in_proportion()
    {
        var weights = WeightMoves.Set(new ThreeEWeights(0.2, 0.6, 0.2), WeightAxis.Energy, 0.6);
        Assert.Equal((0.6, 0.3, 0.1), (weights.Energy, Math.Round(weights.Efficiency, 9), Math.Round(weights.Effectiveness, 9)));
    }

    [Fact]
    public void Out_of_a_corner_the_other_two_share_equally()
    {
        var weights = WeightMoves.Set(new ThreeEWeights(1, 0, 0), WeightAxis.Energy, 0.5);
        Assert.Equal(new ThreeEWeights(0.5, 0.25, 0.25), weights);
    }

    [Fact]
    public void A_step_with_a_payer_leaves_the_third_alone_and_ends_where_the_payer_is_empty()
    {
        var weights = WeightMoves.Nudge(new ThreeEWeights(0.5, 0.495, 0.005), new TriangleNudge(WeightAxis.Efficiency, 0.01, WeightAxis.Effectiveness));
        Assert.Equal((0.5, 0.5, 0.0), (weights.Energy, Math.Round(weights.Efficiency, 9), Math.Round(weights.Effectiveness, 9)));
    }

    [Theory]
    [InlineData("0.5,0.3,0.2", 0.5, 0.3)]
    [InlineData("2,1,1", 0.5, 0.25)]
    [InlineData("-1,1,1", 0, 0.5)]
    [InlineData("0,0,0", 1.0 / 3, 1.0 / 3)]
    public void An_address_gives_valid_weights(string query, double energy, double efficiency)
    {
        var weights = CompareDraft.ParseWeights(query)!;
        Assert.Equal((energy, efficiency), (weights.Energy, weights.Efficiency));
        Valid(weights);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("a,b,c")]
    [InlineData("0.5,0.5")]
    [InlineData("NaN,1,1")]
    public void What_is_no_three_numbers_is_no_weights(string? query) => Assert.Null(CompareDraft.ParseWeights(query));

    private static void Valid(ThreeEWeights w)
    {
        Assert.Equal(1, w.Energy + w.Efficiency + w.Effectiveness, 12);
        Assert.True(w.Energy >= 0 && w.Efficiency >= 0 && w.Effectiveness >= 0, w.ToString());
    }
}
