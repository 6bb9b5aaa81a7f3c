using GreenTune.Accounting.Carbon;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;

namespace GreenTune.Accounting.Budgets;

/// <summary>Sums of the metered records of one device at one carbon factor.</summary>
internal sealed record UsagePart(string Device, int FactorId, long Records, UncertainSum Joules, EnergyQuality WeakestQuality);

/// <summary>What a tenant has used in a window, by device and carbon factor.</summary>
internal sealed record Usage(IReadOnlyList<(UsagePart Part, PricedFactor Factor)> Parts)
{
    /// <summary>The weakest of the parts; none when nothing was metered.</summary>
    public EnergyQuality Quality => Parts.Count == 0 ? EnergyQuality.None : Parts.Min(part => part.Part.WeakestQuality);

    /// <summary>In the quantity's unit, with its 95 % interval.</summary>
    public Interval In(BudgetQuantity quantity) => UncertainSum.Total(Parts
        .GroupBy(part => part.Part.Device, part => part.Part.Joules * BudgetQuantities.PerJoule(quantity, part.Factor.GramsPerJoule))
        .Select(device => device.Aggregate((a, b) => a + b)));
}
