using System.Net;
using System.Net.Http.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.External;

namespace GreenTune.Inference.Tests.External;

[Collection(ExternalFixture.Collection)]
public sealed class ExternalApiTests(ExternalFixture fixture)
{
    private static readonly Uri Api = new("api/external", UriKind.Relative);

    private HttpClient Http => fixture.Service.Http;

    [Fact]
    public async Task An_upstream_is_registered_used_and_removed()
    {
        using HttpResponseMessage added = await AddAsync(new ExternalInput { Id = "late", Url = fixture.Upstream.Url.AbsoluteUri, Model = FakeUpstream.Model, ApiKeyVariable = "GREENTUNE_UPSTREAM_NONE" });
        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        ExternalView view = (await added.Content.ReadFromJsonAsync<ExternalView>(ContractJson.Options))!;
        Assert.Equal(("late", ConfigurationState.Ready, false), (view.Id, view.State, view.FromSettings));
        Assert.NotNull(view.ProbedAt);
        using HttpResponseMessage answer = await Http.PostAsJsonAsync("v1/chat/completions", new { model = "late", messages = new[] { new { role = "user", content = "whole late" } } });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("", fixture.Upstream.Authorizations["whole late"]);

        using HttpResponseMessage twice = await AddAsync(new ExternalInput { Id = "late", Url = fixture.Upstream.Url.AbsoluteUri, Model = FakeUpstream.Model });
        Assert.Equal(HttpStatusCode.Conflict, twice.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await Http.DeleteAsync(new Uri("api/external/late", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Http.DeleteAsync(new Uri("api/external/late", UriKind.Relative))).StatusCode);
        using HttpResponseMessage gone = await Http.PostAsJsonAsync("v1/chat/completions", new { model = "late", messages = new[] { new { role = "user", content = "x" } } });
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task An_upstream_without_the_model_is_registered_and_shown_as_failed()
    {
        using HttpResponseMessage added = await AddAsync(new ExternalInput { Id = "other-model", Url = fixture.Upstream.Url.AbsoluteUri, Model = "not-there" });
        ExternalView view = (await added.Content.ReadFromJsonAsync<ExternalView>(ContractJson.Options))!;
        Assert.Equal(ConfigurationState.Failed, view.State);
        Assert.Contains($"it has {FakeUpstream.Model}", view.Error, StringComparison.Ordinal);
        await Http.DeleteAsync(new Uri("api/external/other-model", UriKind.Relative));
    }

    [Fact]
    public async Task One_of_the_settings_stays()
    {
        using HttpResponseMessage response = await Http.DeleteAsync(new Uri($"api/external/{ExternalFixture.Id}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Contains("Inference:External:Upstreams", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "http://127.0.0.1/v1", "m", null, "id")]
    [InlineData("a b", "http://127.0.0.1/v1", "m", null, "id")]
    [InlineData("x", "ftp://127.0.0.1/v1", "m", null, "url")]
    [InlineData("x", "http://user:pass@127.0.0.1/v1", "m", null, "url")]
    [InlineData("x", "http://127.0.0.1/v1?a=b", "m", null, "url")]
    [InlineData("x", "http://10.0.0.7:8000/v1", "m", null, "url")]
    [InlineData("x", "http://localhost/v1", "m", null, "url")]
    [InlineData("x", "http://169.254.169.254/latest", "m", null, "url")]
    [InlineData("x", "http://example.com/v1", "m", null, "url")]
    [InlineData("x", "http://evilexample.com/v1", "m", null, "url")]
    [InlineData("x", "http://127.0.0.1/v1", "", null, "model")]
    [InlineData("x", "http://127.0.0.1/v1", "m", "PATH", "apiKeyVariable")]
    [InlineData("x", "http://127.0.0.1/v1", "m", "ConnectionStrings__Accounting", "apiKeyVariable")]
    public async Task What_may_not_be_registered_is_refused_by_its_field(string? id, string url, string model, string? key, string field)
    {
        using HttpResponseMessage response = await AddAsync(new ExternalInput { Id = id, Url = url, Model = model, ApiKeyVariable = key });
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, text);
        Assert.Contains($"\"{field}\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("greentune-nano-int4")]
    [InlineData("greentune-nano")]
    [InlineData("auto")]
    [InlineData(ExternalFixture.Id)]
    public async Task A_name_that_is_taken_is_a_conflict(string id)
    {
        using HttpResponseMessage response = await AddAsync(new ExternalInput { Id = id, Url = "http://127.0.0.1:9/v1", Model = "m" });
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
    }

    [Fact]
    public async Task A_name_below_an_allowed_domain_may_not_lead_to_an_inner_address()
    {
        var connection = new UpstreamConnection(new Upstream("x", fixture.Upstream.Url, "m", null, false, false, MayBeInner: false), TimeSpan.FromSeconds(5));
        HttpRequestException e = await Assert.ThrowsAsync<HttpRequestException>(() => connection.SendAsync(HttpMethod.Get, "models", null, null, CancellationToken.None));
        Assert.Contains("inner address", e.ToString(), StringComparison.Ordinal);
        connection.Dispose();
    }

    [Fact]
    public void Registered_upstreams_are_there_after_a_restart()
    {
        string folder = Directory.CreateTempSubdirectory("greentune-external-").FullName;
        try
        {
            var options = new ExternalOptions { Allow = { "127.0.0.1" } };
            using (ExternalRegistry first = Registry(options, folder))
            {
                first.Add(new ExternalInput { Id = "kept", Url = "http://127.0.0.1:9/v1", Model = "m", OnMeteredDevice = true });
            }

            using (ExternalRegistry second = Registry(options, folder))
            {
                Assert.Equal(("kept", "http://127.0.0.1:9/v1/", true), (second.Find("kept")!.Upstream.Id, second.Find("kept")!.Upstream.Url.AbsoluteUri, second.Find("kept")!.Upstream.OnMeteredDevice));
            }

            // A host that is not allowed any more is not called any more.
            using ExternalRegistry third = Registry(new ExternalOptions(), folder);
            Assert.True(third.IsEmpty);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ExternalRegistry Registry(ExternalOptions options, string folder) =>
        new(new ConfigurationRegistry([]), Microsoft.Extensions.Options.Options.Create(options), folder, Microsoft.Extensions.Logging.Abstractions.NullLogger<ExternalRegistry>.Instance);

    private Task<HttpResponseMessage> AddAsync(ExternalInput input) => Http.PostAsJsonAsync(Api, input, ContractJson.Options);
}
