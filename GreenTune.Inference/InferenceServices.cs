using System.Diagnostics.Metrics;
using GreenTune.Core.Attribution;
using GreenTune.Inference.Access;
using GreenTune.Inference.Accounting;
using GreenTune.Inference.Adapters;
using GreenTune.Inference.Budgets;
using GreenTune.Inference.Chat;
using GreenTune.Inference.Chat.Constraints;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Energy;
using GreenTune.Inference.Engine;
using GreenTune.Inference.External;
using GreenTune.Inference.Engine.Scheduling;
using GreenTune.Inference.Models;
using GreenTune.Inference.Plans;
using GreenTune.Inference.Records;
using GreenTune.Inference.Selection;
using GreenTune.Inference.Telemetry;
using GreenTune.Metering;
using GreenTune.Models.Catalog;
using GreenTune.Models.Store;
using GreenTune.ServiceDefaults.Access;
using GreenTune.ServiceDefaults.Data;
using GreenTune.ServiceDefaults.Resilience;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference;

/// <summary>What the service is made of.</summary>
internal static class InferenceServices
{
    private const string DataFolder = "inference";
    private const string JournalFolder = "journal";
    private static readonly Uri AccountingAddress = new("http://accounting");

    public static void AddInference(this WebApplicationBuilder builder)
    {
        IServiceCollection services = builder.Services;
        services.AddOptions<InferenceOptions>().BindConfiguration(InferenceOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<InferenceOptions>, InferenceOptionsValidator>();
        services.AddOptions<ModelStoreOptions>().BindConfiguration(ModelStoreOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ModelStoreOptions>, CatalogCheck>();
        services.AddOptions<MeteringOptions>().BindConfiguration(MeteringOptions.Section)
            .PostConfigure<DataDirectory>((metering, data) => metering.BaselineFile ??= Path.Combine(data.Folder(DataFolder), MeterMemory.BaselineFile))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<MeteringOptions>, MeteringOptionsCheck>();

        builder.AddAccess(InferenceAccess.Matrix);
        services.AddSingleton<IAccessRefusalWriter, EnvelopeRefusalWriter>();
        RemoteKeys.Add(services);

        services.AddSingleton<InferenceTelemetry>();
        services.AddSingleton(provider => new MeteringTelemetry(provider.GetRequiredService<IMeterFactory>()));
        services.AddEngine();
        services.AddAccounting();
        services.AddRecords();

        services.AddSingleton(provider => AdapterFolder.Of(provider.GetRequiredService<IOptions<InferenceOptions>>().Value, Data(provider)));
        services.AddSingleton<AdapterRegistry>();
        services.AddSingleton<ModelResolver>();
        ConnectionLimits.Add(services);
        services.AddSingleton<ConstraintFactory>();
        services.AddSingleton<GenerationService>();
        services.AddSingleton<RecordLocation>();
        services.AddSingleton<AnswerSender>();
        services.AddSingleton<ChatCompletionsApi>();
        services.AddSingleton<CompletionsApi>();

        services.AddSingleton(provider => new SentimentSetFile(provider.GetRequiredService<ModelStore>().SourceFolder));
        services.AddHosted<PlanService>();
        services.AddModelLibrary();
        services.AddExternal();

        services.AddHealthChecks().AddCheck<ReadinessCheck>("configurations").AddCheck<OutboxCheck>("outbox");
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.RespectNullableAnnotations = true);
    }

    public static void MapInference(this WebApplication app)
    {
        // Before a request's body is read or passed on to an engine elsewhere.
        app.UseAccess();
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase), v1 => v1.UseMiddleware<ApiErrorMiddleware>().UseMiddleware<ExternalRouting>());
        ChatCompletionsApi.Map(app);
        CompletionsApi.Map(app);
        ModelsApi.Map(app);
        ConfigurationsApi.Map(app);
        AdaptersApi.Map(app);
        ExternalApi.Map(app);
        MeterApi.Map(app);
        ProfilesApi.Map(app);
        PlansApi.Map(app);
        ModelLibraryApi.Map(app);
    }

    private static void AddEngine(this IServiceCollection services)
    {
        services.AddSingleton(provider =>
        {
            InferenceOptions options = provider.GetRequiredService<IOptions<InferenceOptions>>().Value;
            return ExecutionProvider.Choose(options.Device, options.Threads, options.CudaKernels, provider.GetRequiredService<ILogger<ExecutionProvider>>());
        });
        services.AddSingleton(provider => ModelStore.Open(provider.GetRequiredService<IOptions<ModelStoreOptions>>().Value, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => ConfigurationCatalog.Create(
            provider.GetRequiredService<IOptions<InferenceOptions>>().Value,
            provider.GetRequiredService<ModelStore>(),
            provider.GetRequiredService<ExecutionProvider>().Cuda));
        services.AddSingleton(provider => new MeterFactory(
                provider.GetRequiredService<IOptions<MeteringOptions>>().Value,
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<MeterFactory>>(),
                provider.GetRequiredService<MeteringTelemetry>())
            .Create(provider.GetRequiredService<ExecutionProvider>().Cuda ? DeviceComponent.Gpu : DeviceComponent.Cpu, remembered: provider.GetRequiredService<MeterMemory>().Load()));
        services.AddSingleton(provider => new MeterMemory(Data(provider), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<MeterMemory>>()));
        services.AddHostedService<MeterMemoryKeeper>();
        services.AddSingleton(provider => new DeviceEngine(
            provider.GetRequiredService<IDeviceMeter>(),
            SchedulingSettings.Of(provider.GetRequiredService<IOptions<InferenceOptions>>().Value, provider.GetRequiredService<ExecutionProvider>().Cuda),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<DeviceEngine>>()));
        services.AddSingleton<IEngine>(provider => provider.GetRequiredService<DeviceEngine>());
        services.AddSingleton<WarmUp>();
        services.AddSingleton<Residency>();
        services.AddHostedService<EngineDrain>();
        services.AddOptions<HostOptions>().PostConfigure<IOptions<InferenceOptions>>((host, options) =>
        {
            // The web server waits for its answers as long as the engine may go on with them, and a moment more.
            TimeSpan drain = TimeSpan.FromSeconds(options.Value.DrainSeconds + 1);
            host.ShutdownTimeout = drain > host.ShutdownTimeout ? drain : host.ShutdownTimeout;
        });
        services.AddHostedService<ConfigurationLoader>();
    }

    private static void AddModelLibrary(this IServiceCollection services)
    {
        services.AddOptions<HubSettings>().BindConfiguration(HubSettings.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<HubSettings>, HubSettingsCheck>();
        services.AddSingleton(provider => ModelCatalog.Open(provider.GetRequiredService<ModelStore>().SourceFolder, provider.GetRequiredService<IOptions<ModelStoreOptions>>().Value.Catalog));
        services.AddHosted<ModelJobs>();
        services.AddSingleton<ModelWork>();
    }

    private static void AddExternal(this IServiceCollection services)
    {
        services.AddOptions<ExternalOptions>().BindConfiguration(ExternalOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ExternalOptions>, ExternalOptionsCheck>();
        services.AddSingleton(provider => new ExternalRegistry(
            provider.GetRequiredService<ConfigurationRegistry>(),
            provider.GetRequiredService<IOptions<ExternalOptions>>(),
            Data(provider),
            provider.GetRequiredService<ILogger<ExternalRegistry>>()));
        services.AddSingleton<OverlapSteps>();
        services.AddSingleton<ExternalUsage>();
        services.AddSingleton<ExternalProxy>();
        services.AddHosted<UpstreamProbe>();
    }

    private static void AddAccounting(this IServiceCollection services)
    {
        services.AddHttpClient<AccountingClient>(http => http.BaseAddress = AccountingAddress);
        services.AddHttpClient(AccountingClient.StreamClient, http => http.BaseAddress = AccountingAddress).WithoutResilience();
        services.AddSingleton<CarbonFactorCache>();
        services.AddSingleton<BudgetBook>();
        services.AddSingleton<BudgetGate>();
        services.AddSingleton(provider => new AutoSelector(Data(provider), provider.GetRequiredService<ILogger<AutoSelector>>()));
        services.AddHostedService<AccountingFeed>();
    }

    private static void AddRecords(this IServiceCollection services)
    {
        services.AddSingleton(provider => new Outbox(
            Path.Combine(Data(provider), "outbox"),
            provider.GetRequiredService<IOptions<InferenceOptions>>().Value.OutboxLimitBytes,
            provider.GetRequiredService<ILogger<Outbox>>()));
        services.AddSingleton(provider => new RequestJournal(
            Path.Combine(Data(provider), JournalFolder),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RequestJournal>>()));
        services.AddHostedService(provider => new JournalRecovery(
            Path.Combine(Data(provider), JournalFolder),
            provider.GetRequiredService<Outbox>(),
            provider.GetRequiredService<ILogger<JournalRecovery>>()));
        services.AddHostedService<OutboxSender>();
        services.AddSingleton(provider => new EnergyPredictor(
            Data(provider),
            provider.GetRequiredService<IDeviceMeter>().DeviceId,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<EnergyPredictor>>()));
        services.AddHostedService(provider => provider.GetRequiredService<EnergyPredictor>());
        services.AddHosted<RecordPipeline>();
        services.AddHostedService<PeriodCutter>();
        services.AddHosted<ConfigurationReporter>();
    }

    private static void AddHosted<T>(this IServiceCollection services)
        where T : class, IHostedService
    {
        services.AddSingleton<T>();
        services.AddHostedService(provider => provider.GetRequiredService<T>());
    }

    private static string Data(IServiceProvider provider) => provider.GetRequiredService<DataDirectory>().Folder(DataFolder);
}
