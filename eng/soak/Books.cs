using System.Globalization;
using Npgsql;

namespace GreenTune.Soak;

/// <summary>Where a run keeps its books: a folder with SQLite in it, or a PostgreSQL server, both gone at the end unless asked to stay.</summary>
internal sealed class Books : IAsyncDisposable
{
    private readonly PostgresServer? _server;
    private readonly bool _keep;

    private Books(string folder, PostgresServer? server, string? connectionString, bool keep)
    {
        Folder = folder;
        _server = server;
        ConnectionString = connectionString;
        _keep = keep;
    }

    public string Folder { get; }

    /// <summary>Of PostgreSQL; null for SQLite.</summary>
    public string? ConnectionString { get; }

    /// <param name="store">"sqlite", "postgres" for a throw-away server, or the connection string of an empty database.</param>
    /// <param name="folder">Where SQLite's file is and stays; null for a temporary folder.</param>
    public static async Task<Books> OpenAsync(string store, string? folder)
    {
        string data = folder is null ? Directory.CreateTempSubdirectory("greentune-soak-").FullName : Directory.CreateDirectory(folder).FullName;
        switch (store)
        {
            case "sqlite":
                return new Books(data, null, null, folder is not null);
            case "postgres":
                PostgresServer server = await PostgresServer.StartAsync(durable: true);
                string books = $"{server.ConnectionString};Database=books";
                await using (var connection = new NpgsqlConnection($"{server.ConnectionString};Database=postgres;Pooling=false"))
                {
                    await connection.OpenAsync();
                    await using var command = new NpgsqlCommand("CREATE DATABASE books", connection);
                    await command.ExecuteNonQueryAsync();
                }

                return new Books(data, server, books, folder is not null);
            default:
                return new Books(data, null, store, folder is not null);
        }
    }

    /// <summary>Configuration of an Accounting on these books.</summary>
    public Dictionary<string, string> Environment(params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string> { ["GREENTUNE_DATA"] = Folder, ["Carbon__Zone"] = "DEU", ["Carbon__Pue"] = "1.2", ["Accounting__TimeZone"] = "Europe/Berlin" };
        if (ConnectionString is not null)
        {
            environment["ConnectionStrings__accounting"] = ConnectionString;
        }

        foreach ((string name, string value) in more)
        {
            environment[name] = value;
        }

        return environment;
    }

    /// <summary>Bytes on disk, with what waits in the write-ahead log of SQLite.</summary>
    public async Task<long> BytesAsync()
    {
        if (ConnectionString is null)
        {
            return new DirectoryInfo(Path.Combine(Folder, "accounting")).GetFiles().Sum(file => file.Length);
        }

        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pg_database_size(current_database())", connection);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            NpgsqlConnection.ClearAllPools();
            await _server.DisposeAsync();
        }

        if (!_keep)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
