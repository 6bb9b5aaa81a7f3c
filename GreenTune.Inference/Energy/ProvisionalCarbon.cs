using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Inference.Energy;

/// <summary>Grams for a response, before Accounting prices the record with the intensity of its hour.</summary>
internal static class ProvisionalCarbon
{
    /// <summary>Null when the energy or the factor is not known.</summary>
    public static GramsCO2e? Of(Joules? joules, CarbonFactor? factor) =>
        joules is { } energy && factor is not null ? OperationalCarbon.Of(energy, factor) : null;
}
