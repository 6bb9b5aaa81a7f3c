using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Access;

/// <summary>Puts the policy into a service and in front of its clients.</summary>
public static class OutgoingUrlExtensions
{
    internal static void AddOutgoingUrlPolicy(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<OutgoingUrlOptions>().BindConfiguration(OutgoingUrlOptions.Section).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<OutgoingUrlOptions>, OutgoingUrlOptionsRules>());
        builder.Services.TryAddSingleton<IOutgoingUrlPolicy, OutgoingUrlPolicy>();
    }

    /// <summary>
    /// What this client calls, somebody else names: it goes through <see cref="IOutgoingUrlPolicy"/>. Retries stay as they are for any client; a service's own
    /// name, such as http://accounting, resolves to an address that the policy refuses.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="including">Adds hosts that the settings name (<see cref="IOutgoingUrlPolicy.Including"/>); null takes the policy as it is.</param>
    /// <param name="connectTimeout">Longest wait for a connection; null is 10 seconds.</param>
    public static IHttpClientBuilder WithOutgoingUrlPolicy(
        this IHttpClientBuilder client, Func<IServiceProvider, IOutgoingUrlPolicy, IOutgoingUrlPolicy>? including = null, TimeSpan? connectTimeout = null) =>
        client.ConfigurePrimaryHttpMessageHandler(services =>
        {
            var policy = services.GetRequiredService<IOutgoingUrlPolicy>();
            return (including?.Invoke(services, policy) ?? policy).CreateHandler(connectTimeout);
        });
}
