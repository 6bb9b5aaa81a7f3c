using GreenTune.Accounting.Carbon;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace GreenTune.Accounting.Store;

/// <summary>Opens the books before anything is served: takes the file, refuses one of a newer version, brings an older one up to date.</summary>
internal sealed partial class StoreInitialiser(SqliteStore store, IDbContextFactory<AccountingDb> contexts, CarbonPricing pricing, ILogger<StoreInitialiser> logger) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        store.TakeFile();
        try
        {
            await using AccountingDb db = await contexts.CreateDbContextAsync(cancellationToken);
            await SqliteStore.PrepareAsync(db, cancellationToken);
            await RefuseNewerAsync(db, cancellationToken);
            await SqliteStore.SetDurabilityAsync(db, Durability.Flushed, cancellationToken);
            await db.Database.MigrateAsync(cancellationToken);
            await pricing.OpenAsync(cancellationToken);
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
                ? $"{store.Path} is not a database. Move it away, or name another data directory with {DataFolder.Key}."
                : $"{store.Path} cannot be opened: {SqliteStore.Unavailable(e) ?? e.Message}", e);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

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
                $"{store.Path} was written by a newer version of GreenTune (migration {unknown[^1]}). Start that version, or name another data directory with {DataFolder.Key} (environment Data__Directory).");
        }
    }

    [LoggerMessage(1, LogLevel.Information, "The books are in {Path}")]
    private static partial void LogOpened(ILogger logger, string path);
}
