using GreenTune.Accounting.Carbon.Sources;
using GreenTune.Core.Carbon;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Carbon.Intensities;

/// <summary>The two chains' live sources as the settings name them, best first.</summary>
internal sealed class IntensitySources
{
    public IntensitySources(IOptions<CarbonOptions> options, CarbonTable table, IHttpClientFactory clients)
    {
        CarbonOptions carbon = options.Value;
        TimeSpan timeout = TimeSpan.FromSeconds(carbon.TimeoutSeconds);
        Average = [.. carbon.Average.Select(name => Make(name, carbon, table, clients, timeout))];
        Marginal = [.. carbon.Marginal.Select(name => MakeMarginal(name, carbon, clients, timeout))];
    }

    public IReadOnlyList<IIntensitySource<AverageSignal>> Average { get; }

    public IReadOnlyList<IIntensitySource<MarginalSignal>> Marginal { get; }

    private static IIntensitySource<AverageSignal> Make(string name, CarbonOptions carbon, CarbonTable table, IHttpClientFactory clients, TimeSpan timeout)
    {
        if (Same(name, SourceNames.ElectricityMaps))
        {
            ElectricityMapsOptions maps = carbon.ElectricityMaps;
            string zone = !string.IsNullOrWhiteSpace(maps.Zone) ? maps.Zone.Trim() : table.GridZoneOf(carbon.Zone)!;
            return new ElectricityMapsSource(clients.CreateClient(SourceHttp.Client), Secret(maps.Key, maps.KeyFile), zone, maps.FactorType, Base(maps.BaseUrl), timeout);
        }

        return Same(name, SourceNames.UkCarbonIntensity)
            ? new UkCarbonIntensitySource(clients.CreateClient(SourceHttp.Client), carbon.UkCarbonIntensity.RegionId, Base(carbon.UkCarbonIntensity.BaseUrl), timeout)
            : new IntensityFileSource<AverageSignal>(carbon.File.Path!);
    }

    private static IIntensitySource<MarginalSignal> MakeMarginal(string name, CarbonOptions carbon, IHttpClientFactory clients, TimeSpan timeout)
    {
        WattTimeOptions watt = carbon.WattTime;
        return Same(name, SourceNames.WattTime)
            ? new WattTimeSource(clients.CreateClient(SourceHttp.Client), watt.User!, Secret(watt.Password, watt.PasswordFile), watt.Region!.Trim(), Base(watt.BaseUrl), timeout)
            : new IntensityFileSource<MarginalSignal>(carbon.MarginalFile.Path!);
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    // Without the slash the last part of the path would be cut off by what is added.
    private static Uri Base(string address) => new(address.EndsWith('/') ? address : address + "/");

    private static string Secret(string? value, string? file) => !string.IsNullOrWhiteSpace(value) ? value.Trim() : File.ReadAllText(file!).Trim();
}
