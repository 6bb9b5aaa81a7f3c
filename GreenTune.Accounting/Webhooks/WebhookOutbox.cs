using System.Text.Json;
using System.Threading.Channels;
using GreenTune.Accounting.Budgets;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Webhooks;

/// <summary>Enters deliveries in the transaction of what they tell of, and wakes who makes them.</summary>
internal sealed class WebhookOutbox
{
    /// <summary>Deliveries that wait for one webhook; a receiver that is away for so long hears of no more until it is back.</summary>
    public const int MaxWaiting = 1000;

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <returns>Whether anything was entered.</returns>
    public static async Task<bool> QueueAsync(
        AccountingDb db, Budget budget, DecisionRow line, double fraction, DateTimeOffset resetsAt, DateTimeOffset now, CancellationToken cancellation)
    {
        List<WebhookRow> hooks = await db.Set<WebhookRow>().AsNoTracking().Where(hook => !hook.Paused && (hook.BudgetId == null || hook.BudgetId == budget.Id)).ToListAsync(cancellation);
        hooks.RemoveAll(hook => !hook.Actions.Split(',').Contains(line.Action));
        if (hooks.Count == 0)
        {
            return false;
        }

        // The line's number is in what is told.
        await db.SaveChangesAsync(cancellation);
        bool any = false;
        foreach (WebhookRow hook in hooks)
        {
            if (await db.Set<WebhookDeliveryRow>().CountAsync(delivery => delivery.WebhookId == hook.Id, cancellation) >= MaxWaiting)
            {
                continue;
            }

            var told = new WebhookEvent
            {
                Id = Guid.CreateVersion7(now),
                Event = $"budget.{line.Action}",
                At = now,
                Budget = budget,
                Decision = BudgetMapping.ToDecision(line),
                Fraction = fraction,
                ResetsAt = resetsAt,
            };
            db.Add(Delivery(hook.Id, told, now));
            any = true;
        }

        return any;
    }

    /// <summary>Something may have been entered.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Waits until something was entered, or for so long.</summary>
    public async Task WaitAsync(TimeSpan longest, TimeProvider clock, CancellationToken cancellation)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAny(_wake.Reader.WaitToReadAsync(waiting.Token).AsTask(), Task.Delay(longest, clock, waiting.Token));
        _wake.Reader.TryRead(out _);
        await waiting.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
    }

    private static WebhookDeliveryRow Delivery(Guid hook, WebhookEvent told, DateTimeOffset now) => new()
    {
        Id = told.Id,
        WebhookId = hook,
        Event = told.Event,
        Body = JsonSerializer.Serialize(told, ContractJson.Options),
        CreatedTicks = now.UtcTicks,
        NextTicks = now.UtcTicks,
    };
}
