using System.Data.Common;
using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;
using Npgsql;

namespace GreenTune.Accounting.Store;

/// <summary>
/// Everything that is PostgreSQL's alone. Several replicas may share one database: writes take turns by advisory locks, which the server gives back when a
/// transaction ends or its connection breaks (https://www.postgresql.org/docs/15/explicit-locking.html#ADVISORY-LOCKS). Each statement of a transaction sees what
/// was committed before it (read committed), so what is read under a lock is what the last holder left.
/// </summary>
internal sealed class PostgresStore : IStoreDialect
{
    public const int OldestMajor = 15;

    public const string Example = "Host=db.example;Database=greentune;Username=greentune;Password=...";

    /// <summary>"gtun" in ASCII: the first half of every advisory lock's key, so that they meet no other program's in the same database.</summary>
    private const int LockClass = 0x6774756E;

    private const int EverythingLock = 0;
    private const int MigrationLock = 1;

    /// <summary>The first number that a scope's key may have.</summary>
    private const int FirstKey = 2;

    private readonly string _connectionString;
    private readonly int _lockTimeoutMilliseconds;

    /// <exception cref="OptionsValidationException">The connection string is malformed; the message holds no part of it.</exception>
    public PostgresStore(string connectionString, AccountingOptions options)
    {
        if (Parse(connectionString, out NpgsqlConnectionStringBuilder? parsed) is { } problem)
        {
            throw new OptionsValidationException(AccountingOptions.Section, typeof(AccountingOptions), [problem]);
        }

        NpgsqlConnectionStringBuilder builder = parsed!;
        builder.ApplicationName ??= "greentune-accounting";
        if (!builder.ContainsKey("Max Auto Prepare"))
        {
            builder.MaxAutoPrepare = 100;
        }

        _connectionString = builder.ToString();
        _lockTimeoutMilliseconds = (int)Math.Ceiling(options.BusyTimeoutSeconds * 1000);
        Place = $"PostgreSQL database {builder.Database ?? builder.Username} at {builder.Host}:{builder.Port.ToString(CultureInfo.InvariantCulture)}";
    }

    public string Place { get; }

    public string Elsewhere => $"Another database is named by ConnectionStrings:accounting (environment ConnectionStrings__accounting), for example {Example}.";

    /// <summary>Below the pool's 100 connections, so that reads find one while writes wait for their locks.</summary>
    public int Writers => 24;

    public string ConnectionString => _connectionString;

    /// <summary>Why a connection string cannot be used, without a word of it; null when it can.</summary>
    public static string? Problem(string connectionString) => Parse(connectionString, out _);

    public void Configure(DbContextOptionsBuilder options) => options.UseNpgsql(_connectionString, npgsql => npgsql.SetPostgresVersion(OldestMajor, 0));

    /// <summary>Opens a connection, refuses a server that is too old, and holds off other replicas that start at the same time.</summary>
    public async Task<IAsyncDisposable> TakeAsync(AccountingDb db, CancellationToken cancellation)
    {
        await db.Database.OpenConnectionAsync(cancellation);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        if (connection.PostgreSqlVersion.Major < OldestMajor)
        {
            throw new StoreStartException($"{Place} runs on PostgreSQL {connection.PostgreSqlVersion}; {OldestMajor} or later is needed. {Elsewhere}");
        }

        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({LockClass}, {MigrationLock})", cancellation);
        return new Holding(async () => await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({LockClass}, {MigrationLock})", CancellationToken.None));
    }

    /// <summary>
    /// Everything is one lock, held exclusively; a narrower scope shares that one and has one for each of its keys, taken in order so that two scopes
    /// cannot wait for each other.
    /// </summary>
    public async Task<IDbContextTransaction> BeginAsync(AccountingDb db, Durability durability, WriteScope scope, CancellationToken cancellation)
    {
        IDbContextTransaction transaction = await db.Database.BeginTransactionAsync(cancellation);
        try
        {
            await using DbCommand command = db.Database.GetDbConnection().CreateCommand();
            command.Transaction = transaction.GetDbTransaction();
#pragma warning disable CA2100 // Made of numbers.
            command.CommandText = BeginSql(durability, scope);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(cancellation);
            return transaction;
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    public string? StartProblem(Exception error) => PostgresErrors.StartProblem(error, Place, Elsewhere);

    public void Dispose()
    {
        using var connection = new NpgsqlConnection(_connectionString);
        NpgsqlConnection.ClearPool(connection);
    }

    private static string? Parse(string connectionString, out NpgsqlConnectionStringBuilder? builder)
    {
        const string Where = "ConnectionStrings:accounting (environment ConnectionStrings__accounting, or Accounting:ConnectionString)";
        builder = null;
        if (connectionString.Contains("://", StringComparison.Ordinal) && !connectionString.Contains('='))
        {
            return $"{Where} is a URI; PostgreSQL is named by keys and values here, for example {Example}.";
        }

        try
        {
            builder = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            // The library's own message may quote a value, and one of them is a password.
            return $"{Where} cannot be read: a key is not known or a value is of the wrong kind. It names a PostgreSQL database, for example {Example}.";
        }

        return string.IsNullOrWhiteSpace(builder.Host) ? $"{Where} has no Host. It names a PostgreSQL database, for example {Example}." : null;
    }

    private static async Task ExecuteAsync(DbConnection connection, FormattableString sql, CancellationToken cancellation)
    {
        await using DbCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Made of numbers.
        command.CommandText = FormattableString.Invariant(sql);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/): the same in every process, unlike .NET's own. A collision costs a wait, nothing else.</summary>
    internal static int LockKey(string key)
    {
        uint hash = 2166136261;
        foreach (byte value in Encoding.UTF8.GetBytes(key))
        {
            hash = (hash ^ value) * 16777619;
        }

        return (int)(hash % (int.MaxValue - FirstKey)) + FirstKey;
    }

    private string BeginSql(Durability durability, WriteScope scope)
    {
        var sql = new StringBuilder();
        sql.Append(CultureInfo.InvariantCulture, $"SET LOCAL synchronous_commit TO {(durability == Durability.Flushed ? "on" : "off")}; SET LOCAL lock_timeout TO {_lockTimeoutMilliseconds}; ");
        if (scope.Keys is not { } keys)
        {
            sql.Append(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock({LockClass}, {EverythingLock})");
            return sql.ToString();
        }

        sql.Append(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock_shared({LockClass}, {EverythingLock})");
        foreach (int key in keys.Select(LockKey).Distinct().Order())
        {
            sql.Append(CultureInfo.InvariantCulture, $"; SELECT pg_advisory_xact_lock({LockClass}, {key})");
        }

        return sql.ToString();
    }
}
