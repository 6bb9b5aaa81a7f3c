using System.Net.Sockets;
using Npgsql;

namespace GreenTune.Accounting.Store;

/// <summary>What PostgreSQL's errors mean (https://www.postgresql.org/docs/15/errcodes-appendix.html). Nothing here repeats a connection string.</summary>
internal static class PostgresErrors
{
    /// <summary>In words why the server cannot take or give anything now; null when the error is of another kind.</summary>
    public static string? Unavailable(Exception error) => error switch
    {
        PostgresException e => e.SqlState switch
        {
            PostgresErrorCodes.LockNotAvailable => "The database is locked by another program.",
            PostgresErrorCodes.DiskFull => "The disk that holds the database is full.",
            PostgresErrorCodes.OutOfMemory => "The database server is out of memory.",
            PostgresErrorCodes.TooManyConnections => "The database server has no connection left.",
            PostgresErrorCodes.ReadOnlySqlTransaction => "The database server only reads: it is a standby or in recovery.",
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow => "The database server is stopping or starting.",
            PostgresErrorCodes.IoError => "The disk that holds the database reports an error.",
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => "The database server no longer accepts the user or the password.",
            PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected => "The database is too busy: a write met others again and again.",
            _ => null,
        },
        NpgsqlException { InnerException: TimeoutException } => "The database server did not answer in time.",
        NpgsqlException { InnerException: SocketException or IOException } => "The database server cannot be reached.",
        NpgsqlException e when e.Message.Contains("pool has been exhausted", StringComparison.Ordinal) => "All connections to the database server are in use.",
        NpgsqlException { IsTransient: true } => "The connection to the database server broke.",
        _ => null,
    };

    /// <summary>Two transactions met and this one was undone.</summary>
    public static bool IsConflict(Exception error) =>
        error is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>Why the books cannot be opened, with what to do; null when the error is not PostgreSQL's.</summary>
    public static string? StartProblem(Exception error, string place, string elsewhere) => error switch
    {
        PostgresException e => e.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword => $"The {place} refuses the password of this user. Give the right Password in ConnectionStrings:accounting.",
            PostgresErrorCodes.InvalidAuthorizationSpecification => $"The {place} does not let this user in: {e.MessageText}. Give another Username in ConnectionStrings:accounting, or let it in by the server's pg_hba.conf.",
            PostgresErrorCodes.InvalidCatalogName => $"The {place} does not exist. Make it first, for example with createdb, or: CREATE DATABASE greentune.",
            PostgresErrorCodes.InsufficientPrivilege => $"The {place} does not let this user do what is needed: {e.MessageText}. Make the user the database's owner: ALTER DATABASE ... OWNER TO ...",
            _ => $"The {place} cannot be opened: {Unavailable(e) ?? e.MessageText} {elsewhere}",
        },
        NpgsqlException { InnerException: SocketException socket } => $"The {place} cannot be reached: {socket.Message}. Is the server running, and are Host and Port right? {elsewhere}",
        NpgsqlException { InnerException: TimeoutException } => $"The {place} did not answer in time. Is the server running, and are Host and Port right? {elsewhere}",
        NpgsqlException e => $"The {place} cannot be opened: {e.Message} {elsewhere}",
        // A host name that does not resolve comes as it is.
        SocketException socket => $"The {place} cannot be reached: {socket.Message}. Is Host right? {elsewhere}",
        _ => null,
    };
}
