using GreenTune.Accounting.Store;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace GreenTune.Accounting.Tests.Store;

public sealed class MigrationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("greentune-tests").FullName;

    [Fact]
    public async Task Migrations_make_exactly_the_schema_that_the_model_asks_for()
    {
        await using (AccountingDb migrated = Open("migrated.db"))
        {
            await migrated.Database.MigrateAsync();
        }

        await using (AccountingDb created = Open("created.db"))
        {
            await created.Database.EnsureCreatedAsync();
        }

        string expected = Schema("created.db");
        Assert.Equal(expected, Schema("migrated.db"));
        Assert.Contains("records", expected);
    }

    [Fact]
    public async Task Every_migration_can_be_found_and_they_are_in_order()
    {
        await using AccountingDb db = Open("any.db");
        string[] migrations = [.. db.Database.GetMigrations()];
        Assert.NotEmpty(migrations);
        Assert.Equal(migrations.Order(StringComparer.Ordinal), migrations);
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    private AccountingDb Open(string file) => new(new DbContextOptionsBuilder<AccountingDb>()
        .UseSqlite($"Data Source={Path.Combine(_folder, file)}")
        .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning))
        .Options);

    /// <summary>Columns, indexes and foreign keys of every table as text, from SQLite itself.</summary>
    private string Schema(string file)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, file)};Pooling=False");
        connection.Open();
        var lines = new List<string>();
        foreach (string table in Read(connection, "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE '%EFMigrations%' AND name NOT LIKE 'sqlite_%' ORDER BY name"))
        {
            lines.Add(table);
            lines.AddRange(Read(connection, $"SELECT name || ' ' || type || ' ' || \"notnull\" || ' ' || pk || ' ' || coalesce(dflt_value, '') FROM pragma_table_info('{table}') ORDER BY name"));
            lines.AddRange(Read(connection, $"SELECT \"table\" || ' ' || \"from\" || ' ' || \"to\" || ' ' || on_delete FROM pragma_foreign_key_list('{table}') ORDER BY \"from\""));
            lines.AddRange(Read(connection, $"SELECT coalesce(sql, name) FROM sqlite_master WHERE type='index' AND tbl_name='{table}' ORDER BY name"));
            lines.AddRange(Read(connection, $"SELECT instr(sql, 'AUTOINCREMENT') > 0 FROM sqlite_master WHERE type='table' AND name='{table}'"));
        }

        return string.Join('\n', lines);
    }

    private static List<string> Read(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Table names come from the database itself.
        command.CommandText = sql;
#pragma warning restore CA2100
        using SqliteDataReader reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(reader.GetValue(0).ToString()!);
        }

        return rows;
    }
}
