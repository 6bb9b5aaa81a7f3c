using GreenTune.Accounting.Carbon;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;

namespace GreenTune.Accounting.Budgets;

/// <summary>Sums of the metered records of one device at one carbon factor within a slice of a window.</summary>
/// <param name="EndTicks">The slice's end.</param>
/// <param name="Device">The device.</param>
/// <param name="FactorId">The carbon factor.</param>
/// <param name="Records">Records in the sums.</param>
/// <param name="Joules">Their energy, with what is known of its error.</param>
/// <param name="WeakestQuality">The least of their qualities.</param>
internal sealed record UsagePart(long EndTicks, string Device, int FactorId, long Records, UncertainSum Joules, EnergyQuality WeakestQuality);

/// <summary>What a scope has used in a window, by slice, device and carbon factor.</summary>
internal sealed record Usage(IReadOnlyList<(UsagePart Part, PricedFactor Factor)> Parts)
{
    /// <summary>The weakest of the parts; none when nothing was metered.</summary>
    public EnergyQuality Quality => Parts.Count == 0 ? EnergyQuality.None : Parts.Min(part => part.Part.WeakestQuality);

    /// <summary>In the quantity's unit, with its 95 % interval.</summary>
    public Interval In(BudgetQuantity quantity) => UncertainSum.Total(Parts
        .GroupBy(part => part.Part.Device, part => part.Part.Joules * BudgetQuantities.PerJoule(quantity, part.Factor.GramsPerJoule))
        .Select(device => device.Aggregate((a, b) => a + b)));

    /// <summary>Amounts by the end of their slice, oldest first, in the quantity's unit.</summary>
    public IEnumerable<(long EndTicks, double Amount)> BySlice(BudgetQuantity quantity) => Parts
        .GroupBy(part => part.Part.EndTicks)
        .OrderBy(slice => slice.Key)
        .Select(slice => (slice.Key, slice.Sum(part => part.Part.Joules.Value * BudgetQuantities.PerJoule(quantity, part.Factor.GramsPerJoule))));
}
