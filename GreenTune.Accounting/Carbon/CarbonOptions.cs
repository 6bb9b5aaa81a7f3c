using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Carbon;

/// <summary>Section "Carbon": where the machines stand, what their building adds, and who says how green their electricity is.</summary>
internal sealed class CarbonOptions
{
    public const string Section = "Carbon";

    /// <summary>ISO 3166-1 country (DEU or DE), a grid zone (US-CAL-CISO), EU or WORLD.</summary>
    /// <value>The default is none: the world average stands in, flagged as estimated.</value>
    public string? Zone { get; set; }

    /// <summary>Power usage effectiveness, facility energy over IT energy, 1 to 5.</summary>
    /// <value>The default is none: <see cref="OperationalCarbon.DefaultPue"/> stands in, flagged as assumed.</value>
    public double? Pue { get; set; }

    /// <summary>Name of the site in reports, for example "Frankfurt 2".</summary>
    public string? Site { get; set; }

    /// <summary>Live sources of the average signal, best first: ElectricityMaps, UkCarbonIntensity, File.</summary>
    /// <value>The default is none: the yearly table alone.</value>
    public IList<string> Average { get; } = [];

    /// <summary>Live sources of the marginal signal, best first: WattTime, File.</summary>
    /// <value>The default is none: there is no marginal figure.</value>
    public IList<string> Marginal { get; } = [];

    /// <summary>How long one call to a source may take.</summary>
    /// <value>The default is 10 seconds; 0.1 to 120.</value>
    public double TimeoutSeconds { get; set; } = 10;

    /// <summary>For this long after its end an hour may still get a better factor for records that arrive from then on; afterwards only a restatement changes it.</summary>
    /// <value>The default is 2 hours; 0 to 24.</value>
    public double SettleHours { get; set; } = 2;

    /// <summary>Global warming potentials that reports name: AR5 or AR6.</summary>
    /// <value>The default is AR6.</value>
    public string Gwp { get; set; } = GlobalWarmingPotentials.AR6.Name;

    public ElectricityMapsOptions ElectricityMaps { get; set; } = new();

    public UkCarbonIntensityOptions UkCarbonIntensity { get; set; } = new();

    public WattTimeOptions WattTime { get; set; } = new();

    /// <summary>File of average intensities.</summary>
    public IntensityFileOptions File { get; set; } = new();

    /// <summary>File of marginal intensities.</summary>
    public IntensityFileOptions MarginalFile { get; set; } = new();

    /// <summary>Embodied emissions of the devices.</summary>
    public IList<EmbodiedOptions> Embodied { get; } = [];

    /// <summary>Contractual instruments for the market-based method.</summary>
    public IList<InstrumentOptions> Instruments { get; } = [];

    public ResidualMixOptions ResidualMix { get; set; } = new();
}

/// <summary>Electricity Maps v3, consumption-based averages by the hour.</summary>
internal sealed class ElectricityMapsOptions
{
    /// <summary>The API key. Never logged.</summary>
    public string? Key { get; set; }

    /// <summary>A file that holds the key, in place of <see cref="Key"/>.</summary>
    public string? KeyFile { get; set; }

    /// <summary>Electricity Maps' own code of the zone.</summary>
    /// <value>The default is that of Carbon:Zone.</value>
    public string? Zone { get; set; }

    /// <summary>lifecycle or direct.</summary>
    /// <value>The default is lifecycle.</value>
    public string FactorType { get; set; } = "lifecycle";

    /// <value>The default is https://api.electricitymaps.com/v3/.</value>
    public string BaseUrl { get; set; } = "https://api.electricitymaps.com/v3/";

    public TimeSpan Period { get; } = TimeSpan.FromHours(1);
}

/// <summary>The UK's Carbon Intensity API: Great Britain by half-hours, CO2 alone, no key.</summary>
internal sealed class UkCarbonIntensityOptions
{
    /// <summary>Region 1 to 17.</summary>
    /// <value>The default is none: the whole of Great Britain.</value>
    public int? RegionId { get; set; }

    /// <value>The default is https://api.carbonintensity.org.uk/.</value>
    public string BaseUrl { get; set; } = "https://api.carbonintensity.org.uk/";
}

/// <summary>WattTime v3: marginal operating emission rates.</summary>
internal sealed class WattTimeOptions
{
    public string? User { get; set; }

    /// <summary>Never logged.</summary>
    public string? Password { get; set; }

    /// <summary>A file that holds the password, in place of <see cref="Password"/>.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>WattTime's region, for example CAISO_NORTH.</summary>
    public string? Region { get; set; }

    /// <value>The default is https://api.watttime.org/.</value>
    public string BaseUrl { get; set; } = "https://api.watttime.org/";
}

/// <summary>Intensities in a file of one's own, JSON or CSV (docs/carbon.md says of which form).</summary>
internal sealed class IntensityFileOptions
{
    public string? Path { get; set; }
}

/// <summary>Embodied emissions of hardware that belongs to a metered device.</summary>
internal sealed class EmbodiedOptions
{
    /// <summary>The device as the meter names it, for example cpu-0 or a GPU's UUID; * for every device without an entry of its own.</summary>
    public string? Device { get; set; }

    /// <summary>An entry of the table: nvidia-h100, nvidia-h200, nvidia-a100, nvidia-b200, server-8-gpu.</summary>
    public string? Hardware { get; set; }

    /// <summary>The site's own figure, kg CO2e of one piece, in place of <see cref="Hardware"/>.</summary>
    public double? Kilograms { get; set; }

    /// <summary>Where the site's own figure is from.</summary>
    public string? Source { get; set; }

    public int? Year { get; set; }

    /// <summary>Expected life.</summary>
    /// <value>The default is 4 years.</value>
    public double LifetimeYears { get; set; } = 4;

    /// <summary>RR.</summary>
    /// <value>The default is 1.</value>
    public double ResourcesReserved { get; set; } = 1;

    /// <summary>ToR; 8 for one GPU's part of a server of eight.</summary>
    /// <value>The default is 1.</value>
    public double ResourcesTotal { get; set; } = 1;

    public const double HoursPerYear = 8_760;

    public TimeSpan Lifetime => TimeSpan.FromHours(LifetimeYears * HoursPerYear);
}

/// <summary>A contractual instrument (GHG Protocol Scope 2 Guidance).</summary>
internal sealed class InstrumentOptions
{
    public InstrumentType Type { get; set; }

    /// <summary>g/kWh.</summary>
    public double? GramsPerKwh { get; set; }

    public double? CoveredKwh { get; set; }

    public DateTimeOffset? GenerationFrom { get; set; }

    /// <summary>Exclusive.</summary>
    public DateTimeOffset? GenerationTo { get; set; }

    public string? Serial { get; set; }

    public string? Registry { get; set; }

    public string? Generator { get; set; }

    public string? Fuel { get; set; }

    public string? Market { get; set; }

    public DateOnly? RetiredOn { get; set; }

    public ContractualInstrument ToContract() => new()
    {
        Type = Type,
        Factor = new(GramsPerKwh ?? 0),
        CoveredKilowattHours = CoveredKwh ?? 0,
        GenerationFrom = GenerationFrom ?? default,
        GenerationTo = GenerationTo ?? default,
        Serial = Serial,
        Registry = Registry,
        Generator = Generator,
        Fuel = Fuel,
        Market = Market,
        RetiredOn = RetiredOn,
    };
}

/// <summary>Factor of the electricity that nobody claimed, such as AIB's European residual mix.</summary>
internal sealed class ResidualMixOptions
{
    /// <summary>g/kWh.</summary>
    /// <value>The default is none: the location-based factor stands in and the report says so.</value>
    public double? GramsPerKwh { get; set; }

    public string? Source { get; set; }

    public int? Year { get; set; }
}
