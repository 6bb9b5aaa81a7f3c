using System.Globalization;
using GreenTune.Accounting.Carbon.Sources;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Carbon;

/// <summary>Checks the section at the service's start; each message names the key, in both forms for the first ones that people meet, and gives an example.</summary>
internal sealed class CarbonOptionsValidator(CarbonTable table) : IValidateOptions<CarbonOptions>
{
    private const double MaxLifetimeYears = 30;

    public ValidateOptionsResult Validate(string? name, CarbonOptions options)
    {
        var failures = new List<string>();
        void Require(bool sound, FormattableString problem)
        {
            if (!sound)
            {
                failures.Add(FormattableString.Invariant(problem));
            }
        }

        if (!string.IsNullOrWhiteSpace(options.Zone) && !table.TryResolve(options.Zone, out _))
        {
            failures.Add($"Carbon:Zone (environment Carbon__Zone): {table.UnknownZone(options.Zone)}");
        }

        Require(options.Pue is null or (>= OperationalCarbon.MinPue and <= OperationalCarbon.MaxPue),
            $"Carbon:Pue (environment Carbon__Pue) is {options.Pue}; it is facility energy over IT energy, from {OperationalCarbon.MinPue} to {OperationalCarbon.MaxPue}, for example 1.2.");
        Require(options.TimeoutSeconds is >= 0.1 and <= 120, $"Carbon:TimeoutSeconds is {options.TimeoutSeconds}; it can be 0.1 to 120, for example 10.");
        Require(options.SettleHours is >= 0 and <= 24, $"Carbon:SettleHours is {options.SettleHours}; it can be 0 to 24, for example 2.");
        Require(GlobalWarmingPotentials.Find(options.Gwp ?? "") is not null, $"Carbon:Gwp is '{options.Gwp}'; it can be {string.Join(" or ", GlobalWarmingPotentials.All.Select(set => set.Name))}.");
        CheckSources(options, table, Require);
        CheckEmbodied(options, Require);
        CheckInstruments(options, Require);
        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }

    private static void CheckSources(CarbonOptions options, CarbonTable table, Action<bool, FormattableString> require)
    {
        Known(options.Average, "Carbon:Average", SourceNames.Average, require);
        Known(options.Marginal, "Carbon:Marginal", SourceNames.Marginal, require);
        string? gridZone = table.GridZoneOf(options.Zone);
        if (Has(options.Average, SourceNames.ElectricityMaps))
        {
            ElectricityMapsOptions maps = options.ElectricityMaps;
            require(Secret(maps.Key, maps.KeyFile) is not null,
                $"Carbon:ElectricityMaps:Key (environment Carbon__ElectricityMaps__Key) or Carbon:ElectricityMaps:KeyFile is needed beside Carbon:Average ElectricityMaps; a key comes from Electricity Maps' portal.");
            require(!string.IsNullOrWhiteSpace(maps.Zone) || gridZone is not null,
                $"Carbon:ElectricityMaps:Zone is needed, for example DE: Carbon:Zone is '{options.Zone}', which is no single grid.");
            require(maps.FactorType is "lifecycle" or "direct", $"Carbon:ElectricityMaps:FactorType is '{maps.FactorType}'; it can be lifecycle or direct.");
            Address(maps.BaseUrl, "Carbon:ElectricityMaps:BaseUrl", "https://api.electricitymaps.com/v3/", require);
        }

        if (Has(options.Average, SourceNames.UkCarbonIntensity))
        {
            require(gridZone is not null && (gridZone == "GB" || gridZone.StartsWith("GB-", StringComparison.Ordinal)),
                $"Carbon:Zone is '{options.Zone}', while Carbon:Average names UkCarbonIntensity, which knows Great Britain alone. Set Carbon:Zone to GBR.");
            require(options.UkCarbonIntensity.RegionId is null or (>= 1 and <= 17), $"Carbon:UkCarbonIntensity:RegionId is {options.UkCarbonIntensity.RegionId}; it can be 1 to 17, for example 13 for London.");
            Address(options.UkCarbonIntensity.BaseUrl, "Carbon:UkCarbonIntensity:BaseUrl", "https://api.carbonintensity.org.uk/", require);
        }

        if (Has(options.Marginal, SourceNames.WattTime))
        {
            WattTimeOptions watt = options.WattTime;
            require(!string.IsNullOrWhiteSpace(watt.User), $"Carbon:WattTime:User (environment Carbon__WattTime__User) is needed beside Carbon:Marginal WattTime.");
            require(Secret(watt.Password, watt.PasswordFile) is not null, $"Carbon:WattTime:Password (environment Carbon__WattTime__Password) or Carbon:WattTime:PasswordFile is needed beside Carbon:Marginal WattTime.");
            require(!string.IsNullOrWhiteSpace(watt.Region), $"Carbon:WattTime:Region is needed beside Carbon:Marginal WattTime, for example CAISO_NORTH.");
            Address(watt.BaseUrl, "Carbon:WattTime:BaseUrl", "https://api.watttime.org/", require);
        }

        if (Has(options.Average, SourceNames.File))
        {
            File<AverageSignal>(options.File.Path, "Carbon:File:Path", require);
        }

        if (Has(options.Marginal, SourceNames.File))
        {
            File<MarginalSignal>(options.MarginalFile.Path, "Carbon:MarginalFile:Path", require);
        }
    }

    private static void CheckEmbodied(CarbonOptions options, Action<bool, FormattableString> require)
    {
        foreach ((int i, EmbodiedOptions entry) in options.Embodied.Index())
        {
            string key = $"Carbon:Embodied:{i.ToString(CultureInfo.InvariantCulture)}";
            require(!string.IsNullOrWhiteSpace(entry.Device), $"{key}:Device is needed: the device as the meter names it, for example cpu-0, or * for all.");
            require(entry.Hardware is null != entry.Kilograms is null, $"{key} has to have either Hardware (for example nvidia-h100) or Kilograms with a Source.");
            require(entry.Hardware is null || EmbodiedTable.Find(entry.Hardware) is not null,
                $"{key}:Hardware is '{entry.Hardware}'; the table has {string.Join(", ", EmbodiedTable.All.Select(hardware => hardware.Id))}. Any other is given by Kilograms and Source.");
            require(entry.Kilograms is null or (> 0 and <= 1e6), $"{key}:Kilograms is {entry.Kilograms}; it can be above 0 to 1000000, for example 164.");
            require(entry.Kilograms is null || !string.IsNullOrWhiteSpace(entry.Source), $"{key}:Source is needed beside Kilograms: who published the figure.");
            require(entry.LifetimeYears is > 0 and <= MaxLifetimeYears, $"{key}:LifetimeYears is {entry.LifetimeYears}; it can be above 0 to {MaxLifetimeYears}, for example 4.");
            require(entry.ResourcesTotal > 0 && entry.ResourcesReserved > 0 && entry.ResourcesReserved <= entry.ResourcesTotal,
                $"{key}:ResourcesReserved is {entry.ResourcesReserved} of {entry.ResourcesTotal}; it has to be above 0 and at most ResourcesTotal, for example 1 of 8.");
        }
    }

    private static void CheckInstruments(CarbonOptions options, Action<bool, FormattableString> require)
    {
        foreach ((int i, InstrumentOptions entry) in options.Instruments.Index())
        {
            string key = $"Carbon:Instruments:{i.ToString(CultureInfo.InvariantCulture)}";
            require(Enum.IsDefined(entry.Type), $"{key}:Type is not known; it can be {string.Join(", ", Enum.GetNames<InstrumentType>())}.");
            require(entry.GramsPerKwh is >= 0 and <= IntensityRange.MaxAverage, $"{key}:GramsPerKwh is {entry.GramsPerKwh}; it can be 0 to {IntensityRange.MaxAverage}, and 0 for wind or solar.");
            require(entry.CoveredKwh is > 0 and <= 1e12, $"{key}:CoveredKwh is {entry.CoveredKwh}; it has to be above 0, for example 50000.");
            require(entry.GenerationFrom is not null && entry.GenerationTo > entry.GenerationFrom, $"{key}:GenerationFrom and GenerationTo are needed, the second after the first, for example 2026-01-01T00:00:00Z and 2027-01-01T00:00:00Z.");
            require(entry.Type != InstrumentType.Certificate || (entry.RetiredOn is not null && !string.IsNullOrWhiteSpace(entry.Registry)),
                $"{key}:RetiredOn and Registry are needed for a certificate: only one that was retired for the site may be claimed (GHG Protocol Scope 2 Quality Criteria).");
        }

        require(options.ResidualMix.GramsPerKwh is null or (>= 0 and <= IntensityRange.MaxAverage), $"Carbon:ResidualMix:GramsPerKwh is {options.ResidualMix.GramsPerKwh}; it can be 0 to {IntensityRange.MaxAverage}, for example 685.");
        require(options.ResidualMix.GramsPerKwh is null || (!string.IsNullOrWhiteSpace(options.ResidualMix.Source) && options.ResidualMix.Year is > 2000 and < 2200),
            $"Carbon:ResidualMix:Source and Carbon:ResidualMix:Year are needed beside GramsPerKwh, for example AIB European Residual Mixes and 2025.");
    }

    private static bool Has(IEnumerable<string> names, string name) => names.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static void Known(IList<string> names, string key, string[] known, Action<bool, FormattableString> require)
    {
        foreach ((int i, string entry) in names.Index())
        {
            require(known.Contains(entry, StringComparer.OrdinalIgnoreCase), $"{key}:{i} (environment {key.Replace(":", "__", StringComparison.Ordinal)}__{i}) is '{entry}'; it can be {string.Join(", ", known)}.");
        }

        require(names.Distinct(StringComparer.OrdinalIgnoreCase).Count() == names.Count, $"{key} names a source twice.");
    }

    private static void Address(string? address, string key, string example, Action<bool, FormattableString> require) => require(
        Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.UserInfo.Length == 0 && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)),
        $"{key} is '{address}'; it has to be an https address without a user in it (http on this machine alone), for example {example}.");

    private static void File<TSignal>(string? path, string key, Action<bool, FormattableString> require)
        where TSignal : IIntensitySignal
    {
        if (string.IsNullOrWhiteSpace(path))
        {
            require(false, $"{key} is needed beside the source File, for example intensities.csv.");
            return;
        }

        try
        {
            IntensityFile.Read<TSignal>(path, DateTimeOffset.UnixEpoch);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            require(false, $"{key} cannot be read: {e.Message}");
        }
    }

    private static string? Secret(string? value, string? file) => !string.IsNullOrWhiteSpace(value) ? value : !string.IsNullOrWhiteSpace(file) && System.IO.File.Exists(file) ? file : null;
}
