using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Accounting;

/// <summary>The factor in force, for the provisional grams on a response; null until Accounting has told it.</summary>
internal sealed class CarbonFactorCache
{
    private CarbonFactor? _factor;

    public CarbonFactor? Current => Volatile.Read(ref _factor);

    public void Set(CarbonFactor? factor) => Volatile.Write(ref _factor, factor);
}
