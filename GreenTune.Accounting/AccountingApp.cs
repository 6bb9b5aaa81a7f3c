using System.Text.Json.Serialization;
using GreenTune.Accounting.Access;
using GreenTune.Accounting.Budgets;
using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Carbon.Restatements;
using GreenTune.Accounting.Configurations;
using GreenTune.Accounting.Events;
using GreenTune.Accounting.Exports;
using GreenTune.Accounting.Http;
using GreenTune.Accounting.OpenApi;
using GreenTune.Accounting.Periods;
using GreenTune.Accounting.Records;
using GreenTune.Accounting.Reports;
using GreenTune.Accounting.Retention;
using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Sessions;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Summaries;
using GreenTune.Accounting.Telemetry;
using GreenTune.Accounting.ThreeE;
using GreenTune.Accounting.Webhooks;
using GreenTune.Core.Carbon;
using GreenTune.ServiceDefaults;
using GreenTune.ServiceDefaults.Access;
using GreenTune.ServiceDefaults.Prometheus;
using GreenTune.ServiceDefaults.Resilience;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting;

/// <summary>Composes the service.</summary>
internal static class AccountingApp
{
    /// <param name="args">Command line, read as configuration.</param>
    /// <param name="configure">Last word on services, for tests: a clock, interceptors (registered as <see cref="IInterceptor"/>).</param>
    public static WebApplication Create(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
        builder.AddServiceDefaults();
        builder.AddAccess(AccountingAccess.Matrix);
        builder.AddPrometheus();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = JsonBody.LargeBytes);
        AddOptions(builder.Services);
        AddServices(builder.Services);
        configure?.Invoke(builder);

        WebApplication app = builder.Build();
        app.MapDefaultEndpoints();
        app.UseAccess();
        app.MapPrometheus();
        app.MapApiDocument();
        app.MapRecordsApi();
        app.MapPeriodsApi();
        app.MapConfigurationsApi();
        app.MapSummaryApi();
        app.MapUsageApi();
        app.MapSessionsApi();
        app.MapCarbonApi();
        app.MapRestatementsApi();
        app.MapReportsApi();
        app.MapExportsApi();
        app.MapBudgetsApi();
        app.MapReservationsApi();
        app.MapThreeEApi();
        app.MapPlansApi();
        app.MapEventsApi();
        app.MapKeysApi();
        app.MapWebhooksApi();
        return app;
    }

    /// <summary>Opens the books, before anything is served.</summary>
    /// <exception cref="StoreStartException">The books cannot be opened.</exception>
    public static async Task OpenAsync(WebApplication app, CancellationToken cancellation)
    {
        await app.Services.GetRequiredService<StoreInitialiser>().OpenAsync(cancellation);
        await app.Services.GetRequiredService<KeyBook>().OpenAsync(cancellation);
    }

    private static void AddOptions(IServiceCollection services)
    {
        services.AddOptions<AccountingOptions>().BindConfiguration(AccountingOptions.Section)
            .Configure<IConfiguration>((options, configuration) => options.ConnectionString = configuration.GetConnectionString("accounting") ?? options.ConnectionString)
            .ValidateOnStart();
        services.AddOptions<CarbonOptions>().BindConfiguration(CarbonOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AccountingOptions>, AccountingOptionsValidator>();
        services.AddSingleton<IValidateOptions<CarbonOptions>, CarbonOptionsValidator>();
    }

    private static void AddServices(IServiceCollection services)
    {
        services.AddExceptionHandler<ProblemExceptionHandler>();
        // As ContractJson.Options has it.
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.RespectNullableAnnotations = true;
        });

        services.AddSingleton<IStoreDialect>(provider => provider.GetRequiredService<IOptions<AccountingOptions>>().Value is { Postgres: { } postgres } options
            ? new PostgresStore(postgres, options)
            : ActivatorUtilities.CreateInstance<SqliteStore>(provider));
        services.AddPooledDbContextFactory<AccountingDb>((provider, options) =>
        {
            provider.GetRequiredService<IStoreDialect>().Configure(options);
            options.AddInterceptors(new DatabaseSpans());
            options.AddInterceptors(provider.GetServices<IInterceptor>());
            // Migrations are written by hand and have no snapshot; a test compares what they make with the model.
            options.ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));
        });
        services.AddSingleton<StoreStatus>();
        services.AddSingleton<StoreWriter>();
        services.AddSingleton<StoreInitialiser>();
        services.AddHealthChecks().AddCheck<StoreHealthCheck>("books");

        services.AddSingleton(CarbonTable.Default);
        services.AddCarbon();
        services.AddSingleton<ConsumedEnergy>();
        services.AddSingleton<SciReports>();
        services.AddSingleton<Scope2Reports>();
        services.AddSingleton<RecordExport>();
        services.AddApiDocument();
        services.AddSingleton<AccountingTelemetry>();
        services.AddSingleton<EventHub>();
        services.AddSingleton<RollUpBook>();
        services.AddSingleton<RollUpBuilder>();
        services.AddSingleton<RecordIngest>();
        services.AddSingleton<UsageLedger>();
        services.AddSingleton<BudgetBook>();
        services.AddSingleton<BudgetEditor>();
        services.AddSingleton<BudgetUsage>();
        services.AddSingleton<BudgetSignals>();
        services.AddHostedService<BudgetAnnouncer>();
        services.AddHostedService<ReservationSweeper>();
        services.AddSingleton<RetentionSweeper>();
        services.AddHostedService(provider => provider.GetRequiredService<RetentionSweeper>());
        services.AddSingleton<BudgetPreviews>();
        services.AddSingleton<KeyBook>();
        services.AddSingleton<IKeyVerifier>(provider => provider.GetRequiredService<KeyBook>());
        services.AddSingleton<WebhookOutbox>();
        services.AddSingleton<WebhookBook>();
        services.AddSingleton<WebhookClient>();
        services.AddSingleton<WebhookSender>();
        services.AddHostedService(provider => provider.GetRequiredService<WebhookSender>());
        services.AddHttpClient(WebhookClient.Name).WithoutResilience(WebhookClient.Timeout).WithOutgoingUrlPolicy();
        services.AddSingleton<ConfigurationBook>();
        services.AddSingleton<PlanStore>();
        services.AddSingleton<SettingsStore>();
        services.AddSingleton<ThreeEService>();
        services.AddSingleton<UsageQuery>();
        services.AddSingleton<SeriesQuery>();
        services.AddSingleton<SummaryQuery>();
    }
}
