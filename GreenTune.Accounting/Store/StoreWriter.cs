using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace GreenTune.Accounting.Store;

/// <summary>
/// Runs everything that writes, one after the other, each in a transaction of its own. SQLite has one writer at a time anyway; waiting here is first come,
/// first served and costs no polling. What is read inside stays true until the commit, so a budget cannot be overdrawn by two requests at once.
/// </summary>
internal sealed class StoreWriter(IDbContextFactory<AccountingDb> contexts, StoreStatus status) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <exception cref="StoreUnavailableException">The disk is full, the file is locked or cannot be written; nothing was stored.</exception>
    public async Task<T> WriteAsync<T>(Durability durability, Func<AccountingDb, CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
            await SqliteStore.SetDurabilityAsync(db, durability, cancellation);
            // Takes the write lock at once, so that a second process cannot slip in between reading and writing.
            await using IDbContextTransaction transaction = await db.Database.BeginTransactionAsync(cancellation);
            T result = await work(db, cancellation);
            // A commit that has begun is finished even if the caller has gone away.
            await transaction.CommitAsync(CancellationToken.None);
            status.Succeeded();
            return result;
        }
        catch (Exception e) when (SqliteStore.Unavailable(e) is { } problem)
        {
            status.Failed(problem);
            throw new StoreUnavailableException(problem, e);
        }
        finally
        {
            _turn.Release();
        }
    }

    public Task WriteAsync(Durability durability, Func<AccountingDb, CancellationToken, Task> work, CancellationToken cancellation) =>
        WriteAsync(durability, async (db, token) =>
        {
            await work(db, token);
            return true;
        }, cancellation);

    public void Dispose() => _turn.Dispose();
}
