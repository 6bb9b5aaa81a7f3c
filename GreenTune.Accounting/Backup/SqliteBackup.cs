using System.Globalization;
using GreenTune.Accounting.Store;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Backup;

/// <summary>
/// Backup by VACUUM INTO (https://www.sqlite.org/lang_vacuum.html#vacuuminto): one consistent moment, while the service reads and writes on, and without the
/// pages that deletions left empty. A copy takes its final name only once it has been checked, so a file of that name is always whole.
/// </summary>
internal sealed class SqliteBackup(SqliteStore store, TimeProvider clock) : IStoreBackup
{
    public async Task<string> BackUpAsync(string file, bool force, CancellationToken cancellation)
    {
        if (!File.Exists(store.Path))
        {
            throw new BackupException($"There are no books at {store.Path}. {store.Elsewhere}");
        }

        if (File.Exists(file) && !force)
        {
            throw new BackupException($"{file} is there already. Name another file, or overwrite it with --force.");
        }

        if (!Directory.Exists(Path.GetDirectoryName(file)))
        {
            throw new BackupException($"The folder of {file} does not exist.");
        }

        string part = $"{file}.{Guid.NewGuid():N}.part";
        try
        {
            await using (var connection = new SqliteConnection(store.ConnectionString + ";Pooling=False"))
            {
                await connection.OpenAsync(cancellation);
                await using SqliteCommand command = connection.CreateCommand();
                command.CommandText = "VACUUM INTO $part";
                command.CommandTimeout = 0;
                command.Parameters.AddWithValue("$part", part);
                await command.ExecuteNonQueryAsync(cancellation);
            }

            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(part, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            long records = await CheckAsync(part, cancellation);
            Flush(part);
            File.Move(part, file, overwrite: true);
            return FormattableString.Invariant($"{records} records were copied to {file} ({new FileInfo(file).Length / 1e6:0.0} MB); the copy was checked.");
        }
        catch (SqliteException e)
        {
            throw new BackupException($"{store.Path} could not be copied to {file}: {SqliteStore.Unavailable(e) ?? e.Message}", e);
        }
        finally
        {
            File.Delete(part);
        }
    }

    public async Task<string> RestoreAsync(string file, bool force, CancellationToken cancellation)
    {
        if (!File.Exists(file))
        {
            throw new BackupException($"There is no {file}.");
        }

        long records;
        try
        {
            records = await CheckAsync(file, cancellation);
        }
        catch (SqliteException e)
        {
            throw new BackupException($"{file} is no backup of the books: {e.Message}", e);
        }

        // From here to the end nobody else has the books.
        store.TakeFile();
        bool there = File.Exists(store.Path);
        if (there && !force)
        {
            throw new BackupException($"There are books at {store.Path}. Put the backup in their place with --force; they are then kept beside it. {store.Elsewhere}");
        }

        string part = $"{store.Path}.{Guid.NewGuid():N}.part";
        try
        {
            File.Copy(file, part);
            await CheckAsync(part, cancellation);
            Flush(part);
            string? kept = there ? await SetAsideAsync(cancellation) : null;
            File.Move(part, store.Path);
            return FormattableString.Invariant($"{records} records of {file} are now at {store.Path}.{(kept is null ? "" : $" What was there is kept as {kept}.")}");
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>Puts the write-ahead log into the file, so that the file alone is whole, and gives it another name.</summary>
    private async Task<string> SetAsideAsync(CancellationToken cancellation)
    {
        try
        {
            await using var connection = new SqliteConnection(store.ConnectionString + ";Pooling=False");
            await connection.OpenAsync(cancellation);
            await using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
            await command.ExecuteNonQueryAsync(cancellation);
        }
        catch (SqliteException)
        {
            // Damaged books are why somebody restores; they are kept as they are, log and all.
        }

        string kept = $"{store.Path}.before-restore-{clock.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}-{Guid.NewGuid().ToString("N")[..4]}";
        File.Move(store.Path, kept);
        foreach (string suffix in (string[])["-wal", "-shm"])
        {
            if (File.Exists(store.Path + suffix))
            {
                File.Move(store.Path + suffix, kept + suffix);
            }
        }

        return kept;
    }

    /// <summary>Reads the whole file: pages, indexes, and that it is the books of a version that this program knows.</summary>
    /// <returns>Records in it.</returns>
    private static async Task<long> CheckAsync(string file, CancellationToken cancellation)
    {
        var source = new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false };
        await using var connection = new SqliteConnection(source.ToString());
        await connection.OpenAsync(cancellation);
        string health = (string)(await ScalarAsync(connection, "PRAGMA integrity_check(1)", cancellation))!;
        if (health != "ok")
        {
            throw new BackupException($"{file} is damaged: {health}");
        }

        if (await ScalarAsync(connection, "SELECT count(*) FROM sqlite_master WHERE name IN ('__EFMigrationsHistory', 'records')", cancellation) is not 2L)
        {
            throw new BackupException($"{file} is a database, but not one of the books.");
        }

        await using var db = new AccountingDb(new DbContextOptionsBuilder<AccountingDb>().UseSqlite(connection).Options);
        string[] unknown = [.. (await db.Database.GetAppliedMigrationsAsync(cancellation)).Except(db.Database.GetMigrations())];
        if (unknown.Length > 0)
        {
            throw new BackupException($"{file} was written by a newer version of GreenTune (migration {unknown[^1]}). Restore it with that version.");
        }

        return (long)(await ScalarAsync(connection, "SELECT count(*) FROM records", cancellation))!;
    }

    private static async Task<object?> ScalarAsync(SqliteConnection connection, string sql, CancellationToken cancellation)
    {
        await using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Fixed texts of this class.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.CommandTimeout = 0;
        return await command.ExecuteScalarAsync(cancellation);
    }

    private static void Flush(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Flush(flushToDisk: true);
    }
}
