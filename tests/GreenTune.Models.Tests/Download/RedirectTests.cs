using System.Net;
using GreenTune.Models.Download;
using GreenTune.Tests;

namespace GreenTune.Models.Tests.Download;

public sealed class RedirectTests : IAsyncDisposable
{
    private const string Secret = "hf_secret_of_the_test";
    private readonly PullingHub _pull = new();

    public ValueTask DisposeAsync() => _pull.DisposeAsync();

    [Fact]
    public async Task The_token_goes_to_the_hub_and_to_no_other_host()
    {
        await using var storage = new FakeHub { Misbehave = (request, _) => FakeHub.Content(request, _pull.Files[PullingHub.Weights]) };
        _pull.Misbehave(PullingHub.Weights, (_, _) => FakeReply.Empty(302, ("Location", $"{storage.Address}blob?Signature=abc")));
        _pull.HubOptions = new HubOptions { Endpoint = _pull.Hub.Address, Token = Token() };
        await _pull.PullAsync();
        _pull.AssertPulled();
        Assert.All(_pull.Hub.Requests, r => Assert.Equal($"Bearer {Secret}", r.Header("Authorization")));
        Assert.Null(Assert.Single(storage.Requests).Header("Authorization"));
        Assert.DoesNotContain(Secret, File.ReadAllText(Path.Combine(_pull.Target(), SourcePin.FileName)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_message_shows_the_token_or_a_signature()
    {
        await using var storage = new FakeHub { Misbehave = (_, _) => FakeReply.Empty(500) };
        _pull.Misbehave(PullingHub.Weights, (_, _) => FakeReply.Empty(302, ("Location", $"{storage.Address}blob?Signature=abc")), times: 100);
        _pull.HubOptions = new HubOptions { Endpoint = _pull.Hub.Address, Token = Token() };
        HubException e = await _pull.FailAsync(HubFailure.Unavailable);
        Assert.All(_pull.Notes.Append(e.ToString()).Append(_pull.HubOptions.ToString()), text =>
        {
            Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
            Assert.DoesNotContain("Signature", text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_token_is_not_sent_unencrypted()
    {
        _pull.HubOptions = new HubOptions { Endpoint = new Uri("http://hub.example/"), Token = Token() };
        Assert.Contains("over http", (await _pull.FailAsync(HubFailure.Refused)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_signature_elsewhere_is_tried_again_from_the_hub()
    {
        int calls = 0;
        await using var storage = new FakeHub { Misbehave = (request, _) => ++calls == 1 ? FakeReply.Empty(403) : FakeHub.Content(request, _pull.Files[PullingHub.Weights]) };
        _pull.Misbehave(PullingHub.Weights, (_, _) => FakeReply.Empty(302, ("Location", $"{storage.Address}blob")), times: 2);
        await _pull.PullAsync();
        _pull.AssertPulled();
    }

    [Fact]
    public async Task Redirects_without_end_are_refused()
    {
        _pull.Misbehave(PullingHub.Weights, (request, _) => FakeReply.Empty(307, ("Location", request.Path)), times: 100);
        Assert.Contains("more than 5 times", (await _pull.FailAsync(HubFailure.Refused)).Message, StringComparison.Ordinal);
        Assert.Equal(6, _pull.Hub.RequestsOf(PullingHub.Weights).Count());
    }

    [Theory]
    [InlineData("http://127.0.0.1:9/x")]
    [InlineData("http://inner.example/x")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://[::1]:9/x")]
    public async Task A_public_hub_leads_to_no_inner_address(string target)
    {
        AsPublicHub();
        _pull.Misbehave(PullingHub.Weights, (_, _) => FakeReply.Empty(302, ("Location", target)), times: 100);
        HubException e = await _pull.FailAsync(HubFailure.Refused);
        Assert.Contains("an address inside a network", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_the_user_allows_may_be_inside()
    {
        AsPublicHub("inner.example");
        _pull.Misbehave(PullingHub.Weights, (request, _) => FakeReply.Empty(302, ("Location", $"http://inner.example{request.Path}")));
        await _pull.PullAsync();
        _pull.AssertPulled();
        _pull.Misbehave(PullingHub.Weights, (_, _) => FakeReply.Empty(302, ("Location", "http://other.example/x")), times: 100);
        Assert.Contains("not among the allowed hosts inner.example", (await _pull.FailAsync(HubFailure.Refused, name: "second")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://hub.example/", "http://cdn.example/x", false)]
    [InlineData("https://hub.example/", "ftp://cdn.example/x", false)]
    [InlineData("https://hub.example/", "https://user:word@cdn.example/x", false)]
    [InlineData("https://hub.example/", "https://cdn.example/x", true)]
    [InlineData("https://hub.example/", "https://10.0.0.1/x", false)]
    [InlineData("http://127.0.0.1:80/", "http://127.0.0.1:81/x", true)]
    public void Only_https_is_followed_unless_the_hub_is_http(string hub, string target, bool allowed)
    {
        var rules = new HubAddresses(new HubOptions { Endpoint = new Uri(hub) }, HubAddresses.ResolveByDns);
        if (allowed)
            rules.CheckRedirect(new Uri(target));
        else
            Assert.Equal(HubFailure.Refused, Assert.Throws<HubException>(() => rules.CheckRedirect(new Uri(target))).Failure);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.0.1", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    public void Addresses_are_told_apart(string address, bool isPublic) => Assert.Equal(isPublic, HubAddresses.IsPublic(IPAddress.Parse(address)));

    /// <summary>The fake hub behind a public name and address.</summary>
    private void AsPublicHub(params string[] allowed)
    {
        _pull.HubOptions = new HubOptions { Endpoint = new Uri("http://hub.example/"), AllowedHosts = allowed };
        _pull.Http = options => new HubHttp(
            options,
            _pull.Clock,
            (host, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(host == "hub.example" ? "203.0.114.7" : "192.168.1.7")]),
            _ => new IPEndPoint(IPAddress.Loopback, _pull.Hub.Port));
    }

    private static HubToken Token() => HubToken.FromEnvironment(name => name == "HF_TOKEN" ? Secret : null)!;
}
