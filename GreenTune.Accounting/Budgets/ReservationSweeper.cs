using GreenTune.Accounting.Store;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Budgets;

/// <summary>
/// Takes away reservations whose requests died and the kept sums of windows long gone. Neither counts any more when this runs; it keeps the tables small and
/// tells listeners that there is room again.
/// </summary>
internal sealed partial class ReservationSweeper(
    StoreWriter writer, IDbContextFactory<AccountingDb> contexts, BudgetSignals signals, TimeProvider clock, ILogger<ReservationSweeper> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(logger, e);
            }
        }
    }

    private async Task SweepAsync(CancellationToken cancellation)
    {
        long now = clock.GetUtcNow().UtcTicks;
        string[] tenants;
        await using (AccountingDb db = await contexts.CreateDbContextAsync(cancellation))
        {
            tenants = await db.Reservations.Where(reservation => reservation.ExpiresTicks <= now).Select(reservation => reservation.Tenant).Distinct().ToArrayAsync(cancellation);
            if (tenants.Length == 0 && !await db.Set<UsageSliceRow>().AnyAsync(slice => slice.DropTicks < now, cancellation))
            {
                return;
            }
        }

        Guid[] changed = await writer.WriteAsync(Durability.Relaxed, async (db, token) =>
        {
            int dropped = await db.Reservations.Where(reservation => reservation.ExpiresTicks <= now).ExecuteDeleteAsync(token);
            if (dropped > 0)
            {
                LogExpired(logger, dropped);
            }

            await db.Set<UsageSliceRow>().Where(slice => slice.DropTicks < now).ExecuteDeleteAsync(token);
            return await db.Budgets.Where(budget => budget.Tenant == "" || tenants.Contains(budget.Tenant)).Select(budget => budget.Id).ToArrayAsync(token);
        }, cancellation);
        signals.Changed(changed);
    }

    [LoggerMessage(1, LogLevel.Warning, "{Count} reservations expired: their requests neither reported back nor were released")]
    private static partial void LogExpired(ILogger logger, int count);

    [LoggerMessage(2, LogLevel.Warning, "Expired reservations could not be taken away")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
