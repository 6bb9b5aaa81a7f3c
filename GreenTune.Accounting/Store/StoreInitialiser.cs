using GreenTune.Accounting.Carbon;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace GreenTune.Accounting.Store;

/// <summary>Opens the books before anything is served: takes the file, refuses one of a newer version, brings an older one up to date.</summary>
internal sealed partial class StoreInitialiser(SqliteStore store, IDbContextFactory<AccountingDb> contexts, CarbonPricing pricing, ILogger<StoreInitialiser> logger)
{
    /// <exception cref="StoreStartException">The books cannot be opened; the message says what to do.</exception>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        store.TakeFile();
        try
        {
            await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
            await SqliteStore.PrepareAsync(db, cancellation);
            await RefuseNewerAsync(db, cancellation);
            await SqliteStore.SetDurabilityAsync(db, Durability.Flushed, cancellation);
            await db.Database.MigrateAsync(cancellation);
            await pricing.OpenAsync(cancellation);
            LogOpened(logger, store.Path);
        }
        catch (StoreUnavailableException e)
        {
            throw new StoreStartException($"{store.Path} cannot be written: {e.Message}", e);
        }
        catch (Microsoft.Data.Sqlite.SqliteException e)
        {
            const int NotADatabase = 26;
            throw new StoreStartException(e.SqliteErrorCode == NotADatabase
                ? $"{store.Path} is not a database. Move it away. {SqliteStore.AnotherFolder}"
                : $"{store.Path} cannot be opened: {SqliteStore.Unavailable(e) ?? e.Message}", e);
        }
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
                $"{store.Path} was written by a newer version of GreenTune (migration {unknown[^1]}). Start that version. {SqliteStore.AnotherFolder}");
        }
    }

    [LoggerMessage(1, LogLevel.Information, "The books are in {Path}")]
    private static partial void LogOpened(ILogger logger, string path);
}
