using System.Data.Common;
using GreenTune.ServiceDefaults.Data;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Store;

/// <summary>
/// Everything that is SQLite's alone: the file and its lock, pragmas, and which of its errors mean "not now". Nothing here uses SQL above version 3.35.5.
/// </summary>
internal sealed class SqliteStore : DbConnectionInterceptor, IStoreDialect
{
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    /// <summary>Of each connection: 16 MiB instead of SQLite's 2 take a third off a summary over 100,000 records.</summary>
    private const int CacheKiB = 16 * 1024;

    /// <summary>Of the connection that writes: the index on ids takes new entries all over, and a page that has left the cache is read again.</summary>
    private const int WriterCacheKiB = 64 * 1024;

    /// <summary>
    /// Pages of 4 KiB in the write-ahead log before they are copied into the file: 64 MiB instead of 4. A page that many batches change, as indexes and sums
    /// have them, is then copied once and not after every batch.
    /// </summary>
    private const int CheckpointPages = 16 * 1024;

    private const string FolderName = "accounting";

    private readonly DataDirectory _data;
    private readonly TimeSpan _busyTimeout;
    private FileStream? _lock;

    public SqliteStore(DataDirectory data, IOptions<AccountingOptions> options)
    {
        _data = data;
        Path = System.IO.Path.Combine(data.Path, FolderName, "accounting.db");
        _busyTimeout = TimeSpan.FromSeconds(options.Value.BusyTimeoutSeconds);
        ConnectionString = new SqliteConnectionStringBuilder
        {
            DataSource = Path,
            ForeignKeys = true,
            // The library waits for a lock this long, also where SQLite's own busy handler does not come into play.
            DefaultTimeout = Math.Max(1, (int)Math.Ceiling(_busyTimeout.TotalSeconds)),
        }.ToString();
    }

    public string Path { get; }

    public string ConnectionString { get; }

    public string Place => Path;

    public string Elsewhere => "Another data folder is named by Data:Directory or the environment variable GREENTUNE_DATA, for example GREENTUNE_DATA=/var/lib/greentune.";

    /// <summary>SQLite's own number; a second one would only wait inside SQLite, polling.</summary>
    public int Writers => 1;

    public void Configure(DbContextOptionsBuilder options) => options.UseSqlite(ConnectionString).AddInterceptors(this);

    /// <summary>
    /// Makes the folder and takes the file for this process. The operating system gives the lock back when the process ends, however it ends, so
    /// whatever lock is left inside the database is a dead one and is dropped. Write-ahead logging, so that readers never wait for the writer.
    /// </summary>
    /// <exception cref="StoreStartException">The folder cannot be written, or another process has the database.</exception>
    public async Task<IAsyncDisposable> TakeAsync(AccountingDb db, CancellationToken cancellation)
    {
        TakeFile();
        await ExecuteAsync(db, "PRAGMA journal_mode=WAL", cancellation);
        await ExecuteAsync(db, "DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancellation);
        await SetDurabilityAsync(db, Durability.Flushed, cancellation);
        return Holding.Nothing;
    }

    /// <summary>Makes the folder and takes the file's lock, without opening the database.</summary>
    /// <exception cref="StoreStartException">The folder cannot be written, or another process has the database.</exception>
    public void TakeFile()
    {
        try
        {
            _data.Folder(FolderName);
        }
        catch (IOException e)
        {
            throw new StoreStartException(e.Message, e);
        }

        try
        {
            _lock ??= new FileStream(Path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreStartException($"{Path} cannot be written: {e.Message} {Elsewhere}", e);
        }
        catch (IOException e)
        {
            throw new StoreStartException($"{Path} is in use by another process. Stop it first. {Elsewhere}", e);
        }
    }

    /// <summary>Takes the write lock at once, so that a second process cannot slip in between reading and writing. One writer covers every scope.</summary>
    public async Task<IDbContextTransaction> BeginAsync(AccountingDb db, Durability durability, WriteScope scope, CancellationToken cancellation)
    {
        await SetDurabilityAsync(db, durability, cancellation);
        return await db.Database.BeginTransactionAsync(cancellation);
    }

    public string? StartProblem(Exception error) => error is not SqliteException e ? null
        : e.SqliteErrorCode == NotADatabase ? $"{Path} is not a database. Move it away. {Elsewhere}"
        : $"{Path} cannot be opened: {Unavailable(e) ?? e.Message}";

    /// <summary>In words why the database cannot take or give anything now; null when the error is of another kind.</summary>
    public static string? Unavailable(Exception error) => error is not SqliteException sqlite ? null : sqlite.SqliteErrorCode switch
    {
        Busy or Locked => "The database is locked by another program.",
        Full => "The disk that holds the database is full.",
        ReadOnly => "The database file cannot be written.",
        InputOutput => "The disk that holds the database reports an error.",
        CannotOpen => "The database file cannot be opened.",
        _ => null,
    };

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => SetUp(connection);

    public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        SetUp(connection);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        // Pooled connections would keep the file open after the lock is given back.
        using (var connection = new SqliteConnection(ConnectionString))
        {
            SqliteConnection.ClearPool(connection);
        }

        _lock?.Dispose();
        _lock = null;
    }

    /// <summary>Opens the context's connection, if need be, and sets how its next commits are made.</summary>
    private static Task SetDurabilityAsync(AccountingDb db, Durability durability, CancellationToken cancellation) =>
        ExecuteAsync(db, FormattableString.Invariant($"PRAGMA synchronous={(durability == Durability.Flushed ? "FULL" : "NORMAL")}; PRAGMA cache_size=-{WriterCacheKiB}"), cancellation);

    // Past EF, so that pragmas make no spans.
    private static async Task ExecuteAsync(AccountingDb db, string sql, CancellationToken cancellation)
    {
        await db.Database.OpenConnectionAsync(cancellation);
        await using DbCommand command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private void SetUp(DbConnection connection)
    {
        using DbCommand command = connection.CreateCommand();
        command.CommandText = FormattableString.Invariant($"PRAGMA busy_timeout={(long)_busyTimeout.TotalMilliseconds}; PRAGMA cache_size=-{CacheKiB}; PRAGMA wal_autocheckpoint={CheckpointPages}");
        command.ExecuteNonQuery();
    }
}

/// <summary>Something held until disposed.</summary>
internal sealed class Holding(Func<ValueTask>? release) : IAsyncDisposable
{
    public static Holding Nothing { get; } = new(null);

    public ValueTask DisposeAsync() => release?.Invoke() ?? ValueTask.CompletedTask;
}
