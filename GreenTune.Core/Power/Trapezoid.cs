using GreenTune.Core.Units;

namespace GreenTune.Core.Power;

/// <summary>The one rule by which power becomes energy here: straight lines between samples.</summary>
public static class Trapezoid
{
    /// <summary>sqrt(12): a uniform distribution's width over its standard deviation.</summary>
    public static readonly double WidthOverSigma = Math.Sqrt(12);

    /// <summary>Energy between two instants, in joules.</summary>
    /// <param name="first">Watts at the start.</param>
    /// <param name="last">Watts at the end.</param>
    /// <param name="seconds">Time between them.</param>
    public static double Energy(double first, double last, double seconds) => 0.5 * (first + last) * seconds;

    /// <summary>Power at <paramref name="at"/> on the line through two samples.</summary>
    public static PowerSample Interpolate(in PowerSample first, in PowerSample last, MonotonicTime at)
    {
        if (at <= first.At)
            return first with { At = at };
        if (at >= last.At)
            return last with { At = at };
        double part = (double)(at.Ticks - first.At.Ticks) / (last.At.Ticks - first.At.Ticks);
        return new(
            at,
            new(first.Power.Value + part * (last.Power.Value - first.Power.Value)),
            new(first.Other.Value + part * (last.Other.Value - first.Other.Value)));
    }

    /// <summary>
    /// Standard uncertainty of a trapezoid's energy from what happened between the samples: the change from one power to the other may
    /// have come anywhere between them, so that the error is uniform over +-|change| x time / 2.
    /// </summary>
    public static double InterpolationSigma(double first, double last, double seconds) => Math.Abs(last - first) * seconds / WidthOverSigma;
}
