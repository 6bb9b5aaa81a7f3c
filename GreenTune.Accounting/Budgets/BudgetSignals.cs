using System.Collections.Concurrent;
using System.Threading.Channels;
using GreenTune.Accounting.Events;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Budgets;

/// <summary>Budgets whose standing changed since they were last announced.</summary>
internal sealed class BudgetSignals
{
    private readonly ConcurrentDictionary<Guid, bool> _changed = new();
    private readonly Channel<bool> _any = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Changed(IReadOnlyCollection<Guid> budgets)
    {
        if (budgets.Count == 0)
        {
            return;
        }

        foreach (Guid budget in budgets)
        {
            _changed[budget] = true;
        }

        _any.Writer.TryWrite(true);
    }

    /// <summary>Waits for a change and takes all there are.</summary>
    public async Task<IReadOnlyList<Guid>> TakeAsync(CancellationToken cancellation)
    {
        await _any.Reader.ReadAsync(cancellation);
        Guid[] taken = [.. _changed.Keys];
        foreach (Guid budget in taken)
        {
            _changed.TryRemove(budget, out _);
        }

        return taken;
    }
}

/// <summary>Announces changed budgets to listeners, each at most five times a second however many requests there are.</summary>
internal sealed partial class BudgetAnnouncer(
    BudgetSignals signals, BudgetBook budgets, IDbContextFactory<AccountingDb> contexts, EventHub events, TimeProvider clock, ILogger<BudgetAnnouncer> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            IReadOnlyList<Guid> changed = await signals.TakeAsync(stoppingToken);
            if (!events.HasListeners)
            {
                continue;
            }

            try
            {
                await using AccountingDb db = await contexts.CreateDbContextAsync(stoppingToken);
                foreach (BudgetRow row in await db.Budgets.AsNoTracking().Where(budget => changed.Contains(budget.Id)).ToListAsync(stoppingToken))
                {
                    events.Publish(EventNames.Budget, await budgets.StatusAsync(db, row, stoppingToken));
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // A listener asks again when it needs to; the next change brings the next announcement.
                LogFailed(logger, e);
            }

            await Task.Delay(Pause, clock, stoppingToken);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Changed budgets could not be announced")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
