using GreenTune.Core.Contracts;

namespace GreenTune.Core.Carbon;

/// <summary>
/// Marks by type which signal an intensity is of. Average and marginal values of one zone answer different questions and may never stand in one sum
/// (design section 4.5), so a reading, a chain and a cache are each of one signal and the compiler refuses to mix them.
/// </summary>
public interface IIntensitySignal
{
    static abstract CarbonSignal Kind { get; }
}

/// <summary>Emissions of all generation over all generation.</summary>
public sealed class AverageSignal : IIntensitySignal
{
    private AverageSignal()
    {
    }

    public static CarbonSignal Kind => CarbonSignal.Average;
}

/// <summary>Emissions of the plants that answer a small change in load (WattTime's MOER).</summary>
public sealed class MarginalSignal : IIntensitySignal
{
    private MarginalSignal()
    {
    }

    public static CarbonSignal Kind => CarbonSignal.Marginal;
}
