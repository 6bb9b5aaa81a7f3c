using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Carbon;

/// <summary>
/// Software Carbon Intensity by ISO/IEC 21031:2024 (SCI 1.1): SCI = (E x I + M) / R, in grams of CO2e per functional unit. E is all energy of the hardware
/// that was reserved, used or idle, with the building's overhead; I is location-based, and market instruments do not count; offsets never do.
/// </summary>
public static class SoftwareCarbonIntensity
{
    /// <summary>The intensity in g per unit; null when there was no unit to divide by.</summary>
    /// <param name="energy">All energy of the reserved devices, without the building's overhead.</param>
    /// <param name="pue">Power usage effectiveness, 1 to 5.</param>
    /// <param name="intensity">Location-based intensity of the electricity.</param>
    /// <param name="embodied">M, from <see cref="EmbodiedCarbon.Share"/>.</param>
    /// <param name="units">R: requests, tokens or sessions.</param>
    public static GramsCO2e? Of(Joules energy, double pue, GramsPerKilowattHour intensity, GramsCO2e embodied, double units) =>
        Of(OperationalCarbon.Of(energy, pue, intensity), embodied, units);

    /// <summary>The same from emissions that were summed hour by hour.</summary>
    public static GramsCO2e? Of(GramsCO2e operational, GramsCO2e embodied, double units) => units > 0 ? (operational + embodied) / units : null;

    /// <summary>With the operational part's 95 % interval. Neither M nor R has one: M is a stated figure, R is counted.</summary>
    public static Interval? Of(Interval operationalGrams, GramsCO2e embodied, double units) => units > 0
        ? new Interval((operationalGrams.Value + embodied.Value) / units, (operationalGrams.Low + embodied.Value) / units, (operationalGrams.High + embodied.Value) / units)
        : null;
}
