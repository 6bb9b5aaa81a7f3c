using System.Globalization;
using System.Text.Json;

namespace GreenTune.AppHost.Tests.Running;

/// <summary>store, engine and web as they run: web waits for engine, engine for store.</summary>
public sealed class RunningChainTests(RunningChainTests.Chain chain) : IClassFixture<RunningChainTests.Chain>
{
    public sealed class Chain : IAsyncLifetime
    {
        internal AppHostProcess AppHost { get; } = AppHostProcess.Sample("chain", null,
            ("ASPNETCORE_URLS", "http://localhost:1"),
            ("DOTNET_LAUNCH_PROFILE", "apphosts-own"),
            ("OTEL_SERVICE_NAME", "apphost"),
            ("FROM_USER", "kept"),
            ("SAMPLE_READY_AFTER_MS_store", "800"));

        public async ValueTask InitializeAsync() => await AppHost.HealthyAsync();

        public ValueTask DisposeAsync() => AppHost.DisposeAsync();
    }

    private readonly AppHostProcess _apphost = chain.AppHost;

    private int IndexOf(string part) => _apphost.Lines.Select((line, i) => (line, i)).First(entry => entry.line.Contains(part, StringComparison.Ordinal)).i;

    [Fact]
    public void A_resource_starts_when_what_it_waits_for_is_healthy_not_merely_running()
    {
        string[] order = ["store process", "store is ready", "engine process", "engine is ready", "web process", "web is ready", "All healthy"];
        Assert.Equal(order, order.OrderBy(IndexOf));
    }

    [Fact]
    public async Task The_table_has_every_address_and_those_for_people_first()
    {
        Assert.True(IndexOf("  web  ") < IndexOf("  store  "));
        foreach (var name in (string[])["store", "engine", "web"])
        {
            Assert.Equal("Healthy", (await _apphost.GetAsync<JsonElement>(name, "/health")).GetProperty("status").GetString());
        }
    }

    [Fact]
    public async Task A_service_gets_the_environment_that_aspire_gives()
    {
        var web = await _apphost.GetAsync<Dictionary<string, string>>("web", "/env");
        string Address(string name) => _apphost.Address(name).ToString().TrimEnd('/');

        Assert.Equal(Address("web"), web["ASPNETCORE_URLS"]);
        Assert.Equal(Address("engine"), web["services__engine__http__0"]);
        Assert.Equal(Address("store"), web["services__store__http__0"]);
        Assert.Equal(Address("engine"), web["ENGINE_HTTP"]);
        Assert.Equal("https://carbon.example.org/", web["services__carbon__default__0"]);
        Assert.Equal("Data Source=records.db", web["ConnectionStrings__records"]);
        Assert.Equal("DE", web["GRID_ZONE"]);
        Assert.Equal(Address("engine") + "/v1", web["ENGINE_BASE"]);
        Assert.Equal(_apphost.Address("engine").Port.ToString(CultureInfo.InvariantCulture), web["ENGINE_PORT"]);
        Assert.Equal("evaluated at the start", web["LATE"]);
        Assert.Equal("yes", web["FROM_PROFILE"]);
        Assert.Equal("http", web["DOTNET_LAUNCH_PROFILE"]);
        Assert.Equal("Development", web["ASPNETCORE_ENVIRONMENT"]);
        Assert.Equal("web", web["OTEL_SERVICE_NAME"]);
        Assert.Equal("service.instance.id=web", web["OTEL_RESOURCE_ATTRIBUTES"]);
        Assert.Equal("simple", web["LOGGING__CONSOLE__FORMATTERNAME"]);
        Assert.Equal("stdin", web["GREENTUNE_LIFELINE"]);
        Assert.Equal("kept", web["FROM_USER"]);
        Assert.DoesNotContain("OTEL_EXPORTER_OTLP_ENDPOINT", web.Keys);
        Assert.DoesNotContain("DOTNET_ENVIRONMENT", web.Keys);
    }

    [Fact]
    public async Task A_service_that_refers_to_nobody_is_told_of_nobody_and_runs_in_its_projects_folder()
    {
        var store = await _apphost.GetAsync<Dictionary<string, string>>("store", "/env");
        Assert.DoesNotContain(store.Keys, key => key.StartsWith("services__", StringComparison.Ordinal));
        Assert.EndsWith("Sample.Service", (await _apphost.TextAsync("store", "/where")).Trim('"'), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_have_their_writers_name_in_front_and_no_colour_outside_a_terminal()
    {
        Assert.Contains(_apphost.Lines, line => line.StartsWith("store   | store process ", StringComparison.Ordinal));
        Assert.Contains(_apphost.Lines, line => line.StartsWith("engine  | engine process ", StringComparison.Ordinal));
        Assert.Contains("web     | web on standard error", _apphost.Errors);
        Assert.DoesNotContain(_apphost.Lines, line => line.Contains('\e'));
    }
}
