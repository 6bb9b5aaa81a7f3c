using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace GreenTune.Accounting.Store;

/// <summary>Ready when the database can be read and the last write went well; after a failed write it tries one of its own, so that health comes back by itself.</summary>
internal sealed class StoreHealthCheck(IDbContextFactory<AccountingDb> contexts, StoreWriter writer, StoreStatus status, IStoreDialect store) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            if (status.Problem is not null)
            {
                await writer.WriteAsync(Durability.Flushed, ProbeAsync, cancellationToken);
            }

            await using AccountingDb db = await contexts.CreateDbContextAsync(cancellationToken);
            await db.Factors.AsNoTracking().AnyAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (StoreUnavailableException e)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, $"{e.Message} The books are in {store.Place}.");
        }
        catch (Exception e) when (StoreErrors.Unavailable(e) is { } problem)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, $"{problem} The books are in {store.Place}.");
        }
    }

    /// <summary>Takes as much room as a small batch and gives it back.</summary>
    private static async Task ProbeAsync(AccountingDb db, CancellationToken cancellation)
    {
        var probe = new PlanRow { Id = Guid.Empty, Number = -1, Summary = "", Body = new byte[64 * 1024] };
        db.Plans.Add(probe);
        await db.SaveChangesAsync(cancellation);
        db.Plans.Remove(probe);
        await db.SaveChangesAsync(cancellation);
    }
}
