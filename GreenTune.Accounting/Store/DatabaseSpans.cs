using System.Data.Common;
using System.Diagnostics;
using GreenTune.Core.Telemetry;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace GreenTune.Accounting.Store;

/// <summary>
/// A span per database command, since EF Core has no activity source of its own (https://github.com/dotnet/efcore/issues/29281). Attributes by
/// https://opentelemetry.io/docs/specs/semconv/database/database-spans/. The text of a command is left out: names of tables say enough.
/// </summary>
internal sealed class DatabaseSpans : DbCommandInterceptor
{
    private static readonly ActivitySource Source = new(TelemetryNames.Database);

    public override InterceptionResult<DbDataReader> ReaderExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result)
    {
        Start(command);
        return result;
    }

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        Start(command);
        return ValueTask.FromResult(result);
    }

    public override InterceptionResult<int> NonQueryExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<int> result)
    {
        Start(command);
        return result;
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Start(command);
        return ValueTask.FromResult(result);
    }

    public override DbDataReader ReaderExecuted(DbCommand command, CommandExecutedEventData eventData, DbDataReader result)
    {
        Stop(null);
        return result;
    }

    public override ValueTask<DbDataReader> ReaderExecutedAsync(DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
    {
        Stop(null);
        return ValueTask.FromResult(result);
    }

    public override int NonQueryExecuted(DbCommand command, CommandExecutedEventData eventData, int result)
    {
        Stop(null);
        return result;
    }

    public override ValueTask<int> NonQueryExecutedAsync(DbCommand command, CommandExecutedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        Stop(null);
        return ValueTask.FromResult(result);
    }

    public override void CommandFailed(DbCommand command, CommandErrorEventData eventData) => Stop(eventData.Exception);

    public override Task CommandFailedAsync(DbCommand command, CommandErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Stop(eventData.Exception);
        return Task.CompletedTask;
    }

    /// <summary>One span for a statement that is run many times; ends when disposed. Null when nobody listens.</summary>
    public static Activity? StartBatch(string operation, string table, int size, DbConnection connection)
    {
        Activity? activity = Start(operation, $"{operation} {table}", connection);
        activity?.SetTag("db.operation.batch.size", size);
        return activity;
    }

    private static void Start(DbCommand command)
    {
        if (Source.HasListeners())
        {
            (string operation, string summary) = Summarise(command.CommandText);
            Start(operation, summary, command.Connection);
        }
    }

    private static Activity? Start(string operation, string summary, DbConnection? connection)
    {
        // A command without a request around it (migrations, clean-up) would make a trace of its own that nobody looks for.
        Activity? activity = Activity.Current is null ? null : Source.StartActivity(summary, ActivityKind.Client);
        bool postgres = connection is NpgsqlConnection;
        activity?.SetTag("db.system.name", postgres ? "postgresql" : "sqlite");
        activity?.SetTag("db.namespace", postgres ? connection?.Database : Path.GetFileName(connection?.DataSource));
        activity?.SetTag("db.operation.name", operation);
        activity?.SetTag("db.query.summary", summary);
        return activity;
    }

    private static void Stop(Exception? error)
    {
        if (Activity.Current is { } activity && activity.Source == Source)
        {
            if (error is not null)
            {
                activity.SetTag(TelemetryNames.ErrorType, error.GetType().FullName);
                activity.SetStatus(ActivityStatusCode.Error, error.Message);
            }

            activity.Dispose();
        }
    }

    /// <summary>First word and first table: <c>INSERT INTO "records" (...)</c> gives INSERT and "INSERT records".</summary>
    internal static (string Operation, string Summary) Summarise(string sql)
    {
        ReadOnlySpan<char> text = sql.AsSpan().TrimStart();
        int space = text.IndexOfAny(' ', '\n', '\r');
        string operation = (space < 0 ? text : text[..space]).ToString().ToUpperInvariant();
        foreach (string before in (string[])["FROM \"", "INTO \"", "UPDATE \""])
        {
            int at = text.IndexOf(before, StringComparison.Ordinal);
            if (at >= 0 && text[(at + before.Length)..] is var rest && rest.IndexOf('"') is var end and > 0)
            {
                return (operation, $"{operation} {rest[..end]}");
            }
        }

        return (operation, operation);
    }
}
