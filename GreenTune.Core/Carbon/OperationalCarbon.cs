using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Carbon;

/// <summary>
/// Operational CO2e by design section 4.5: CO2e[g] = E_IT[J] x PUE x intensity[g/kWh] / 3.6e6. PUE is applied here and nowhere else, since the
/// energy of records and periods is IT energy.
/// </summary>
public static class OperationalCarbon
{
    /// <summary>Lowest possible PUE: all of the facility's energy reaches the machines.</summary>
    public const double MinPue = 1.0;

    /// <summary>Highest PUE taken from outside; a figure above it is a mistake (the worst sites surveyed are below 3).</summary>
    public const double MaxPue = 5.0;

    /// <summary>
    /// PUE of a site that states none: 1.0, no overhead counted, as CodeCarbon does. A single machine has no data-centre overhead, and a data
    /// centre knows its own PUE; the industry's average of 1.54 (Uptime Institute survey 2025) would charge a laptop for cooling that it does not have.
    /// Grams under this default are a lower bound, and <see cref="CarbonFactor.PueAssumed"/> says so.
    /// </summary>
    public const double DefaultPue = 1.0;

    /// <summary>CO2e of the given IT energy at a factor.</summary>
    public static GramsCO2e Of(Joules itEnergy, CarbonFactor factor) => Of(itEnergy, factor.Pue, factor.Intensity);

    /// <inheritdoc cref="Of(Joules, CarbonFactor)"/>
    /// <exception cref="ArgumentOutOfRangeException">The PUE is below 1 or above 5.</exception>
    public static GramsCO2e Of(Joules itEnergy, double pue, GramsPerKilowattHour intensity) => intensity * (itEnergy * Checked(pue));

    /// <summary>Grams per joule of IT energy, PUE included: the factor that turns sums of joules into grams.</summary>
    public static double GramsPerJoule(CarbonFactor factor) => Of(new Joules(1), factor).Value;

    private static double Checked(double pue) => pue is >= MinPue and <= MaxPue
        ? pue
        : throw new ArgumentOutOfRangeException(nameof(pue), pue, $"PUE is facility energy over IT energy: from {MinPue} to {MaxPue}.");
}
