using GreenTune.Dashboard.Access;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Shell;
using GreenTune.Dashboard.Ui;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Radzen;

namespace GreenTune.Dashboard;

/// <summary>Puts the dashboard together.</summary>
internal static class DashboardHosting
{
    public static void AddDashboard(this WebApplicationBuilder builder)
    {
        // Run from a build, files of packages and wwwroot are where the build left them, in every environment; a published folder has its own copies.
        builder.WebHost.UseStaticWebAssets();
        ServiceAddresses.AddDefaults(builder.Configuration);
        var services = builder.Services;
        services.AddOptions<DashboardOptions>().BindConfiguration(DashboardOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DashboardOptions>, ValidateDashboardOptions>();
        services.TryAddSingleton(TimeProvider.System);

        services.AddSingleton<ServiceAddresses>();
        services.AddTransient<ServiceAddressHandler>();
        services.AddServiceClient<AccountingClient>(ServiceNames.Accounting);
        services.AddServiceClient<InferenceClient>(ServiceNames.Inference);

        builder.AddSignIn();
        services.AddHosted<ServiceMonitor>();
        services.AddHosted<AccountingFeed>();
        services.AddHosted<PowerFeed>();

        services.AddScoped<BrowserSession>();
        services.AddScoped<ShellModel>();
        services.AddScoped<ConfigurationPalette>();
        services.AddRadzenComponents();
        services.AddScoped<Toasts>();
        services.AddScoped<Dialogs>();

        services.AddRazorComponents().AddInteractiveServerComponents();
        services.Configure<CircuitOptions>(options => options.DetailedErrors = builder.Environment.IsDevelopment());
        services.AddAntiforgery(options => options.Cookie.Name = "greentune-antiforgery");
    }

    public static void MapDashboard(this WebApplication app)
    {
        if (!app.Environment.IsDevelopment())
        {
            app.UseExceptionHandler("/error", createScopeForErrors: true);
        }

        app.UseStatusCodePagesWithReExecute("/not-found");
        app.UseMiddleware<SecurityHeaders>();
        app.UseSignIn();
        app.UseAntiforgery();
        app.MapSignIn();
        app.MapStaticAssets();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null);
    }

    private static void AddServiceClient<TClient>(this IServiceCollection services, string service)
        where TClient : class =>
        services
            .AddHttpClient<TClient>(client =>
            {
                client.BaseAddress = new Uri("http://" + service);
                // Streams stay open for as long as they are watched; other calls have a time-out of their own (ServiceClient).
                client.Timeout = Timeout.InfiniteTimeSpan;
            })
            .AddHttpMessageHandler<ServiceAddressHandler>();

    private static void AddHosted<TService>(this IServiceCollection services)
        where TService : class, IHostedService =>
        services.AddSingleton<TService>().AddHostedService(provider => provider.GetRequiredService<TService>());
}
