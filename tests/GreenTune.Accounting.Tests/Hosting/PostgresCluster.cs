using System.Diagnostics;
using System.Globalization;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Tests.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

namespace GreenTune.Accounting.Tests.Hosting;

/// <summary>
/// A throw-away PostgreSQL server in a temporary folder, reached by a Unix socket alone. Started by the first test that needs it, one for the whole run; each
/// test gets a database of its own, copied from one that is migrated already. PostgreSQL refuses to run as root, so there it runs as the user that Debian's
/// package makes.
/// </summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    /// <summary>A user whom the server asks for a password.</summary>
    public const string CarefulUser = "careful";

    public const string CarefulPassword = "correct-horse";

    private const string Account = "postgres";
    private const string Template = "migrated";

    private static readonly SemaphoreSlim Starting = new(1, 1);
    private static PostgresCluster? _running;
    private static string? _missing;

    private string? _folder;
    private string? _tools;
    private int _databases;

    /// <summary>Only the runner makes one.</summary>
    public PostgresCluster() => _running = this;

    /// <summary>The server's connection string, for another database than those of the tests.</summary>
    public string Server => $"Host={_folder};Username={Account}";

    /// <summary>The running server; skips the test when there is none.</summary>
    public static async Task<PostgresCluster> GetAsync()
    {
        await Starting.WaitAsync();
        try
        {
            if (_missing is null && _running is { _folder: null } cluster)
            {
                await cluster.StartAsync();
            }
        }
        finally
        {
            Starting.Release();
        }

        Assert.SkipWhen(_missing is not null, _missing ?? "");
        return _running!;
    }

    /// <summary>A new database with the tables of the current version.</summary>
    public async Task<string> CreateAsync()
    {
        string name = $"books{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {Template} STRATEGY FILE_COPY");
        return Books(name);
    }

    /// <summary>A new database without tables.</summary>
    public async Task<string> CreateEmptyAsync()
    {
        string name = $"books{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync($"CREATE DATABASE {name}");
        return Books(name);
    }

    public async Task DropAsync(string connectionString) =>
        await ExecuteAsync($"DROP DATABASE IF EXISTS {new NpgsqlConnectionStringBuilder(connectionString).Database} WITH (FORCE)");

    public async Task ExecuteAsync(string sql, string? connectionString = null)
    {
        await using var connection = new NpgsqlConnection((connectionString ?? Books("postgres")) + ";Pooling=false");
        await connection.OpenAsync();
        await using NpgsqlCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Fixed texts of these tests.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_folder is null)
        {
            return;
        }

        NpgsqlConnection.ClearAllPools();
        await RunAsync("pg_ctl", "stop", "-D", Data, "-m", "immediate", "-w");
        Directory.Delete(_folder, recursive: true);
        _folder = null;
    }

    private string Data => Path.Combine(_folder!, "data");

    private string Books(string database) => $"{Server};Database={database}";

    private async Task StartAsync()
    {
        if (!OperatingSystem.IsLinux() || (_tools = FindTools()) is null)
        {
            _missing = "No PostgreSQL server on this machine. Install it (on Debian: apt-get install postgresql).";
            return;
        }

        // A socket's path has at most 107 characters.
        _folder = Directory.CreateTempSubdirectory("gt-pg-").FullName;
        try
        {
            if (Environment.IsPrivilegedProcess)
            {
                await RunProcessAsync("chown", [Account, _folder]);
            }

            await RunAsync("initdb", "-D", Data, "--auth=trust", $"--username={Account}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync");
            string access = Path.Combine(Data, "pg_hba.conf");
            await File.WriteAllTextAsync(access, $"local all {CarefulUser} scram-sha-256\n{await File.ReadAllTextAsync(access)}");
            // Nothing here outlives the run, so nothing waits for the disk.
            string options = $"-c listen_addresses= -c unix_socket_directories={_folder} -c fsync=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB -c autovacuum=off";
            await RunAsync("pg_ctl", "start", "-D", Data, "-w", "-t", "60", "-l", Path.Combine(Data, "log"), "-o", options);
            await ExecuteAsync($"CREATE ROLE {CarefulUser} LOGIN PASSWORD '{CarefulPassword}'");
            await ExecuteAsync($"CREATE DATABASE {Template}");
            await using AccountingDb db = new(new DbContextOptionsBuilder<AccountingDb>()
                .UseNpgsql($"{Books(Template)};Pooling=false")
                .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning))
                .Options);
            await db.Database.MigrateAsync();
        }
        catch (InvalidOperationException e)
        {
            _missing = $"PostgreSQL is installed but does not start here: {e.Message}";
        }
    }

    private static string? FindTools()
    {
        IEnumerable<string> installed = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql")
                .Select(folder => (Folder: Path.Combine(folder, "bin"), Version: int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int version) ? version : 0))
                .Where(found => found.Version >= PostgresStore.OldestMajor).OrderByDescending(found => found.Version).Select(found => found.Folder)
            : [];
        return installed.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)).FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "pg_ctl")));
    }

    private Task RunAsync(string tool, params string[] arguments)
    {
        string path = Path.Combine(_tools!, tool);
        return Environment.IsPrivilegedProcess ? RunProcessAsync("runuser", ["-u", Account, "--", path, .. arguments]) : RunProcessAsync(path, arguments);
    }

    private async Task RunProcessAsync(string file, IReadOnlyList<string> arguments)
    {
        // The server keeps what it inherits open, so nothing is read from a pipe that would never end.
        string output = $"{_folder}.out";
        var start = new ProcessStartInfo("/bin/sh", ["-c", "\"$@\" >\"$0\" 2>&1 </dev/null", output, file, .. arguments]) { WorkingDirectory = _folder };
        using Process process = Process.Start(start)!;
        await process.WaitForExitAsync();
        string said = File.Exists(output) ? await File.ReadAllTextAsync(output) : "";
        File.Delete(output);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{file} {string.Join(' ', arguments)} gave {process.ExitCode}: {said}");
        }
    }
}
