using GreenTune.Accounting.Store;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Soak;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

namespace GreenTune.Accounting.Tests.Hosting;

/// <summary>
/// A throw-away PostgreSQL server, started by the first test that needs it, one for the whole run. Each test gets a database of its own, copied from one that is
/// migrated already.
/// </summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    /// <summary>A user whom the server asks for a password.</summary>
    public const string CarefulUser = "careful";

    public const string CarefulPassword = "correct-horse";

    private const string Template = "migrated";

    private static readonly SemaphoreSlim Starting = new(1, 1);
    private static PostgresCluster? _running;
    private static string? _missing;

    private PostgresServer? _server;
    private int _databases;

    /// <summary>Only the runner makes one.</summary>
    public PostgresCluster() => _running = this;

    /// <summary>The server's connection string, for another database than those of the tests.</summary>
    public string Server => _server!.ConnectionString;

    /// <summary>The running server; skips the test when there is none.</summary>
    public static async Task<PostgresCluster> GetAsync()
    {
        await Starting.WaitAsync();
        try
        {
            if (_missing is null && _running is { _server: null } cluster)
            {
                await cluster.StartAsync();
            }
        }
        catch (InvalidOperationException e)
        {
            _missing = e.Message;
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
        if (_server is not null)
        {
            NpgsqlConnection.ClearAllPools();
            await _server.DisposeAsync();
        }
    }

    private string Books(string database) => $"{Server};Database={database}";

    private async Task StartAsync()
    {
        _server = await PostgresServer.StartAsync(durable: false, access: $"local all {CarefulUser} scram-sha-256");
        await ExecuteAsync($"CREATE ROLE {CarefulUser} LOGIN PASSWORD '{CarefulPassword}'");
        await ExecuteAsync($"CREATE DATABASE {Template}");
        await using AccountingDb db = new(new DbContextOptionsBuilder<AccountingDb>()
            .UseNpgsql($"{Books(Template)};Pooling=false")
            .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning))
            .Options);
        await db.Database.MigrateAsync();
    }
}
