using GreenTune.ServiceDefaults.Discovery;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Resilience;

internal static class OutgoingHttpExtensions
{
    /// <summary>HttpClient itself limits how long a body may take that it buffers; the pipeline's own limit is for the headers.</summary>
    private static readonly TimeSpan ForTheBody = TimeSpan.FromSeconds(60);

    /// <summary>Every HttpClient of the factory resolves service names and is resilient.</summary>
    public static void AddOutgoingHttp(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<OutgoingHttpOptions>().BindConfiguration(OutgoingHttpOptions.Section).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<OutgoingHttpOptions>, OutgoingHttpOptionsRules>());
        builder.Services.TryAddSingleton<ServiceEndpoints>();
        builder.Services.TryAddSingleton<ResiliencePipelines>();
        builder.Services.TryAddTransient<ServiceDiscoveryHandler>();
        builder.Services.TryAddTransient<ResilienceHandler>();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            http.ConfigureHttpClient((services, client) => client.Timeout = services.GetRequiredService<IOptions<OutgoingHttpOptions>>().Value.TotalTimeout + ForTheBody);
            http.AddHttpMessageHandler<ResilienceHandler>();
            http.AddHttpMessageHandler<ServiceDiscoveryHandler>();
        });
    }
}
