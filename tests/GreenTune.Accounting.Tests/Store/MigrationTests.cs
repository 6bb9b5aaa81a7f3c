using System.Data.Common;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Tests.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace GreenTune.Accounting.Tests.Store;

public sealed class MigrationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("greentune-tests").FullName;

    [Theory]
    [OnEveryStore]
    public async Task Migrations_make_exactly_the_schema_that_the_model_asks_for(StoreKind store)
    {
        string migratedAt = await NewAsync(store, "migrated");
        await using (AccountingDb migrated = Open(store, migratedAt))
        {
            await migrated.Database.MigrateAsync();
        }

        string createdAt = await NewAsync(store, "created");
        await using (AccountingDb created = Open(store, createdAt))
        {
            await created.Database.EnsureCreatedAsync();
        }

        string expected = Schema(store, createdAt);
        Assert.Equal(expected, Schema(store, migratedAt));
        Assert.Contains("records", expected);
        if (store == StoreKind.Postgres)
        {
            PostgresCluster cluster = await PostgresCluster.GetAsync();
            await cluster.DropAsync(migratedAt);
            await cluster.DropAsync(createdAt);
        }
    }

    [Fact]
    public async Task Every_migration_can_be_found_and_they_are_in_order()
    {
        await using AccountingDb db = Open(StoreKind.Sqlite, await NewAsync(StoreKind.Sqlite, "any"));
        string[] migrations = [.. db.Database.GetMigrations()];
        Assert.NotEmpty(migrations);
        Assert.Equal(migrations.Order(StringComparer.Ordinal), migrations);
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<string> NewAsync(StoreKind store, string name) => store == StoreKind.Sqlite
        ? $"Data Source={Path.Combine(_folder, name)}.db;Pooling=False"
        : await (await PostgresCluster.GetAsync()).CreateEmptyAsync() + ";Pooling=false";

    private static AccountingDb Open(StoreKind store, string connectionString)
    {
        DbContextOptionsBuilder<AccountingDb> options = new();
        options.ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));
        _ = store == StoreKind.Sqlite ? options.UseSqlite(connectionString) : options.UseNpgsql(connectionString);
        return new AccountingDb(options.Options);
    }

    /// <summary>Columns, indexes and foreign keys of every table as text, from the database itself.</summary>
    private static string Schema(StoreKind store, string connectionString)
    {
        using DbConnection connection = store == StoreKind.Sqlite ? new SqliteConnection(connectionString) : new NpgsqlConnection(connectionString);
        connection.Open();
        var lines = new List<string>();
        foreach (string table in Read(connection, store == StoreKind.Sqlite
            ? "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE '%EFMigrations%' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            : "SELECT tablename FROM pg_tables WHERE schemaname='public' AND tablename NOT LIKE '%EFMigrations%' ORDER BY tablename"))
        {
            lines.Add(table);
            lines.AddRange((store == StoreKind.Sqlite ? SqliteQueries(table) : PostgresQueries(table)).SelectMany(query => Read(connection, query)));
        }

        return string.Join('\n', lines);
    }

    private static string[] SqliteQueries(string table) =>
    [
        $"SELECT name || ' ' || type || ' ' || \"notnull\" || ' ' || pk || ' ' || coalesce(dflt_value, '') FROM pragma_table_info('{table}') ORDER BY name",
        $"SELECT \"table\" || ' ' || \"from\" || ' ' || \"to\" || ' ' || on_delete FROM pragma_foreign_key_list('{table}') ORDER BY \"from\"",
        $"SELECT coalesce(sql, name) FROM sqlite_master WHERE type='index' AND tbl_name='{table}' ORDER BY name",
        $"SELECT instr(sql, 'AUTOINCREMENT') > 0 FROM sqlite_master WHERE type='table' AND name='{table}'",
    ];

    private static string[] PostgresQueries(string table) =>
    [
        $"SELECT column_name || ' ' || data_type || ' ' || coalesce(character_maximum_length, 0) || ' ' || is_nullable || ' ' || is_identity || ' ' || coalesce(column_default, '') FROM information_schema.columns WHERE table_name='{table}' ORDER BY column_name",
        $"SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '\"{table}\"'::regclass ORDER BY conname",
        $"SELECT indexdef FROM pg_indexes WHERE tablename='{table}' ORDER BY indexname",
    ];

    private static List<string> Read(DbConnection connection, string sql)
    {
        using DbCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Table names come from the database itself.
        command.CommandText = sql;
#pragma warning restore CA2100
        using DbDataReader reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(reader.GetValue(0).ToString()!);
        }

        return rows;
    }
}
