using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Tests.Hosting;

/// <summary>The real service on Kestrel, at a free port, with a database of its own and a clock that stands still.</summary>
internal sealed class AccountingHost : IAsyncDisposable
{
    private readonly string[] _options;
    private readonly Action<IServiceCollection>? _services;
    private PostgresCluster? _cluster;
    private WebApplication? _app;
    private bool _started;

    private AccountingHost(string[] options, Action<IServiceCollection>? services)
    {
        _options = options;
        _services = services;
        Directory.CreateDirectory(Folder);
    }

    /// <summary>Noon on a Thursday in Berlin.</summary>
    public static DateTimeOffset Noon { get; } = new(2026, 11, 19, 11, 0, 0, TimeSpan.Zero);

    public FakeClock Clock { get; } = new(Noon);

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), "greentune-tests", Guid.NewGuid().ToString("N"));

    public string Database => Path.Combine(Folder, "accounting", "accounting.db");

    public HttpClient Http { get; private set; } = null!;

    public IServiceProvider Services => _app!.Services;

    /// <summary>The database of tests that name none: SQLite, or PostgreSQL for a whole run with GREENTUNE_TEST_STORE=postgres.</summary>
    public static StoreKind Usual { get; } = Environment.GetEnvironmentVariable("GREENTUNE_TEST_STORE") == "postgres" ? StoreKind.Postgres : StoreKind.Sqlite;

    /// <summary>The PostgreSQL database; null on SQLite.</summary>
    public string? Postgres { get; private set; }

    public static Task<AccountingHost> StartAsync(string[]? options = null, Action<IServiceCollection>? services = null) => StartAsync(Usual, options, services);

    public static async Task<AccountingHost> StartAsync(StoreKind kind, string[]? options = null, Action<IServiceCollection>? services = null)
    {
        var host = new AccountingHost(options ?? [], services);
        try
        {
            if (kind == StoreKind.Postgres)
            {
                host._cluster = await PostgresCluster.GetAsync();
                host.Postgres = await host._cluster.CreateAsync();
            }

            await host.StartAsync();
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }

        return host;
    }

    /// <summary>A host that is not started yet, for what happens before.</summary>
    public static AccountingHost Unstarted(params string[] options) => new(options, null);

    /// <summary>Another service on the same books, not started yet.</summary>
    public AccountingHost Beside(params string[] options) => new(options, null) { Postgres = Postgres };

    public async Task StartAsync()
    {
        string[] args = ["--urls", "http://127.0.0.1:0", "--Data:Directory", Folder, "--Accounting:TimeZone", "Europe/Berlin", "--Carbon:Zone", "DEU", "--Carbon:Pue", "1.2", .. Postgres is null ? (string[])[] : ["--ConnectionStrings:accounting", Postgres], .. _options];
        _app = AccountingApp.Create(args, builder =>
        {
            builder.Logging.ClearProviders();
            builder.Services.AddSingleton<TimeProvider>(Clock);
            _services?.Invoke(builder.Services);
        });
        _app.Services.GetRequiredService<IStartupValidator>().Validate();
        await AccountingApp.OpenAsync(_app, CancellationToken.None);
        await _app.StartAsync();
        _started = true;
        string address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Http = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromSeconds(60) };
    }

    public async Task StopAsync()
    {
        if (_app is not null)
        {
            Http?.Dispose();
            if (_started)
            {
                await _app.StopAsync();
                _started = false;
            }

            await _app.DisposeAsync();
            _app = null;
        }
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    public T Get<T>()
        where T : notnull => Services.GetRequiredService<T>();

    public async Task<T> GetAsync<T>(string path)
    {
        using HttpResponseMessage response = await Http.GetAsync(path);
        return await ReadAsync<T>(response, HttpStatusCode.OK);
    }

    public async Task<T> SendAsync<T>(HttpMethod method, string path, object? body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using HttpResponseMessage response = await SendAsync(method, path, body);
        return await ReadAsync<T>(response, expected);
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body = null) => Http.SendAsync(new HttpRequestMessage(method, path)
    {
        Content = body switch
        {
            null => null,
            string json => new StringContent(json, Encoding.UTF8, "application/json"),
            _ => JsonContent.Create(body, body.GetType(), options: ContractJson.Options),
        },
    });

    /// <summary>Sends what has to be refused and gives the problem document.</summary>
    public async Task<JsonElement> RefusedAsync(HttpMethod method, string path, object? body, HttpStatusCode expected)
    {
        using HttpResponseMessage response = await SendAsync(method, path, body);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} instead of {(int)expected}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        return JsonDocument.Parse(text).RootElement;
    }

    public async Task<IngestResult> StoreAsync(params RequestRecord[] records) => await SendAsync<IngestResult>(HttpMethod.Post, "/api/records", new RecordBatch(records));

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_cluster is not null && Postgres is not null)
        {
            await _cluster.DropAsync(Postgres);
        }

        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing was written.
        }
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, HttpStatusCode expected)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} instead of {(int)expected}: {text}");
        return JsonSerializer.Deserialize<T>(text, ContractJson.Options)!;
    }
}
