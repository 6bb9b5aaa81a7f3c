using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace GreenTune.ServiceDefaults.Access;

/// <summary>Puts a service behind keys.</summary>
public static class AccessExtensions
{
    /// <summary>
    /// Registers what decides over calls. The service registers its <see cref="IKeyVerifier"/> as well, and may register an <see cref="IAccessRefusalWriter"/>
    /// of its own; then <see cref="UseAccess"/>.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="matrix">Who may call what.</param>
    public static void AddAccess(this IHostApplicationBuilder builder, AccessMatrix matrix)
    {
        builder.AddKeySwitch();
        builder.Services.AddSingleton(matrix);
        builder.Services.TryAddSingleton<KeyRateLimits>();
        builder.Services.TryAddSingleton<IAccessRefusalWriter, ProblemRefusalWriter>();
    }

    /// <summary>Says that the service heeds <see cref="KeySwitch"/>, in whatever way: it may listen beyond loopback when keys are on.</summary>
    public static void AddKeySwitch(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton<HeedsKeys>();
        builder.Services.TryAddSingleton<KeySwitch>();
    }

    /// <summary>Decides over every call from here on. Before anything that acts on one.</summary>
    public static IApplicationBuilder UseAccess(this IApplicationBuilder app) => app.UseMiddleware<AccessMiddleware>();

    private sealed class ProblemRefusalWriter : IAccessRefusalWriter
    {
        public Task WriteAsync(HttpContext context, AccessRefusal refusal) => TypedResults.Problem(
            refusal.Message, statusCode: refusal.Status, extensions: [KeyValuePair.Create("code", (object?)refusal.Code)]).ExecuteAsync(context);
    }
}
