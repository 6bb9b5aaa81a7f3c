using System.Diagnostics;
using System.Globalization;
using GreenTune.Accounting.Store;
using Npgsql;

namespace GreenTune.Accounting.Backup;

/// <summary>Backup by PostgreSQL's own pg_dump and pg_restore, which have to be installed. The password goes to them by their environment, never by an argument.</summary>
internal sealed class PostgresBackup(PostgresStore store) : IStoreBackup
{
    private readonly NpgsqlConnectionStringBuilder _server = new(store.ConnectionString);

    public async Task<string> BackUpAsync(string file, bool force, CancellationToken cancellation)
    {
        if (File.Exists(file) && !force)
        {
            throw new BackupException($"{file} is there already. Name another file, or overwrite it with --force.");
        }

        string tool = Find("pg_dump", $"pg_dump --format=custom --no-owner --file={file} --dbname=...");
        string part = $"{file}.{Guid.NewGuid():N}.part";
        try
        {
            await RunAsync(tool, ["--format=custom", "--no-owner", "--no-privileges", $"--file={part}", .. Target()], cancellation);
            await RunAsync(Find("pg_restore", "pg_restore --list"), ["--list", part], cancellation);
            File.Move(part, file, overwrite: true);
            return FormattableString.Invariant($"The {store.Place} was copied to {file} ({new FileInfo(file).Length / 1e6:0.0} MB).");
        }
        finally
        {
            File.Delete(part);
        }
    }

    public async Task<string> RestoreAsync(string file, bool force, CancellationToken cancellation)
    {
        string tool = Find("pg_restore", $"pg_restore --clean --if-exists --single-transaction --no-owner --dbname=... {file}");
        if (!File.Exists(file))
        {
            throw new BackupException($"There is no {file}.");
        }

        string contents = await RunAsync(tool, ["--list", file], cancellation);
        if (!contents.Contains("TABLE DATA public records ", StringComparison.Ordinal))
        {
            throw new BackupException($"{file} is an archive of PostgreSQL, but not one of the books.");
        }

        long records = await RecordsAsync(cancellation);
        if (records >= 0 && !force)
        {
            throw new BackupException(FormattableString.Invariant($"The {store.Place} has books already, with {records} records. Put the backup in their place with --force; they are lost then."));
        }

        await RunAsync(tool, ["--clean", "--if-exists", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", .. Target(), file], cancellation);
        return FormattableString.Invariant($"{await RecordsAsync(cancellation)} records of {file} are now in the {store.Place}.");
    }

    /// <summary>Records in the database; -1 where it has no such table.</summary>
    private async Task<long> RecordsAsync(CancellationToken cancellation)
    {
        try
        {
            await using var connection = new NpgsqlConnection(store.ConnectionString);
            await connection.OpenAsync(cancellation);
            await using (var exists = new NpgsqlCommand("SELECT to_regclass('records') IS NOT NULL", connection))
            {
                if (await exists.ExecuteScalarAsync(cancellation) is not true)
                {
                    return -1;
                }
            }

            await using var count = new NpgsqlCommand("SELECT count(*) FROM records", connection) { CommandTimeout = 0 };
            return (long)(await count.ExecuteScalarAsync(cancellation))!;
        }
        catch (Exception e) when (store.StartProblem(e) is { } problem)
        {
            throw new BackupException(problem, e);
        }
    }

    private IEnumerable<string> Target() =>
    [
        $"--host={_server.Host}", $"--port={_server.Port.ToString(CultureInfo.InvariantCulture)}", $"--username={_server.Username}", $"--dbname={_server.Database}", "--no-password",
    ];

    private static string Find(string tool, string otherwise)
    {
        IEnumerable<string> installed = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(folder => Path.Combine(folder, "bin"))
            : [];
        string name = OperatingSystem.IsWindows() ? $"{tool}.exe" : tool;
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Concat(installed).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new BackupException($"{tool} was not found. Install PostgreSQL's client (on Debian: apt-get install postgresql-client), or run elsewhere: {otherwise}");
    }

    private async Task<string> RunAsync(string tool, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (_server.Password is { Length: > 0 } password)
        {
            start.Environment["PGPASSWORD"] = password;
        }

        // Npgsql's names of the modes are PostgreSQL's without the hyphen.
        start.Environment["PGSSLMODE"] = _server.SslMode switch
        {
            SslMode.VerifyCA => "verify-ca",
            SslMode.VerifyFull => "verify-full",
            var mode => mode.ToString().ToLowerInvariant(),
        };
        using Process process = Process.Start(start) ?? throw new BackupException($"{tool} did not start.");
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation);
        string said = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0
            ? await output
            : throw new BackupException($"{Path.GetFileName(tool)} gave {process.ExitCode.ToString(CultureInfo.InvariantCulture)}: {said.Trim()}");
    }
}
