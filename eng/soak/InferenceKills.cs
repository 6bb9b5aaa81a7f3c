using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using GreenTune.Core.Contracts;

namespace GreenTune.Soak;

/// <summary>
/// Kills Inference at random moments while clients chat. Every request that a client has seen the beginning or the end of has to arrive as a record, once: answered ones through the
/// outbox (docs/decisions/007), those that were in flight as aborted from the journal (023). What they had reserved has to be free again.
/// </summary>
internal static class InferenceKills
{
    private const int Clients = 4;
    private const string Model = "greentune-nano-int4";
    private const string Tenant = "soak";
    private const string DataPrefix = "data: ";
    private static readonly TimeSpan Expiry = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Delivery = TimeSpan.FromMinutes(2);

    /// <summary>What Accounting needs so that a dead request's reservation is soon over.</summary>
    public static (string Name, string Value) ShortReservations => ("Accounting__ReservationMinutes", "0.1");

    public static async Task<KillResult> RunAsync(ServiceProcess accounting, ServiceProcess inference, int kills, int seed, Action<int>? progress, CancellationToken cancellation)
    {
        await accounting.StartAsync(cancellation);
        using HttpResponseMessage made = await accounting.Http.PostAsJsonAsync("api/budgets", new BudgetInput
        {
            Name = "day",
            Tenant = Tenant,
            Quantity = BudgetQuantity.KilowattHours,
            Limit = 1e6,
            Thresholds = [new BudgetThreshold(1, BudgetAction.Block)],
        }, ContractJson.Options, cancellation);
        made.EnsureSuccessStatusCode();
        await StartInferenceAsync(inference, cancellation);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var seen = new ConcurrentBag<string>();
        var moments = new RandomMoments(seed);
        Task[] chatting = [.. Enumerable.Range(0, Clients).Select(client => ChatAsync(inference, client, seen, moments, stop.Token))];
        for (int i = 0; i < kills; i++)
        {
            await moments.WaitAsync(mostAnswers: 4 * Clients, cancellation);
            await inference.KillAsync();
            await StartInferenceAsync(inference, cancellation);
            progress?.Invoke(i + 1);
        }

        await stop.CancelAsync();
        await Task.WhenAll(chatting);
        return new KillResult(kills, seen.Count, await CheckAsync(accounting, [.. seen], cancellation));
    }

    private static async Task StartInferenceAsync(ServiceProcess inference, CancellationToken cancellation)
    {
        await inference.StartAsync(cancellation);
        while ((await AccountingKills.GetAsync<ConfigurationView[]>(inference, "api/configurations", cancellation)).FirstOrDefault(view => view.Id == Model)?.State != ConfigurationState.Ready)
        {
            await Task.Delay(50, cancellation);
        }
    }

    /// <summary>One request after the other: half the clients wait for the energy, the others stream and know their request's id from its first part on.</summary>
    private static async Task ChatAsync(ServiceProcess inference, int client, ConcurrentBag<string> seen, RandomMoments moments, CancellationToken stop)
    {
        bool streams = client % 2 == 1;
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions");
                request.Headers.Add("x-greentune-tenant", Tenant);
                request.Headers.Add("x-greentune-session", FormattableString.Invariant($"client-{client}"));
                if (!streams)
                {
                    request.Headers.Add("x-greentune-energy", "wait");
                }

                request.Content = JsonContent.Create(new { model = Model, stream = streams, max_tokens = streams ? 64 : 8, messages = new[] { new { role = "user", content = FormattableString.Invariant($"Hi {i}") } } });
                using HttpResponseMessage response = await inference.Http.SendAsync(request, streams ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead, stop);
                if (!response.IsSuccessStatusCode)
                {
                    continue;
                }

                if (!streams)
                {
                    seen.Add(Id(await response.Content.ReadAsStringAsync(stop)));
                    moments.Answered();
                    continue;
                }

                using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(stop));
                bool first = true;
                while (await reader.ReadLineAsync(stop) is { } line)
                {
                    if (first && line.StartsWith(DataPrefix, StringComparison.Ordinal))
                    {
                        seen.Add(Id(line[DataPrefix.Length..]));
                        moments.Answered();
                        first = false;
                    }
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                await Task.Delay(50, CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static string Id(string json) => JsonNode.Parse(json)!["id"]!.GetValue<string>();

    private static async Task<IReadOnlyList<string>> CheckAsync(ServiceProcess accounting, string[] seen, CancellationToken cancellation)
    {
        var problems = new List<string>();
        DateTime patience = DateTime.UtcNow + Delivery;
        Dictionary<string, int> stored;
        Summary summary;
        while (true)
        {
            stored = await StoredAsync(accounting, cancellation);
            summary = await AccountingKills.GetAsync<Summary>(accounting, $"api/summary?tenant={Tenant}&from={DateTime.UtcNow.AddDays(-2):O}", cancellation);
            // What the clients broke off at the end is still on its way, so the two are read until they agree.
            if ((seen.All(stored.ContainsKey) && summary.Requests == stored.Count) || DateTime.UtcNow > patience)
            {
                break;
            }

            await Task.Delay(500, cancellation);
        }

        int lost = seen.Count(id => !stored.ContainsKey(id));
        int twice = stored.Values.Count(count => count > 1);
        if (lost > 0)
        {
            problems.Add(FormattableString.Invariant($"{lost} of {seen.Length} requests that had begun never arrived as records"));
        }

        if (twice > 0)
        {
            problems.Add(FormattableString.Invariant($"{twice} records are stored twice"));
        }

        if (summary.Requests != stored.Count)
        {
            problems.Add(FormattableString.Invariant($"the roll-ups count {summary.Requests} requests, {stored.Count} records are stored"));
        }

        await Task.Delay(Expiry + TimeSpan.FromSeconds(2), cancellation);
        foreach (BudgetStatus budget in await AccountingKills.GetAsync<BudgetStatus[]>(accounting, "api/budgets", cancellation))
        {
            if (budget.Reserved != 0)
            {
                problems.Add(FormattableString.Invariant($"{budget.Reserved} kWh are still reserved for {budget.Budget.Tenant}"));
            }
        }

        return problems;
    }

    private static async Task<Dictionary<string, int>> StoredAsync(ServiceProcess accounting, CancellationToken cancellation)
    {
        var stored = new Dictionary<string, int>(StringComparer.Ordinal);
        string? next = null;
        do
        {
            Page<RecordView> page = await AccountingKills.GetAsync<Page<RecordView>>(accounting, $"api/records?tenant={Tenant}&limit=500{(next is null ? "" : $"&cursor={next}")}", cancellation);
            foreach (RecordView view in page.Items)
            {
                stored[view.Record.Id] = stored.GetValueOrDefault(view.Record.Id) + 1;
            }

            next = page.Next;
        }
        while (next is not null);
        return stored;
    }
}
