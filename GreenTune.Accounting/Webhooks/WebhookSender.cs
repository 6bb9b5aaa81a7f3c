using GreenTune.Accounting.Store;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Webhooks;

/// <summary>
/// Makes deliveries that are due, some at once. A delivery is taken for as long as an attempt may last before it is sent, so that several instances on one
/// database do not send it at the same time; one that dies meanwhile leaves it to be sent again: at least once, with the same id.
/// </summary>
internal sealed partial class WebhookSender(
    WebhookOutbox outbox, WebhookClient client, StoreWriter writer, IDbContextFactory<AccountingDb> contexts, TimeProvider clock, ILogger<WebhookSender> logger) : BackgroundService
{
    /// <summary>After these attempts, over about three hours, a delivery is given up.</summary>
    public const int MaxAttempts = 12;

    private const int AtOnce = 8;
    private static readonly TimeSpan First = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Taken = WebhookClient.Timeout * 3;

    /// <summary>Wait after the n-th attempt: 5 s, doubled each time, at most an hour.</summary>
    public static TimeSpan Backoff(int attempts) => TimeSpan.FromSeconds(Math.Min(Longest.TotalSeconds, First.TotalSeconds * Math.Pow(2, attempts - 1)));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await SendDueAsync(stoppingToken) == 0)
                {
                    await outbox.WaitAsync(Idle, clock, stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // The rows are still there: the next round tries again.
                LogFailed(e);
                await Task.Delay(Idle, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>One round.</summary>
    /// <returns>Deliveries that were tried.</returns>
    internal async Task<int> SendDueAsync(CancellationToken cancellation)
    {
        long now = clock.GetUtcNow().UtcTicks;
        List<WebhookDeliveryRow> due;
        await using (AccountingDb db = await contexts.CreateDbContextAsync(cancellation))
        {
            due = await db.Set<WebhookDeliveryRow>().AsNoTracking().Where(delivery => delivery.NextTicks <= now).OrderBy(delivery => delivery.NextTicks).Take(AtOnce).ToListAsync(cancellation);
        }

        await Task.WhenAll(due.Select(delivery => SendAsync(delivery, now, cancellation)));
        return due.Count;
    }

    private async Task SendAsync(WebhookDeliveryRow delivery, long now, CancellationToken cancellation)
    {
        WebhookRow? hook = await writer.WriteAsync(Durability.Relaxed, async (db, token) =>
        {
            long until = now + Taken.Ticks;
            bool mine = await db.Set<WebhookDeliveryRow>().Where(row => row.Id == delivery.Id && row.NextTicks == delivery.NextTicks)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.NextTicks, until), token) == 1;
            return mine ? await db.Set<WebhookRow>().AsNoTracking().SingleOrDefaultAsync(row => row.Id == delivery.WebhookId, token) : null;
        }, cancellation);
        if (hook is null)
        {
            return;
        }

        WebhookAttempt attempt = await client.SendAsync(hook.Url, hook.Secret, delivery.Event, delivery.Id, delivery.Body, cancellation);
        int attempts = delivery.Attempts + 1;
        bool over = attempt.Problem is null || attempt.Hopeless || attempts >= MaxAttempts;
        if (attempt.Problem is not null)
        {
            LogAttempt(hook.Name, attempts, attempt.Problem, over ? "given up" : "will be tried again");
        }

        await writer.WriteAsync(Durability.Relaxed, async (db, token) =>
        {
            if (over)
            {
                await db.Set<WebhookDeliveryRow>().Where(row => row.Id == delivery.Id).ExecuteDeleteAsync(token);
            }
            else
            {
                long next = clock.GetUtcNow().UtcTicks + Backoff(attempts).Ticks;
                await db.Set<WebhookDeliveryRow>().Where(row => row.Id == delivery.Id)
                    .ExecuteUpdateAsync(set => set.SetProperty(row => row.NextTicks, next).SetProperty(row => row.Attempts, attempts), token);
            }

            await NoteAsync(db, hook.Id, attempt, clock.GetUtcNow(), token);
        }, CancellationToken.None);
    }

    /// <summary>Notes at the webhook what came of an attempt.</summary>
    internal static Task NoteAsync(AccountingDb db, Guid id, WebhookAttempt attempt, DateTimeOffset at, CancellationToken cancellation)
    {
        long ticks = at.UtcTicks;
        IQueryable<WebhookRow> hook = db.Set<WebhookRow>().Where(row => row.Id == id);
        return attempt.Problem is { } problem
            ? hook.ExecuteUpdateAsync(set => set.SetProperty(row => row.FailedTicks, ticks).SetProperty(row => row.Problem, problem), cancellation)
            : hook.ExecuteUpdateAsync(set => set.SetProperty(row => row.DeliveredTicks, ticks), cancellation);
    }

    [LoggerMessage(1, LogLevel.Warning, "Attempt {Attempt} to tell the webhook {Name} failed: {Problem} It is {Fate}")]
    private partial void LogAttempt(string name, int attempt, string problem, string fate);

    [LoggerMessage(2, LogLevel.Warning, "Webhooks could not be told")]
    private partial void LogFailed(Exception exception);
}
