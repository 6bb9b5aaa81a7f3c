using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.RollUps;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace GreenTune.Accounting.Store;

/// <summary>Opens the books before anything is served: takes the database, refuses one of a newer version, brings an older one up to date.</summary>
internal sealed partial class StoreInitialiser(IStoreDialect store, IDbContextFactory<AccountingDb> contexts, CarbonPricing pricing, RollUpBuilder rollUps, ILogger<StoreInitialiser> logger)
{
    /// <exception cref="StoreStartException">The books cannot be opened; the message says what to do.</exception>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        try
        {
            await MigrateAsync(cancellation);
            await pricing.OpenAsync(cancellation);
            await rollUps.EnsureAsync(cancellation);
            LogOpened(logger, store.Place);
        }
        catch (StoreUnavailableException e)
        {
            throw new StoreStartException($"{store.Place} cannot be written: {e.Message}", e);
        }
        catch (Exception e) when (e is not StoreStartException && StartProblem(e) is { } problem)
        {
            throw new StoreStartException(problem, e);
        }
    }

    // A provider may wrap what its driver says.
    private string? StartProblem(Exception? error) => error is null ? null : store.StartProblem(error) ?? StartProblem(error.InnerException);

    /// <summary>Takes the database and brings its tables up to date, and no more.</summary>
    private async Task MigrateAsync(CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        await using IAsyncDisposable alone = await store.TakeAsync(db, cancellation);
        await RefuseNewerAsync(db, cancellation);
        await db.Database.MigrateAsync(cancellation);
    }

    private async Task RefuseNewerAsync(AccountingDb db, CancellationToken cancellation)
    {
        var history = db.GetService<IHistoryRepository>();
        if (!await history.ExistsAsync(cancellation))
        {
            return;
        }

        string[] unknown = [.. (await db.Database.GetAppliedMigrationsAsync(cancellation)).Except(db.Database.GetMigrations())];
        if (unknown.Length > 0)
        {
            throw new StoreStartException(
                $"{store.Place} was written by a newer version of GreenTune (migration {unknown[^1]}). Start that version. {store.Elsewhere}");
        }
    }

    [LoggerMessage(1, LogLevel.Information, "The books are in {Place}")]
    private static partial void LogOpened(ILogger logger, string place);
}
