using GreenTune.Accounting.Carbon.Intensities;
using GreenTune.Accounting.Carbon.Restatements;
using GreenTune.Accounting.Carbon.Sources;
using GreenTune.ServiceDefaults.Resilience;

namespace GreenTune.Accounting.Carbon;

/// <summary>Composes intensities, pricing and restatements.</summary>
internal static class CarbonServices
{
    public static void AddCarbon(this IServiceCollection services)
    {
        // A source's own answers decide when it is asked again, so nothing else repeats a call. The time-out of a call is the source's.
        services.AddHttpClient(SourceHttp.Client).WithoutResilience()
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
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
}
