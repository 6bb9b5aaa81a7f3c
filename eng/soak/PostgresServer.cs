using System.Diagnostics;
using System.Globalization;

namespace GreenTune.Soak;

/// <summary>
/// A throw-away PostgreSQL server in a temporary folder, reached by a Unix socket alone. PostgreSQL refuses to run as root, so there it runs as the user that
/// Debian's package makes. Linux only.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    public const string Account = "postgres";

    private const int OldestMajor = 15;

    private readonly string _folder;
    private readonly string _tools;

    private PostgresServer(string folder, string tools)
    {
        _folder = folder;
        _tools = tools;
    }

    /// <summary>Connection string without a database.</summary>
    public string ConnectionString => $"Host={_folder};Username={Account}";

    private string Data => Path.Combine(_folder, "data");

    /// <param name="durable">False lets commits not wait for the disk, for tests.</param>
    /// <param name="access">A first line of pg_hba.conf; all others are trusted.</param>
    /// <exception cref="InvalidOperationException">There is none on this machine, or it does not start; the message says which and what to do.</exception>
    public static async Task<PostgresServer> StartAsync(bool durable, string? access = null)
    {
        if (!OperatingSystem.IsLinux() || FindTools() is not { } tools)
        {
            throw new InvalidOperationException($"No PostgreSQL server of version {OldestMajor} or later on this machine. Install it (on Debian: apt-get install postgresql).");
        }

        // A socket's path has at most 107 characters.
        var server = new PostgresServer(Directory.CreateTempSubdirectory("gt-pg-").FullName, tools);
        try
        {
            if (Environment.IsPrivilegedProcess)
            {
                await server.RunProcessAsync("chown", [Account, server._folder]);
            }

            await server.RunAsync("initdb", "-D", server.Data, "--auth=trust", $"--username={Account}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync");
            if (access is not null)
            {
                string file = Path.Combine(server.Data, "pg_hba.conf");
                await File.WriteAllTextAsync(file, $"{access}\n{await File.ReadAllTextAsync(file)}");
            }

            string options = $"-c listen_addresses= -c unix_socket_directories={server._folder} -c max_connections=300 "
                + (durable ? "-c shared_buffers=512MB -c max_wal_size=4GB" : "-c fsync=off -c full_page_writes=off -c shared_buffers=64MB -c autovacuum=off");
            await server.RunAsync("pg_ctl", "start", "-D", server.Data, "-w", "-t", "60", "-l", Path.Combine(server.Data, "log"), "-o", options);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
        {
            await RunAsync("pg_ctl", "stop", "-D", Data, "-m", "immediate", "-w");
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static string? FindTools()
    {
        const string Debian = "/usr/lib/postgresql";
        IEnumerable<string> installed = Directory.Exists(Debian)
            ? Directory.GetDirectories(Debian)
                .Select(folder => (Folder: Path.Combine(folder, "bin"), Version: int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int version) ? version : 0))
                .Where(found => found.Version >= OldestMajor).OrderByDescending(found => found.Version).Select(found => found.Folder)
            : [];
        return installed.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "pg_ctl")));
    }

    private Task RunAsync(string tool, params string[] arguments)
    {
        string path = Path.Combine(_tools, tool);
        return Environment.IsPrivilegedProcess ? RunProcessAsync("runuser", ["-u", Account, "--", path, .. arguments]) : RunProcessAsync(path, arguments);
    }

    private async Task RunProcessAsync(string file, IReadOnlyList<string> arguments)
    {
        // The server keeps what it inherits open, so its output goes to a file: a pipe would never end.
        string output = $"{_folder}.out";
        var start = new ProcessStartInfo("/bin/sh", ["-c", "\"$@\" >\"$0\" 2>&1 </dev/null", output, file, .. arguments]) { WorkingDirectory = _folder };
        using Process process = Process.Start(start)!;
        await process.WaitForExitAsync();
        string said = File.Exists(output) ? await File.ReadAllTextAsync(output) : "";
        File.Delete(output);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"PostgreSQL is installed but does not start here: {Path.GetFileName(file)} {string.Join(' ', arguments)} gave {process.ExitCode}: {said.Trim()}");
        }
    }
}
