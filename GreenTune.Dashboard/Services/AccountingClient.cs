using System.Globalization;
using System.Net.ServerSentEvents;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Access;

namespace GreenTune.Dashboard.Services;

/// <summary>Accounting's API (docs/http-api.md). Every method throws <see cref="ServiceException"/> when there is no answer.</summary>
public sealed class AccountingClient(HttpClient http, SignedIn? user = null) : ServiceClient(http, ServiceNames.Accounting, user)
{
    public Task<Page<RecordView>> GetRecordsAsync(RecordFilter filter, string? cursor, int limit, CancellationToken cancellationToken) =>
        GetAsync<Page<RecordView>>("api/records" + filter.ToQuery(cursor, limit), cancellationToken);

    public Task<RecordView> GetRecordAsync(string id, CancellationToken cancellationToken) =>
        GetAsync<RecordView>("api/records/" + Uri.EscapeDataString(id), cancellationToken);

    public Task<IReadOnlyList<string>> GetTenantsAsync(CancellationToken cancellationToken) => GetAsync<IReadOnlyList<string>>("api/tenants", cancellationToken);

    /// <summary>What a period cost.</summary>
    /// <param name="period">"today", "7d" or "30d".</param>
    /// <param name="tenant">One tenant; null for all.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Summary> GetSummaryAsync(string period, string? tenant, CancellationToken cancellationToken) =>
        GetAsync<Summary>("api/summary" + Query.Of(("period", period), ("tenant", tenant)), cancellationToken);

    public Task<IReadOnlyList<BudgetStatus>> GetBudgetsAsync(CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<BudgetStatus>>("api/budgets", cancellationToken);

    public Task<BudgetStatus> CreateBudgetAsync(BudgetInput input, CancellationToken cancellationToken) =>
        SendAsync<BudgetStatus>(HttpMethod.Post, "api/budgets", input, cancellationToken);

    public Task<BudgetStatus> UpdateBudgetAsync(Guid id, BudgetInput input, CancellationToken cancellationToken) =>
        SendAsync<BudgetStatus>(HttpMethod.Put, "api/budgets/" + id, input, cancellationToken);

    public async Task DeleteBudgetAsync(Guid id, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Delete, "api/budgets/" + id, null, cancellationToken);
    }

    /// <summary>What a budget would have done to requests of the past; nothing is saved.</summary>
    public Task<BudgetPreview> TryBudgetAsync(BudgetPreviewRequest request, CancellationToken cancellationToken) =>
        SendAsync<BudgetPreview>(HttpMethod.Post, "api/budgets/preview", request, cancellationToken);

    public Task<IReadOnlyList<UsagePoint>> GetBudgetUsageAsync(Guid id, CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<UsagePoint>>($"api/budgets/{id}/usage", cancellationToken);

    public Task<Page<BudgetDecision>> GetDecisionsAsync(Guid? budget, string? cursor, int limit, CancellationToken cancellationToken) =>
        GetAsync<Page<BudgetDecision>>(
            "api/budgets/decisions" + Query.Of(("budget", budget?.ToString()), ("cursor", cursor), ("limit", limit.ToString(CultureInfo.InvariantCulture))),
            cancellationToken);

    /// <summary>What a span of one's own cost, over all tenants.</summary>
    public Task<Summary> GetSummaryAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) =>
        GetAsync<Summary>("api/summary" + Query.Of(("from", Query.Time(from)), ("to", Query.Time(to))), cancellationToken);

    /// <summary>The factor that records of this hour are priced with.</summary>
    public Task<CarbonFactor> GetFactorAsync(CancellationToken cancellationToken) => GetAsync<CarbonFactor>("api/carbon", cancellationToken);

    /// <summary>The marginal intensity of now; <see cref="ServiceFailure.NotFound"/> with the reason when there is none.</summary>
    public Task<CarbonFactor> GetMarginalAsync(CancellationToken cancellationToken) => GetAsync<CarbonFactor>("api/carbon/marginal", cancellationToken);

    /// <summary>The hours ahead.</summary>
    /// <param name="signal">Which chain.</param>
    /// <param name="hours">1 to 72.</param>
    /// <param name="greenest">How many of the greenest to name, 1 to 24.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<CarbonForecast> GetForecastAsync(CarbonSignal signal, int hours, int greenest, CancellationToken cancellationToken) =>
        GetAsync<CarbonForecast>(
            "api/carbon/forecast" + Query.Of(
                ("signal", Query.Word(signal)), ("hours", hours.ToString(CultureInfo.InvariantCulture)), ("greenest", greenest.ToString(CultureInfo.InvariantCulture))),
            cancellationToken);

    public Task<IReadOnlyList<CarbonSourceState>> GetCarbonSourcesAsync(CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<CarbonSourceState>>("api/carbon/sources", cancellationToken);

    public Task<IReadOnlyList<CarbonZone>> GetCarbonZonesAsync(CancellationToken cancellationToken) => GetAsync<IReadOnlyList<CarbonZone>>("api/carbon/zones", cancellationToken);

    public Task<IReadOnlyList<Restatement>> GetRestatementsAsync(CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<Restatement>>("api/carbon/restatements", cancellationToken);

    public Task<Restatement> MakeRestatementAsync(RestatementInput input, CancellationToken cancellationToken) =>
        SendAsync<Restatement>(HttpMethod.Post, "api/carbon/restatements", input, cancellationToken);

    /// <summary>All keys, newest first, without the keys themselves.</summary>
    public Task<IReadOnlyList<KeyView>> GetKeysAsync(CancellationToken cancellationToken) => GetAsync<IReadOnlyList<KeyView>>("api/keys", cancellationToken);

    /// <summary>Makes a key; the answer is the only place that shows it.</summary>
    public Task<KeyCreated> CreateKeyAsync(KeyInput input, CancellationToken cancellationToken) =>
        SendAsync<KeyCreated>(HttpMethod.Post, "api/keys", input, cancellationToken);

    public Task<KeyView> RevokeKeyAsync(Guid id, CancellationToken cancellationToken) => SendAsync<KeyView>(HttpMethod.Delete, "api/keys/" + id, null, cancellationToken);

    public Task<IReadOnlyList<WebhookView>> GetWebhooksAsync(CancellationToken cancellationToken) => GetAsync<IReadOnlyList<WebhookView>>("api/webhooks", cancellationToken);

    /// <summary>Makes a webhook; the answer is the only place that shows its secret.</summary>
    public Task<WebhookCreated> CreateWebhookAsync(WebhookInput input, CancellationToken cancellationToken) =>
        SendAsync<WebhookCreated>(HttpMethod.Post, "api/webhooks", input, cancellationToken);

    public Task<WebhookView> UpdateWebhookAsync(Guid id, WebhookInput input, CancellationToken cancellationToken) =>
        SendAsync<WebhookView>(HttpMethod.Put, "api/webhooks/" + id, input, cancellationToken);

    public async Task DeleteWebhookAsync(Guid id, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Delete, "api/webhooks/" + id, null, cancellationToken);
    }

    /// <summary>Sends a delivery without content now; the receiver may take ten seconds.</summary>
    public Task<WebhookTest> TestWebhookAsync(Guid id, CancellationToken cancellationToken) =>
        SendAsync<WebhookTest>(HttpMethod.Post, $"api/webhooks/{id}/test", null, cancellationToken);

    public Task<ThreeEView> GetThreeEAsync(CancellationToken cancellationToken) => GetAsync<ThreeEView>("api/threee", cancellationToken);

    /// <summary>What Compare would show with these settings; nothing is saved.</summary>
    public Task<ThreeEView> PreviewThreeEAsync(ThreeESettingsInput settings, CancellationToken cancellationToken) =>
        GetAsync<ThreeEView>(
            "api/threee/preview" + Query.Of(
                ("energy", Query.Number(settings.Weights.Energy)),
                ("efficiency", Query.Number(settings.Weights.Efficiency)),
                ("effectiveness", Query.Number(settings.Weights.Effectiveness)),
                ("floor", Query.Number(settings.Floor)),
                ("reference", settings.Reference),
                ("pinned", settings.Pinned)),
            cancellationToken);

    public Task<WeightTriangle> GetTriangleAsync(double floor, string? reference, int steps, CancellationToken cancellationToken) =>
        GetAsync<WeightTriangle>(
            "api/threee/triangle" + Query.Of(("floor", Query.Number(floor)), ("reference", reference), ("steps", steps.ToString(CultureInfo.InvariantCulture))),
            cancellationToken);

    public Task<ThreeEView> SaveThreeEAsync(ThreeESettingsInput settings, CancellationToken cancellationToken) =>
        SendAsync<ThreeEView>(HttpMethod.Put, "api/threee/settings", settings, cancellationToken);

    /// <summary>The stream of events; ends when the service closes it, throws when it breaks.</summary>
    internal IAsyncEnumerable<SseItem<string>> StreamEventsAsync(Action connected, CancellationToken cancellationToken) =>
        EventStream.ReadAsync(Http, "api/events", connected, cancellationToken);
}
