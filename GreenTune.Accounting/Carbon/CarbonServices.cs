using GreenTune.Accounting.Carbon.Intensities;
using GreenTune.Accounting.Carbon.Restatements;
using GreenTune.Accounting.Carbon.Sources;
using GreenTune.ServiceDefaults.Access;
using GreenTune.ServiceDefaults.Resilience;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Carbon;

/// <summary>Composes intensities, pricing and restatements.</summary>
internal static class CarbonServices
{
    public static void AddCarbon(this IServiceCollection services)
    {
        // A source's own answers decide when it is asked again, so nothing else repeats a call. The time-out of a call is the source's.
        services.AddHttpClient(SourceHttp.Client).WithoutResilience()
            .WithOutgoingUrlPolicy((provider, policy) => policy.Including("Carbon:*:BaseUrl", Hosts(provider.GetRequiredService<IOptions<CarbonOptions>>().Value)));
        services.AddSingleton(new CarbonJitter());
        services.AddSingleton<IntensitySources>();
        services.AddSingleton<IntensityCache>();
        services.AddSingleton<CarbonPricing>();
        services.AddSingleton<IntensityRefresher>();
        services.AddHostedService(provider => provider.GetRequiredService<IntensityRefresher>());
        services.AddSingleton<MarginalIntensities>();
        services.AddSingleton<Forecasts>();
        services.AddSingleton<RestatementBook>();
    }

    /// <summary>The sources' own hosts are allowed; the operator has written them down. A redirect to another one is not followed.</summary>
    private static IEnumerable<string> Hosts(CarbonOptions options) =>
        new[] { options.ElectricityMaps.BaseUrl, options.UkCarbonIntensity.BaseUrl, options.WattTime.BaseUrl }
            .Select(address => Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) ? uri.Authority : "").Where(host => host.Length > 0).Distinct();
}
