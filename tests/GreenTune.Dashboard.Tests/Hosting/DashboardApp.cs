using GreenTune.Dashboard.Tests.FakeBackend;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace GreenTune.Dashboard.Tests.Hosting;

/// <summary>The dashboard in this process, talking to a fake backend.</summary>
internal sealed class DashboardApp(Uri backend, TimeProvider clock, params (string Key, string Value)[] settings) : WebApplicationFactory<Program>
{
    private int _port;

    /// <summary>Starts it on a free port, for a browser; without this, requests go through memory.</summary>
    public Uri Listen(int port = 0)
    {
        // Not UseKestrel(port): that sets the address from this thread while the program starts the server on its own, and a busy machine loses the race.
        _port = port;
        UseKestrel();
        StartServer();
        return ClientOptions.BaseAddress;
    }

    public static DashboardApp Over(FakeServices services, params (string Key, string Value)[] settings) => new(services.Address, services.World.Clock, settings);

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment("Production");
        builder.UseSetting(WebHostDefaults.ServerUrlsKey, $"http://127.0.0.1:{_port}");
        builder.UseSetting("services:accounting:http:0", backend.ToString());
        builder.UseSetting("services:inference:http:0", backend.ToString());
        foreach (var (key, value) in settings)
        {
            builder.UseSetting(key, value);
        }

        builder.ConfigureLogging(logging => logging.ClearProviders());
        builder.ConfigureTestServices(services => services.AddSingleton(clock));
    }
}
