using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Charts;

namespace GreenTune.Dashboard.Pages.Compare;

/// <summary>Moves of the three weights. Whatever is moved, the result is non-negative and sums to 1.</summary>
public static class WeightMoves
{
    private const double Tolerance = 1e-6;

    public static double Of(ThreeEWeights weights, WeightAxis axis) => axis switch
    {
        WeightAxis.Energy => weights.Energy,
        WeightAxis.Efficiency => weights.Efficiency,
        _ => weights.Effectiveness,
    };

    /// <summary>Sets one weight; the other two shrink or grow in proportion, or share equally where both were 0.</summary>
    public static ThreeEWeights Set(ThreeEWeights weights, WeightAxis axis, double value)
    {
        var moved = Math.Clamp(double.IsFinite(value) ? value : Of(weights, axis), 0, 1);
        var (first, second) = Others(axis);
        var rest = 1 - moved;
        var others = Of(weights, first) + Of(weights, second);
        var share = others > 0 ? Of(weights, first) / others : 0.5;
        var one = rest * share;
        // The last one is what is missing, so that rounding does not add up.
        return Build(axis, moved, first, one, second, Math.Max(0, rest - one));
    }

    /// <summary>Moves by a small step. With a payer the third weight stays, and the step ends where the payer has nothing left.</summary>
    public static ThreeEWeights Nudge(ThreeEWeights weights, TriangleNudge nudge)
    {
        if (nudge.Payer is not { } payer)
        {
            return Set(weights, nudge.Axis, Of(weights, nudge.Axis) + nudge.By);
        }

        var step = Math.Clamp(nudge.By, -Of(weights, nudge.Axis), Of(weights, payer));
        var third = Enum.GetValues<WeightAxis>().First(a => a != nudge.Axis && a != payer);
        var kept = Of(weights, third);
        var gained = Of(weights, nudge.Axis) + step;
        return Build(nudge.Axis, gained, third, kept, payer, Math.Max(0, 1 - gained - kept));
    }

    /// <summary>Takes weights from elsewhere (a dragged handle, an address): negative ones become 0, and the sum 1.</summary>
    public static ThreeEWeights Normalise(double energy, double efficiency, double effectiveness)
    {
        double[] weights = [Math.Max(0, energy), Math.Max(0, efficiency), Math.Max(0, effectiveness)];
        var sum = weights.Sum();
        if (!double.IsFinite(sum) || sum <= 0)
        {
            return ThreeEWeights.Equal;
        }

        var (first, second) = (weights[0] / sum, weights[1] / sum);
        return new ThreeEWeights(first, second, Math.Max(0, 1 - first - second));
    }

    public static bool Same(ThreeEWeights a, ThreeEWeights b) =>
        Math.Abs(a.Energy - b.Energy) < Tolerance && Math.Abs(a.Efficiency - b.Efficiency) < Tolerance && Math.Abs(a.Effectiveness - b.Effectiveness) < Tolerance;

    private static (WeightAxis, WeightAxis) Others(WeightAxis axis) => axis switch
    {
        WeightAxis.Energy => (WeightAxis.Efficiency, WeightAxis.Effectiveness),
        WeightAxis.Efficiency => (WeightAxis.Energy, WeightAxis.Effectiveness),
        _ => (WeightAxis.Energy, WeightAxis.Efficiency),
    };

    private static ThreeEWeights Build(WeightAxis a, double va, WeightAxis b, double vb, WeightAxis c, double vc)
    {
        double Value(WeightAxis axis) => axis == a ? va : axis == b ? vb : axis == c ? vc : 0;
        return new(Value(WeightAxis.Energy), Value(WeightAxis.Efficiency), Value(WeightAxis.Effectiveness));
    }
}
