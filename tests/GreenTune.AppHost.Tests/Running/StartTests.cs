using System.Net;
using System.Net.Sockets;

namespace GreenTune.AppHost.Tests.Running;

public sealed class StartTests
{
    [Fact]
    public async Task Telemetry_goes_where_the_apphost_is_told()
    {
        await using var apphost = await AppHostProcess.Sample("store", null, ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")).HealthyAsync();
        var store = await apphost.GetAsync<Dictionary<string, string>>("store", "/env");
        Assert.Equal("http://127.0.0.1:9", store["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        Assert.Equal("http/protobuf", store["OTEL_EXPORTER_OTLP_PROTOCOL"]);
        Assert.Equal("1000", store["OTEL_BSP_SCHEDULE_DELAY"]);
    }

    [Fact]
    public async Task Replicas_listen_on_ports_of_their_own_and_whoever_refers_to_them_knows_all()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        await using var apphost = await AppHostProcess.Sample("replicas", [$"--Ports:engine={port}"]).HealthyAsync();
        var web = await apphost.GetAsync<Dictionary<string, string>>("web", "/env");
        var addresses = Enumerable.Range(0, 3).Select(i => web[$"services__engine__http__{i}"]).ToList();
        Assert.Equal(3, addresses.Distinct().Count());
        Assert.Equal($"http://localhost:{port}", addresses[0]);
        Assert.Equal(addresses[0], web["ENGINE_HTTP"]);
        Assert.DoesNotContain("services__engine__http__3", web.Keys);

        var pids = new HashSet<string>();
        for (var i = 0; i < 6; i++)
        {
            pids.Add(await apphost.TextAsync("web", "/engine-pid"));
        }

        Assert.Equal(3, pids.Count);
        var second = await apphost.GetAsync<Dictionary<string, string>>("engine-2", "/env");
        Assert.Equal("engine", second["OTEL_SERVICE_NAME"]);
        Assert.Equal("service.instance.id=engine-2", second["OTEL_RESOURCE_ATTRIBUTES"]);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_with_its_holder_and_the_option_before_anything_starts()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var apphost = AppHostProcess.Sample("chain", null, ("Ports__engine", $"{port}"));
        Assert.Equal(1, await apphost.ExitAsync());
        var error = Assert.Single(apphost.Errors);
        Assert.StartsWith($"Port {port}, which 'engine' listens on, is taken", error, StringComparison.Ordinal);
        Assert.Contains("--Ports:engine=", error, StringComparison.Ordinal);
        Assert.Contains("Ports__engine=", error, StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
        {
            Assert.Contains($"by process {Environment.ProcessId} (", error, StringComparison.Ordinal);
        }

        Assert.Empty(apphost.Children());
    }

    [Fact]
    public async Task A_port_that_two_resources_want_is_refused()
    {
        await using var apphost = AppHostProcess.Sample("chain", ["--Ports:engine=45001", "--Ports:web=45001"]);
        Assert.Equal(1, await apphost.ExitAsync());
        Assert.Contains("wanted by both 'engine' and 'web'", Assert.Single(apphost.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_keeps_ending_before_it_is_healthy_fails_the_start_and_stops_the_others()
    {
        await using var apphost = AppHostProcess.Sample("crash");
        Assert.Equal(1, await apphost.ExitAsync());
        Assert.Contains(apphost.Errors, line => line.StartsWith("'engine' does not start: it ended 3 times before it was healthy, the last time with exit code 3", StringComparison.Ordinal));
        Assert.Equal(3, apphost.Errors.Count(line => line == "engine  | cannot go on"));
        Assert.DoesNotContain(apphost.Lines, line => line.Contains("web process", StringComparison.Ordinal));
        await AppHostProcess.GoneAsync(apphost.Children());
    }

    [Fact]
    public async Task A_project_that_was_never_built_is_named_before_anything_starts()
    {
        await using var apphost = AppHostProcess.Sample("missing");
        Assert.Equal(1, await apphost.ExitAsync());
        Assert.Contains("'ghost': nothing says where /nowhere/Ghost.csproj is built to", Assert.Single(apphost.Errors), StringComparison.Ordinal);
        Assert.Empty(apphost.Children());
    }

    [Fact]
    public async Task A_connection_string_without_a_value_is_named_with_the_option()
    {
        await using var apphost = AppHostProcess.Sample("chain", null, ("ConnectionStrings__records", ""));
        Assert.Equal(1, await apphost.ExitAsync());
        Assert.Contains("--ConnectionStrings:records=", Assert.Single(apphost.Errors), StringComparison.Ordinal);
    }
}
