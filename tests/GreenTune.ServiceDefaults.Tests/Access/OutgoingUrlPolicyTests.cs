using System.Net;
using GreenTune.ServiceDefaults.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Tests.Access;

public sealed class OutgoingUrlPolicyTests
{
    [Theory]
    [InlineData("https://hooks.example.com/a")]
    [InlineData("http://hooks.example.com:80/a")]
    [InlineData("https://a.public.example/")]
    public void Listed_hosts_may_be_called(string address) => Assert.Null(Policy("hooks.example.com", "*.public.example").Refusal(new Uri(address)));

    [Theory]
    [InlineData("https://other.example.com/", "OutgoingUrls__Allow__0=other.example.com")]
    [InlineData("https://other.example.com:8443/", "OutgoingUrls__Allow__0=other.example.com:8443")]
    [InlineData("http://127.0.0.1:5102/", "inner address")]
    [InlineData("http://localhost/", "inner address")]
    [InlineData("http://localhost./", "inner address")]
    [InlineData("http://api.localhost/", "inner address")]
    [InlineData("http://169.254.169.254/latest/meta-data/", "inner address")]
    [InlineData("http://[fd00:ec2::254]/", "inner address")]
    [InlineData("http://[::1]/", "inner address")]
    [InlineData("http://[::ffff:10.0.0.1]/", "inner address")]
    [InlineData("http://2130706433/", "inner address")]
    [InlineData("http://0x7f.1/", "inner address")]
    [InlineData("http://10.0.0.1/", "inner address")]
    [InlineData("ftp://hooks.example.com/", "http and https")]
    [InlineData("file:///etc/passwd", "http and https")]
    [InlineData("gopher://hooks.example.com/", "http and https")]
    [InlineData("https://user:pass@hooks.example.com/", "password")]
    public void Everything_else_is_refused_with_a_sentence_that_says_what_to_do(string address, string says) =>
        Assert.Contains(says, Policy("hooks.example.com").Refusal(new Uri(address)), StringComparison.Ordinal);

    [Fact]
    public void An_inner_address_is_called_only_when_the_operator_listed_it_whole()
    {
        OutgoingUrlPolicy policy = Policy("localhost:9000", "*.internal.example");
        Assert.Null(policy.Refusal(new Uri("http://localhost:9000/")));
        Assert.NotNull(policy.Refusal(new Uri("http://localhost:9001/")));
    }

    [Fact]
    public void Hosts_of_other_settings_are_included_and_their_setting_is_named()
    {
        IOutgoingUrlPolicy policy = Policy().Including("Carbon:ElectricityMaps:Address", "api.example.com");
        Assert.Null(policy.Refusal(new Uri("https://api.example.com/v3")));
        Assert.Contains("OutgoingUrls:Allow or Carbon:ElectricityMaps:Address", policy.Refusal(new Uri("https://b.example.com/")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirects_are_not_followed_and_each_connection_is_checked_by_where_it_leads()
    {
        await using TestService target = await TestService.StartAsync(app =>
        {
            app.MapGet("/away", () => Results.Redirect("http://169.254.169.254/"));
            app.MapGet("/here", () => "here");
        }, listen: true);
        int port = target.Client.BaseAddress!.Port;
        using var allowed = new HttpClient(Policy($"127.0.0.1:{port}", $"localhost:{port}").CreateHandler());
        Assert.Equal("here", await allowed.GetStringAsync(new Uri($"http://127.0.0.1:{port}/here")));
        using HttpResponseMessage away = await allowed.GetAsync(new Uri($"http://127.0.0.1:{port}/away"));
        Assert.Equal(HttpStatusCode.Redirect, away.StatusCode);
        await Assert.ThrowsAsync<OutgoingUrlRefusedException>(() => allowed.GetAsync(new Uri("http://169.254.169.254/")));

        // A name of an allowed domain may still lead to this machine, which only the connection shows.
        HttpRequestException inner = await Assert.ThrowsAsync<HttpRequestException>(
            async () => await (await AllowedHosts.ConnectAsync(new DnsEndPoint("localhost", port), mayBeInner: false, "OutgoingUrls:Allow", CancellationToken.None)).DisposeAsync());
        Assert.Contains("localhost leads to an inner address", inner.Message, StringComparison.Ordinal);
        Assert.Contains("OutgoingUrls:Allow", inner.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_of_the_factory_goes_through_the_policy()
    {
        await using TestService service = await TestService.StartAsync(
            configure: builder => builder.Services.AddHttpClient("webhooks").WithOutgoingUrlPolicy(),
            settings: [new("services:accounting:http:0", "http://127.0.0.1:9"), new("OutgoingUrls:Allow:0", "accounting")]);
        HttpClient client = service.App.Services.GetRequiredService<IHttpClientFactory>().CreateClient("webhooks");
        await Assert.ThrowsAsync<OutgoingUrlRefusedException>(() => client.GetAsync(new Uri("http://other.example/")));
        // A service's name is resolved to where the service is, and that is refused.
        await Assert.ThrowsAsync<OutgoingUrlRefusedException>(() => client.GetAsync(new Uri("http://accounting/api/records")));
    }

    [Fact]
    public void A_malformed_pattern_is_refused_at_start_with_its_key()
    {
        var options = new OutgoingUrlOptions { Allow = { "hooks.example.com", "https://x" } };
        Assert.Contains("OutgoingUrls:Allow:1 (environment: OutgoingUrls__Allow__1) is 'https://x'", new OutgoingUrlOptionsRules().Validate(null, options).FailureMessage, StringComparison.Ordinal);
    }

    private static OutgoingUrlPolicy Policy(params string[] allow)
    {
        var options = new OutgoingUrlOptions();
        foreach (string host in allow)
        {
            options.Allow.Add(host);
        }

        return new OutgoingUrlPolicy(Options.Create(options));
    }
}
