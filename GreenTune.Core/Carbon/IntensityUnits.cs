using GreenTune.Core.Units;

namespace GreenTune.Core.Carbon;

/// <summary>Units in which sources give intensities, as g/kWh. Energy is converted by <see cref="Joules.KilowattHours"/>.</summary>
public static class IntensityUnits
{
    /// <summary>Kilograms in an international avoirdupois pound, as WattTime's documents round it (exactly 0.45359237).</summary>
    public const double KilogramsPerPound = 0.453592;

    /// <summary>WattTime's "lbs_co2_per_mwh": 1 kg/MWh is 1 g/kWh.</summary>
    public static GramsPerKilowattHour FromPoundsPerMegawattHour(double pounds) => new(pounds * KilogramsPerPound);

    /// <summary>Tonnes per MWh, as grid factors are published for yearly reports.</summary>
    public static GramsPerKilowattHour FromTonnesPerMegawattHour(double tonnes) => new(tonnes * 1000);
}
