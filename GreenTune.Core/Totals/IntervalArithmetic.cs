using GreenTune.Core.Contracts;

namespace GreenTune.Core.Totals;

/// <summary>What may be done to an interval without knowing what it is made of.</summary>
public static class IntervalArithmetic
{
    /// <summary>The interval per unit of an exactly known count, such as tokens; null when there is none.</summary>
    public static Interval? Per(this Interval interval, double count) => count > 0
        ? new Interval(interval.Value / count, interval.Low / count, interval.High / count)
        : null;
}
