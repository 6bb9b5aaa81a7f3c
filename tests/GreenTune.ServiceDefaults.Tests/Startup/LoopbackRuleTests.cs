using GreenTune.ServiceDefaults.Startup;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;

namespace GreenTune.ServiceDefaults.Tests.Startup;

public sealed class LoopbackRuleTests
{
    private const string Allow = "Security:AllowUnauthenticatedNonLoopback";

    [Theory]
    [InlineData("http://localhost:5101", true)]
    [InlineData("http://LOCALHOST", true)]
    [InlineData("http://inference.localhost:5101", true)]
    [InlineData("http://127.0.0.1:0", true)]
    [InlineData("http://127.8.9.1:80", true)]
    [InlineData("http://[::1]:5101", true)]
    [InlineData("http://unix:/run/greentune.sock", true)]
    [InlineData("http://0.0.0.0:5101", false)]
    [InlineData("http://[::]:5101", false)]
    [InlineData("http://*:5101", false)]
    [InlineData("http://+:5101", false)]
    [InlineData("https://192.168.1.7:443", false)]
    [InlineData("http://greentune.example.org", false)]
    [InlineData("http://localhost.example.org", false)]
    public void An_address_reaches_beyond_this_machine_or_not(string address, bool loopback) => Assert.Equal(loopback, LoopbackRule.IsLoopback(address));

    [Theory]
    [InlineData("urls", "http://localhost:1;http://0.0.0.0:2", "http://localhost:1|http://0.0.0.0:2")]
    [InlineData("http_ports", "8080", "http://*:8080")]
    [InlineData("https_ports", "8081;8082", "https://*:8081|https://*:8082")]
    [InlineData("Kestrel:Endpoints:Public:Url", "http://*:1", "http://*:1")]
    public void What_is_asked_for_is_found_wherever_it_stands(string key, string value, string expected)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build();
        Assert.Equal(expected.Split('|'), LoopbackRule.Requested(configuration));
    }

    [Fact]
    public async Task A_service_that_would_be_open_to_the_network_does_not_start()
    {
        await using var app = TestService.Build(Temporary(), settings: [new("urls", "http://0.0.0.0:0")], listen: true, configure: builder => builder.WebHost.UseUrls("http://0.0.0.0:0"));
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => app.StartAsync());
        Assert.Contains("http://0.0.0.0:0", error.Message, StringComparison.Ordinal);
        Assert.Contains(Allow + "=true", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_code_adds_is_found_as_well()
    {
        await using var app = TestService.Build(Temporary(), listen: true, configure: builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(0)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => app.StartAsync());
    }

    [Fact]
    public async Task It_starts_when_the_risk_is_accepted()
    {
        await using var service = await TestService.StartAsync(settings: [new(Allow, "true")], listen: true, configure: builder => builder.WebHost.UseUrls("http://0.0.0.0:0"));
        Assert.Contains("0.0.0.0", service.App.Urls.First(), StringComparison.Ordinal);
    }

    private static string Temporary() => Path.Combine(Path.GetTempPath(), "greentune-tests", Guid.NewGuid().ToString("N"));
}
