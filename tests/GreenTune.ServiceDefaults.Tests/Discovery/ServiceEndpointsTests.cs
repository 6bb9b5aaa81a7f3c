using FsCheck;
using FsCheck.Fluent;
using GreenTune.ServiceDefaults.Discovery;
using Microsoft.Extensions.Configuration;

namespace GreenTune.ServiceDefaults.Tests.Discovery;

public sealed class ServiceEndpointsTests
{
    private static ServiceEndpoints With(params (string Key, string Value)[] settings) => new(Configuration(settings));

    private static IConfigurationRoot Configuration(params (string Key, string Value)[] settings)
        => new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value))).Build();

    [Fact]
    public void A_name_becomes_the_configured_address_with_path_and_query_kept()
    {
        using var endpoints = With(("services:inference:http:0", "http://localhost:5101"));
        Assert.Equal(new Uri("http://localhost:5101/v1/models?limit=2"), endpoints.Resolve(new Uri("http://inference/v1/models?limit=2")));
    }

    [Fact]
    public void An_address_with_a_path_keeps_it_in_front()
    {
        using var endpoints = With(("services:inference:http:0", "http://localhost:5101/gateway/"));
        Assert.Equal(new Uri("http://localhost:5101/gateway/v1"), endpoints.Resolve(new Uri("http://inference/v1")));
    }

    [Theory]
    [InlineData("http://localhost/x")]
    [InlineData("http://127.0.0.1/x")]
    [InlineData("http://[::1]/x")]
    [InlineData("http://inference:5101/x")]
    [InlineData("https://example.org/x")]
    public void What_is_an_address_already_stays(string uri)
    {
        using var endpoints = With(("services:inference:http:0", "http://localhost:5101"));
        Assert.Null(endpoints.Resolve(new Uri(uri)));
    }

    [Fact]
    public void Https_is_taken_first_where_both_are_allowed()
    {
        using var endpoints = With(("services:inference:http:0", "http://localhost:1"), ("services:inference:https:0", "https://localhost:2"));
        Assert.Equal(2, endpoints.Resolve(new Uri("https+http://inference"))!.Port);
        Assert.Equal(1, endpoints.Resolve(new Uri("http://inference"))!.Port);
    }

    [Fact]
    public void Http_serves_where_https_is_preferred_but_not_there()
    {
        using var endpoints = With(("services:inference:http:0", "http://localhost:1"));
        Assert.Equal("http://localhost:1/a", endpoints.Resolve(new Uri("https+http://inference/a"))!.ToString());
    }

    [Fact]
    public void An_endpoint_can_be_asked_for_by_name()
    {
        using var endpoints = With(("services:inference:admin:0", "http://localhost:3"), ("services:inference:http:0", "http://localhost:1"));
        Assert.Equal(3, endpoints.Resolve(new Uri("http://_admin.inference/x"))!.Port);
    }

    [Fact]
    public void An_external_address_under_default_serves_both_schemes()
    {
        using var endpoints = With(("services:carbon:default:0", "https://carbon.example.org/"));
        Assert.Equal("https://carbon.example.org/zones", endpoints.Resolve(new Uri("http://carbon/zones"))!.ToString());
    }

    [Fact]
    public void An_unknown_name_says_which_key_is_missing_and_how_to_set_it()
    {
        using var endpoints = With();
        var error = Assert.Throws<HttpRequestException>(() => endpoints.Resolve(new Uri("https+http://inference/v1")));
        Assert.Contains("services:inference:https:0", error.Message, StringComparison.Ordinal);
        Assert.Contains("services:inference:http:0", error.Message, StringComparison.Ordinal);
        Assert.Contains("services__inference__https__0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_is_no_url_is_named_with_its_key()
    {
        using var endpoints = With(("services:inference:http:0", "localhost 5101"));
        var error = Assert.Throws<HttpRequestException>(() => endpoints.Resolve(new Uri("http://inference")));
        Assert.Contains("services:inference:http:0 is 'localhost 5101'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reload_is_seen_at_the_next_request()
    {
        var configuration = Configuration(("services:inference:http:0", "http://localhost:1"));
        using var endpoints = new ServiceEndpoints(configuration);
        Assert.Equal(1, endpoints.Resolve(new Uri("http://inference"))!.Port);
        configuration["services:inference:http:0"] = "http://localhost:2";
        configuration.Reload();
        Assert.Equal(2, endpoints.Resolve(new Uri("http://inference"))!.Port);
    }

    [Fact]
    public void Replicas_take_turns_evenly()
    {
        var property = Prop.ForAll(
            Gen.Choose(1, 6).ToArbitrary(),
            Gen.Choose(0, 60).ToArbitrary(),
            (replicas, requests) =>
            {
                using var endpoints = With([.. Enumerable.Range(0, replicas).Select(i => ($"services:inference:http:{i}", $"http://localhost:{1000 + i}"))]);
                var counts = Enumerable.Range(0, requests).Select(_ => endpoints.Resolve(new Uri("http://inference"))!.Port).CountBy(port => port).Select(count => count.Value).ToList();
                var most = counts.DefaultIfEmpty(0).Max();
                var least = counts.Count < replicas ? 0 : counts.Min();
                return most - least <= 1;
            });
        Check.QuickThrowOnFailure(property);
    }

    [Fact]
    public void Replicas_take_turns_in_their_numbers_order()
    {
        using var endpoints = With([.. Enumerable.Range(0, 11).Select(i => ($"services:inference:http:{i}", $"http://localhost:{1000 + i}"))]);
        Assert.Equal(Enumerable.Range(1000, 11), Enumerable.Range(0, 11).Select(_ => endpoints.Resolve(new Uri("http://inference"))!.Port));
    }
}
