using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace GreenTune.Accounting.Store;

/// <summary>
/// Runs everything that writes, each in a transaction of its own whose scope no other write touches meanwhile: what is read inside stays true until the
/// commit, so a budget cannot be overdrawn by two requests at once. Waiting here is first come, first served and costs no polling.
/// </summary>
internal sealed class StoreWriter(IDbContextFactory<AccountingDb> contexts, IStoreDialect dialect, StoreStatus status) : IDisposable
{
    /// <summary>Scopes make conflicts rare; one that comes up this often in a row is not one that waiting mends.</summary>
    private const int Attempts = 5;

    private readonly SemaphoreSlim _turn = new(dialect.Writers, dialect.Writers);

    /// <summary>Writes with everything to itself.</summary>
    /// <exception cref="StoreUnavailableException">The disk is full, the database is locked or cannot be reached; nothing was stored.</exception>
    public Task<T> WriteAsync<T>(Durability durability, Func<AccountingDb, CancellationToken, Task<T>> work, CancellationToken cancellation) =>
        WriteAsync(durability, WriteScope.Everything, work, cancellation);

    /// <summary>Writes with a part of the books to itself.</summary>
    /// <param name="durability">Whether the commit waits for the disk.</param>
    /// <param name="scope">What nobody else writes meanwhile; the work may decide over nothing else.</param>
    /// <param name="work">May run again from its beginning after a conflict, in a new transaction: it keeps nothing from one run to the next.</param>
    /// <param name="cancellation">Ends it before the commit.</param>
    /// <exception cref="StoreUnavailableException">The disk is full, the database is locked or cannot be reached; nothing was stored.</exception>
    public async Task<T> WriteAsync<T>(Durability durability, WriteScope scope, Func<AccountingDb, CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    T result = await OnceAsync(durability, scope, work, cancellation);
                    status.Succeeded();
                    return result;
                }
                catch (Exception e) when (attempt < Attempts && StoreErrors.IsConflict(e))
                {
                    // The other one has won, so the next attempt starts after it.
                }
            }
        }
        catch (Exception e) when (StoreErrors.Unavailable(e) is { } problem)
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
        WriteAsync(durability, WriteScope.Everything, async (db, token) =>
        {
            await work(db, token);
            return true;
        }, cancellation);

    public void Dispose() => _turn.Dispose();

    private async Task<T> OnceAsync<T>(Durability durability, WriteScope scope, Func<AccountingDb, CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        await using IDbContextTransaction transaction = await dialect.BeginAsync(db, durability, scope, cancellation);
        T result = await work(db, cancellation);
        // A commit that has begun is finished even if the caller has gone away.
        await transaction.CommitAsync(CancellationToken.None);
        return result;
    }
}
