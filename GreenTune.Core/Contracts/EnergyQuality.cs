using System.Text.Json.Serialization;

namespace GreenTune.Core.Contracts;

/// <summary>Where an energy figure comes from. Ordered: a sum is as good as its weakest part.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<EnergyQuality>))]
public enum EnergyQuality
{
    /// <summary>Nothing could be said; the figure is null and a reason stands beside it.</summary>
    None = 0,

    /// <summary>No meter: from utilisation and a power table.</summary>
    Estimated = 1,

    /// <summary>From a meter, but through a model where the meter could not resolve it (a prediction, a gap, a short phase).</summary>
    Modelled = 2,

    /// <summary>From a meter that resolves it.</summary>
    Measured = 3,
}
