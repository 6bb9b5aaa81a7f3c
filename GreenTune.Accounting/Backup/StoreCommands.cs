using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Store;
using GreenTune.ServiceDefaults.Startup;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Backup;

/// <summary>What the program does instead of serving when its first argument says so: backup, restore, rebuild-rollups.</summary>
internal static class StoreCommands
{
    private const string Backup = "backup";
    private const string Restore = "restore";
    private const string Rebuild = "rebuild-rollups";
    private const string Force = "--force";
    private const int Done = 0;
    private const int Failed = 1;
    private const int UsageError = 2;

    private const string Usage = """
        GreenTune.Accounting backup FILE [--force]    copies the books to FILE while the service runs, checks the copy
        GreenTune.Accounting restore FILE [--force]   puts the books of FILE in place; stop the service first
        GreenTune.Accounting rebuild-rollups          makes the hour, day and session roll-ups anew from the records
        Options of the service name the books: --Data:Directory DIR, --ConnectionStrings:accounting "Host=..."
        --force overwrites what is there: FILE of a backup, the books of a restore (SQLite's are kept beside as .before-restore-...)
        """;

    public static bool IsCommand(string[] args) => args is [Backup or Restore or Rebuild, ..];

    /// <returns>The exit code: 0 done, 1 not done with the reason on standard error, 2 not understood.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, Action<WebApplicationBuilder>? configure = null, CancellationToken cancellation = default)
    {
        bool force = args.Contains(Force);
        string[] rest = [.. args.Skip(1).Where(arg => arg != Force)];
        string? file = null;
        if (args[0] != Rebuild)
        {
            if (rest.Length == 0 || rest[0].StartsWith('-'))
            {
                await errors.WriteLineAsync($"{args[0]} needs a file, for example {args[0]} /var/backups/greentune-accounting.db");
                await errors.WriteLineAsync(Usage);
                return UsageError;
            }

            file = Path.GetFullPath(rest[0]);
            rest = rest[1..];
        }

        if (rest.FirstOrDefault(arg => !arg.StartsWith("--", StringComparison.Ordinal)) is { } stray && rest.Length % 2 != 0 && !rest.Any(arg => arg.Contains('=')))
        {
            await errors.WriteLineAsync($"'{stray}' is not understood.");
            await errors.WriteLineAsync(Usage);
            return UsageError;
        }

        await using WebApplication app = AccountingApp.Create(rest, builder =>
        {
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
            configure?.Invoke(builder);
        });
        try
        {
            app.Services.GetRequiredService<IStartupValidator>().Validate();
            IStoreBackup backup = app.Services.GetRequiredService<IStoreDialect>() switch
            {
                SqliteStore sqlite => new SqliteBackup(sqlite, app.Services.GetRequiredService<TimeProvider>()),
                PostgresStore postgres => new PostgresBackup(postgres),
                var other => throw new InvalidOperationException($"{other.GetType().Name} has no backup."),
            };
            await output.WriteLineAsync(args[0] switch
            {
                Backup => await backup.BackUpAsync(file!, force, cancellation),
                Restore => await backup.RestoreAsync(file!, force, cancellation),
                _ => await RebuildAsync(app, cancellation),
            });
            return Done;
        }
        catch (OptionsValidationException e)
        {
            foreach (string failure in e.Failures)
            {
                await errors.WriteLineAsync(failure);
            }

            return Failed;
        }
        catch (Exception e) when (e is ServiceStartException or StoreUnavailableException or BackupException or IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync(e.Message);
            return Failed;
        }
    }

    private static async Task<string> RebuildAsync(WebApplication app, CancellationToken cancellation)
    {
        await AccountingApp.OpenAsync(app, cancellation);
        (long records, long periods) = await app.Services.GetRequiredService<RollUpBuilder>().RebuildAsync(cancellation);
        return FormattableString.Invariant($"Roll-ups were made anew from {records} records and {periods} periods.");
    }
}

/// <summary>Copies the books away and puts a copy in their place.</summary>
internal interface IStoreBackup
{
    /// <returns>What was done, in words.</returns>
    /// <exception cref="BackupException">Nothing was written; the message says why.</exception>
    Task<string> BackUpAsync(string file, bool force, CancellationToken cancellation);

    /// <returns>What was done, in words.</returns>
    /// <exception cref="BackupException">The books are as they were; the message says why.</exception>
    Task<string> RestoreAsync(string file, bool force, CancellationToken cancellation);
}

/// <summary>A backup or restore that was not done; the message says why and what to do.</summary>
internal sealed class BackupException(string message, Exception? inner = null) : Exception(message, inner);
