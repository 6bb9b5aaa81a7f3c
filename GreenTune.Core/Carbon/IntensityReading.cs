using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Carbon;

/// <summary>What a source said of one zone over one span, already in g/kWh, with its provenance.</summary>
/// <typeparam name="TSignal">Average or marginal.</typeparam>
public sealed record IntensityReading<TSignal>
    where TSignal : IIntensitySignal
{
    /// <summary>The zone in the source's own code ("DE", "GB", "CAISO_NORTH").</summary>
    public required string Zone { get; init; }

    public required DateTimeOffset From { get; init; }

    /// <summary>Exclusive.</summary>
    public required DateTimeOffset To { get; init; }

    public required GramsPerKilowattHour Intensity { get; init; }

    /// <summary>Name of the source, for example "Electricity Maps".</summary>
    public required string Source { get; init; }

    public required string Licence { get; init; }

    /// <summary>"life-cycle" or "direct".</summary>
    public required string FactorType { get; init; }

    /// <summary>"CO2e" or "CO2".</summary>
    public required string GasBasis { get; init; }

    /// <summary>The source estimated it instead of measuring.</summary>
    public bool IsEstimated { get; init; }

    /// <summary>How, in the source's own word.</summary>
    public string? Method { get; init; }

    /// <summary>Said before the span had passed, of what would come.</summary>
    public bool IsForecast { get; init; }

    public DateTimeOffset? UpdatedAt { get; init; }

    public required DateTimeOffset FetchedAt { get; init; }
}

/// <summary>Which numbers from outside can be carbon intensities.</summary>
public static class IntensityRange
{
    /// <summary>
    /// Highest average of a grid, in g/kWh. All coal is 995 g/kWh life-cycle (metering.md 5.2: CodeCarbon's fuel mix), the dirtiest lignite about 1,300.
    /// </summary>
    public const double MaxAverage = 1_500;

    /// <summary>Highest marginal emission rate, in g/kWh: old oil engines at the margin of an island reach about 1,500.</summary>
    public const double MaxMarginal = 3_000;

    /// <summary>Why a number cannot be an intensity of this signal, in one sentence; null when it can.</summary>
    /// <param name="gramsPerKilowattHour">The number in g/kWh.</param>
    /// <param name="factorType">"life-cycle" or "direct": no plant is free of emissions over its life, while a grid may burn nothing for an hour.</param>
    public static string? Problem<TSignal>(double gramsPerKilowattHour, string factorType)
        where TSignal : IIntensitySignal
    {
        double most = TSignal.Kind == CarbonSignal.Average ? MaxAverage : MaxMarginal;
        if (!double.IsFinite(gramsPerKilowattHour) || gramsPerKilowattHour < 0 || gramsPerKilowattHour > most)
        {
            return FormattableString.Invariant($"{gramsPerKilowattHour} g/kWh cannot be; an intensity is 0 to {most}.");
        }

        return gramsPerKilowattHour == 0 && factorType == FactorTypes.LifeCycle ? "0 g/kWh over the life cycle stands for no data." : null;
    }
}

/// <summary>Whether plants' building and fuel supply are counted.</summary>
public static class FactorTypes
{
    public const string LifeCycle = "life-cycle";

    public const string Direct = "direct";
}
