using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace GreenTune.Accounting.Store;

/// <summary>Whether a commit waits for the disk.</summary>
internal enum Durability
{
    /// <summary>
    /// It does: once a batch has been acknowledged, the sender forgets it, so it has to survive a power cut. SQLite's synchronous=FULL, PostgreSQL's
    /// synchronous_commit=on.
    /// </summary>
    Flushed,

    /// <summary>
    /// It does not: a power cut may take the last commits, a crash of the process never does, and neither harms the database. For reservations, which mean
    /// nothing after a power cut because the requests died with it. SQLite's synchronous=NORMAL, PostgreSQL's synchronous_commit=off.
    /// </summary>
    Relaxed,
}

/// <summary>What is a database's own: how it is reached and taken, how writes take turns, and how its errors read. SQLite or PostgreSQL.</summary>
internal interface IStoreDialect : IDisposable
{
    /// <summary>Where the books are, in words that may be shown: never a password.</summary>
    string Place { get; }

    /// <summary>How to name another place, as a sentence for an error message.</summary>
    string Elsewhere { get; }

    /// <summary>Most writes that this process begins at once; more wait their turn here.</summary>
    int Writers { get; }

    void Configure(DbContextOptionsBuilder options);

    /// <summary>Makes the database this process's to open: takes a file, checks a server. Runs before migrations.</summary>
    /// <returns>Holds off other processes that would migrate at the same time, until disposed.</returns>
    /// <exception cref="StoreStartException">It cannot be opened; the message says what to do.</exception>
    Task<IAsyncDisposable> TakeAsync(AccountingDb db, CancellationToken cancellation);

    /// <summary>
    /// Begins a write. What is read inside about the scope's keys stays true until the commit, whoever else writes, in this process or another.
    /// </summary>
    Task<IDbContextTransaction> BeginAsync(AccountingDb db, Durability durability, WriteScope scope, CancellationToken cancellation);

    /// <summary>Why the books cannot be opened, with what to do; null when the error is not the database's.</summary>
    string? StartProblem(Exception error);
}
