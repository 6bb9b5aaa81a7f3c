using GreenTune.Core.Units;

namespace GreenTune.Core.Carbon;

/// <summary>
/// Global warming potentials over 100 years, with which the gases of power plants become CO2e: those of the IPCC's fifth or sixth assessment report, as the GHG
/// Protocol lists them. Fossil methane counts its own oxidation to CO2.
/// </summary>
/// <param name="Name">"AR5" or "AR6".</param>
/// <param name="Source">Where the values stand.</param>
/// <param name="FossilMethane">kg CO2e per kg.</param>
/// <param name="BiogenicMethane">kg CO2e per kg.</param>
/// <param name="NitrousOxide">kg CO2e per kg.</param>
public sealed record GlobalWarmingPotentials(string Name, string Source, double FossilMethane, double BiogenicMethane, double NitrousOxide)
{
    public static GlobalWarmingPotentials AR5 { get; } = new("AR5", "IPCC AR5 WG1 (2013), table 8.A.1", 30, 28, 265);

    public static GlobalWarmingPotentials AR6 { get; } = new("AR6", "IPCC AR6 WG1 (2021), table 7.15", 29.8, 27.0, 273);

    public static IReadOnlyList<GlobalWarmingPotentials> All { get; } = [AR5, AR6];

    /// <summary>The set of that name, whatever the case; null when there is none.</summary>
    public static GlobalWarmingPotentials? Find(string name) => All.FirstOrDefault(set => string.Equals(set.Name, name.Trim(), StringComparison.OrdinalIgnoreCase));

    /// <summary>CO2e of grams of the three gases that burning fuel gives off; CO2's own potential is 1.</summary>
    public GramsCO2e CO2e(double carbonDioxide, double fossilMethane, double nitrousOxide) =>
        new(carbonDioxide + fossilMethane * FossilMethane + nitrousOxide * NitrousOxide);
}
