using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Soak;

/// <summary>What came of killing a service again and again.</summary>
/// <param name="Kills">Times it was killed.</param>
/// <param name="Acknowledged">Records that Accounting acknowledged, or requests that Inference had begun to answer.</param>
/// <param name="Problems">What was lost, counted twice or left behind; empty when nothing was.</param>
internal sealed record KillResult(int Kills, int Acknowledged, IReadOnlyList<string> Problems);

/// <summary>
/// Kills Accounting at random moments while requests reserve and records arrive, each batch sent again until it is acknowledged, as Inference's outbox does. At the end
/// every record has to be there once, sums and roll-ups have to be those of the records, and no reservation may be left.
/// </summary>
internal static class AccountingKills
{
    private const int Senders = 4;
    private const int Batch = 25;
    private const string Budget = "day";
    private const double JoulesPerKilowattHour = 3.6e6;

    public static async Task<KillResult> RunAsync(ServiceProcess accounting, int kills, int seed, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        await accounting.StartAsync(cancellation);
        for (int tenant = 0; tenant < Senders; tenant++)
        {
            using HttpResponseMessage made = await accounting.Http.PostAsJsonAsync("api/budgets", new BudgetInput
            {
                Name = Budget,
                Tenant = SampleRecords.Tenant(tenant),
                Quantity = BudgetQuantity.KilowattHours,
                Limit = 1e6,
                Thresholds = [new BudgetThreshold(1, BudgetAction.Block)],
            }, ContractJson.Options, cancellation);
            made.EnsureSuccessStatusCode();
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var acknowledged = new ConcurrentBag<RequestRecord>();
        var moments = new RandomMoments(seed);
        Task[] sending = [.. Enumerable.Range(0, Senders).Select(sender => SendAsync(accounting, sender, seed, acknowledged, moments, stop.Token, cancellation))];
        for (int i = 0; i < kills; i++)
        {
            await moments.WaitAsync(mostAnswers: 2 * Batch, cancellation);
            await accounting.KillAsync();
            await accounting.StartAsync(cancellation);
            progress?.Invoke(i + 1);
        }

        await stop.CancelAsync();
        await Task.WhenAll(sending);
        return new KillResult(kills, acknowledged.Count, await CheckAsync(accounting, [.. acknowledged], cancellation));
    }

    /// <summary>Reserves for each record, then sends all in one batch until it is acknowledged. A batch that has begun is carried to its end.</summary>
    private static async Task SendAsync(ServiceProcess accounting, int sender, int seed, ConcurrentBag<RequestRecord> acknowledged, RandomMoments moments, CancellationToken stop, CancellationToken cancellation)
    {
        var samples = new SampleRecords(seed * 100 + sender);
        while (!stop.IsCancellationRequested)
        {
            RequestRecord[] records = [.. Enumerable.Range(0, Batch).Select(_ => samples.Next(DateTimeOffset.UtcNow.AddSeconds(-3)) with { Tenant = SampleRecords.Tenant(sender), EndedAt = DateTimeOffset.UtcNow })];
            foreach (RequestRecord record in records)
            {
                // A reservation whose answer was lost may have been made all the same; its record settles it.
                await PostAsync(accounting, "api/budgets/reservations", new ReservationRequest
                {
                    RequestId = record.Id,
                    Tenant = record.Tenant,
                    Wanted = new PredictedCost(record.ConfigurationId, 1, 2),
                }, moments, cancellation);
            }

            while (await PostAsync(accounting, "api/records", new RecordBatch(records), moments, cancellation) is not HttpStatusCode.OK)
            {
                await Task.Delay(10, cancellation);
            }

            foreach (RequestRecord record in records)
            {
                acknowledged.Add(record);
            }
        }
    }

    private static async Task<HttpStatusCode?> PostAsync<T>(ServiceProcess accounting, string path, T body, RandomMoments moments, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await accounting.Http.PostAsJsonAsync(path, body, ContractJson.Options, cancellation);
            await response.Content.ReadAsByteArrayAsync(cancellation);
            moments.Answered();
            return response.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<string>> CheckAsync(ServiceProcess accounting, RequestRecord[] sent, CancellationToken cancellation)
    {
        var problems = new List<string>();
        var stored = new Dictionary<string, int>(StringComparer.Ordinal);
        string? next = null;
        do
        {
            Page<RecordView> page = await GetAsync<Page<RecordView>>(accounting, $"api/records?limit=500{(next is null ? "" : $"&cursor={next}")}", cancellation);
            foreach (RecordView view in page.Items)
            {
                stored[view.Record.Id] = stored.GetValueOrDefault(view.Record.Id) + 1;
            }

            next = page.Next;
        }
        while (next is not null);

        int lost = sent.Count(record => !stored.ContainsKey(record.Id));
        int twice = stored.Values.Count(count => count > 1);
        Add(lost > 0, $"{lost} acknowledged records are lost");
        Add(twice > 0, $"{twice} records are stored twice");
        Add(stored.Count != sent.Length, $"{stored.Count} records are stored, {sent.Length} were sent");
        double joules = sent.Sum(record => record.Energy.Joules!.Value.Value);
        Summary summary = await GetAsync<Summary>(accounting, $"api/summary?from={DateTime.UtcNow.AddDays(-2):O}", cancellation);
        Add(summary.Requests != sent.Length, $"the roll-ups count {summary.Requests} requests, {sent.Length} were sent");
        Add(Math.Abs(summary.Joules!.Value - joules) > 1e-9 * joules, $"the roll-ups sum to {summary.Joules.Value} J, the records to {joules} J");
        double used = 0;
        foreach (BudgetStatus budget in await GetAsync<BudgetStatus[]>(accounting, "api/budgets", cancellation))
        {
            used += budget.Used.Value * JoulesPerKilowattHour;
            Add(budget.Reserved != 0, $"{budget.Reserved} kWh are still reserved for {budget.Budget.Tenant}");
        }

        // Around midnight a budget's day may hold less.
        Add(used > joules * (1 + 1e-9), $"the budgets count {used} J, the records sum to {joules} J");
        return problems;

        void Add(bool wrong, FormattableString problem)
        {
            if (wrong)
            {
                problems.Add(FormattableString.Invariant(problem));
            }
        }
    }

    internal static async Task<T> GetAsync<T>(ServiceProcess service, string path, CancellationToken cancellation) =>
        (await service.Http.GetFromJsonAsync<T>(path, ContractJson.Options, cancellation))!;
}
