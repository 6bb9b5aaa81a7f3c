using System.Net.ServerSentEvents;
using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Budgets;
using GreenTune.Inference.Selection;
using GreenTune.ServiceDefaults.Access;

namespace GreenTune.Inference.Accounting;

/// <summary>
/// Follows Accounting's events: what `auto` serves, which tenants have a budget, the carbon factor in force. While it is disconnected the last
/// choice of `auto` stays and every request asks about its budget.
/// </summary>
internal sealed partial class AccountingFeed(
    IHttpClientFactory clients,
    AccountingClient accounting,
    AutoSelector selector,
    BudgetBook budgets,
    CarbonFactorCache factor,
    RemoteKeys keys,
    TimeProvider clock,
    ILogger<AccountingFeed> logger) : BackgroundService
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        TimeSpan delay = Shortest;
        bool away = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                using HttpClient http = clients.CreateClient(AccountingClient.StreamClient);
                using HttpResponseMessage response = await http.GetAsync(new Uri("api/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, stoppingToken);
                response.EnsureSuccessStatusCode();
                await using Stream stream = await response.Content.ReadAsStreamAsync(stoppingToken);

                // What is there already is read after the stream is open, so that no change falls between the two.
                budgets.Replace(await accounting.BudgetsAsync(stoppingToken) ?? []);
                factor.Set(await accounting.FactorAsync(stoppingToken));
                // What was revoked while nobody listened was not heard.
                keys.Recheck();
                delay = Shortest;
                away = false;
                await foreach (SseItem<string> item in SseParser.Create(stream).EnumerateAsync(stoppingToken))
                {
                    Apply(item);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException or OperationCanceledException or Polly.ExecutionRejectedException)
            {
                if (!away)
                {
                    away = true;
                    LogAway(e.Message);
                }
            }

            budgets.Forget();
            await Task.Delay(delay, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 < Longest ? delay * 2 : Longest;
        }
    }

    private void Apply(SseItem<string> item)
    {
        switch (item.EventType)
        {
            case EventNames.Auto when Read<AutoChoice>(item.Data) is { } choice:
                selector.Set(choice);
                break;
            case EventNames.Budget when Read<BudgetStatus>(item.Data) is { } status:
                budgets.Set(status.Budget);
                break;
            case EventNames.BudgetDeleted when Read<BudgetDeleted>(item.Data) is { } deleted:
                budgets.Remove(deleted.Id);
                break;
            case EventNames.KeyRevoked when Read<KeyRevoked>(item.Data) is { } revoked:
                keys.Forget(revoked.Id);
                break;
        }
    }

    private static T? Read<T>(string json) => JsonSerializer.Deserialize<T>(json, ContractJson.Options);

    [LoggerMessage(1, LogLevel.Warning, "Accounting's events cannot be followed now ({Reason}); auto keeps its last choice")]
    private partial void LogAway(string reason);
}
