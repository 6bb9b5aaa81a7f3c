using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace GreenTune.ServiceDefaults.Tests;

/// <summary>A service with the defaults and its data in a temporary folder, in memory unless it has to listen.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private readonly string _data;

    private TestService(WebApplication app, string data)
    {
        App = app;
        _data = data;
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses;
        Client = addresses is { Count: > 0 } ? new HttpClient { BaseAddress = new Uri(addresses.First()) } : app.GetTestClient();
    }

    public WebApplication App { get; }

    public HttpClient Client { get; }

    public static async Task<TestService> StartAsync(
        Action<WebApplication>? map = null,
        Action<WebApplicationBuilder>? configure = null,
        IEnumerable<KeyValuePair<string, string?>>? settings = null,
        bool listen = false,
        string environment = "Production")
    {
        var data = Path.Combine(Path.GetTempPath(), "greentune-tests", Guid.NewGuid().ToString("N"));
        var app = Build(data, map, configure, settings, listen, environment);
        await app.StartAsync();
        return new TestService(app, data);
    }

    public static WebApplication Build(
        string data,
        Action<WebApplication>? map = null,
        Action<WebApplicationBuilder>? configure = null,
        IEnumerable<KeyValuePair<string, string?>>? settings = null,
        bool listen = false,
        string environment = "Production")
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment, ApplicationName = "GreenTune.Sample" });
        builder.Configuration.AddInMemoryCollection([new("Data:Directory", data)]);
        if (listen)
        {
            builder.WebHost.UseUrls("http://127.0.0.1:0");
        }
        else
        {
            builder.WebHost.UseTestServer();
        }

        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        configure?.Invoke(builder);
        var app = builder.Build();
        app.MapDefaultEndpoints();
        map?.Invoke(app);
        return app;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
        if (Directory.Exists(_data))
        {
            Directory.Delete(_data, recursive: true);
        }
    }
}
