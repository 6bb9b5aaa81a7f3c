using System.Net;
using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Accounting;

/// <summary>Accounting's API as Inference uses it (docs/http-api.md).</summary>
internal sealed class AccountingClient(HttpClient http)
{
    /// <summary>Name of the client whose streams are not cut by time-outs.</summary>
    public const string StreamClient = "accounting-events";

    public Task<IReadOnlyList<IngestRefusal>> SendRecordsAsync(IReadOnlyList<JsonElement> records, CancellationToken cancellation) =>
        IngestAsync("api/records", new { records }, cancellation);

    public Task<IReadOnlyList<IngestRefusal>> SendPeriodsAsync(IReadOnlyList<JsonElement> periods, CancellationToken cancellation) =>
        IngestAsync("api/periods", new { periods }, cancellation);

    public Task<IReadOnlyList<IngestRefusal>> SendConfigurationsAsync(IReadOnlyList<ConfigurationReport> configurations, CancellationToken cancellation) =>
        IngestAsync("api/configurations", new ConfigurationBatch(configurations), cancellation);

    /// <summary>A plan is taken whole or refused whole.</summary>
    public async Task<IReadOnlyList<IngestRefusal>> SendPlanAsync(JsonElement plan, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await http.PostAsJsonAsync("api/plans", plan, ContractJson.Options, cancellation);
        await ThrowIfRefusedAsync(response, cancellation);
        return [];
    }

    public async Task<ReservationDecision> ReserveAsync(ReservationRequest request, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await http.PostAsJsonAsync("api/budgets/reservations", request, ContractJson.Options, cancellation);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<ReservationDecision>(ContractJson.Options, cancellation)
            ?? throw new HttpRequestException("Accounting answered a reservation with nothing.");
    }

    public async Task ReleaseAsync(string requestId, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await http.DeleteAsync(new Uri($"api/budgets/reservations/{Uri.EscapeDataString(requestId)}", UriKind.Relative), cancellation);
        response.EnsureSuccessStatusCode();
    }

    public async Task<CarbonFactor?> FactorAsync(CancellationToken cancellation) =>
        await http.GetFromJsonAsync<CarbonFactor>("api/carbon", ContractJson.Options, cancellation);

    public async Task<BudgetStatus[]?> BudgetsAsync(CancellationToken cancellation) =>
        await http.GetFromJsonAsync<BudgetStatus[]>("api/budgets", ContractJson.Options, cancellation);

    private async Task<IReadOnlyList<IngestRefusal>> IngestAsync<T>(string path, T body, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await http.PostAsJsonAsync(path, body, ContractJson.Options, cancellation);
        await ThrowIfRefusedAsync(response, cancellation);
        IngestResult? result = await response.Content.ReadFromJsonAsync<IngestResult>(ContractJson.Options, cancellation);
        return result?.Refused ?? [];
    }

    private static async Task ThrowIfRefusedAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity or HttpStatusCode.RequestEntityTooLarge)
        {
            string reason = await response.Content.ReadAsStringAsync(cancellation);
            throw new RefusedException(reason.Length > 0 ? reason : $"Accounting answered {(int)response.StatusCode} {response.StatusCode}.");
        }

        response.EnsureSuccessStatusCode();
    }
}

/// <summary>Accounting did not understand what it was sent: sending it again would go on for ever.</summary>
internal sealed class RefusedException(string reason) : Exception(reason);
