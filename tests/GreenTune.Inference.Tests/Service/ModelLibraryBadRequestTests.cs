using System.Net;
using System.Text;
using System.Text.Json;

namespace GreenTune.Inference.Tests.Service;

public sealed class ModelLibraryBadRequestTests(ServiceFixture fixture)
{
    private HttpClient Http => fixture.Service.Http;

    [Theory]
    [InlineData("api/models/pulls", "{}", "id")]
    [InlineData("api/models/pulls", """{"id": "a", "repository": "a/b"}""", "id")]
    [InlineData("api/models/pulls", """{"repository": "../etc"}""", "repository")]
    [InlineData("api/models/pulls", """{"repository": "a/b", "revision": "../x"}""", "revision")]
    [InlineData("api/models/pulls", """{"repository": "a/b", "name": "a/b"}""", "name")]
    [InlineData("api/models/pulls", """{"repository": "a/b", "files": ["../x"]}""", "files")]
    [InlineData("api/models/builds", "{}", "configuration")]
    [InlineData("api/models/builds", """{"model": "greentune-nano"}""", "configuration")]
    public async Task What_cannot_be_asked_is_a_problem_naming_the_field(string path, string body, string field)
    {
        string problem = await ProblemAsync(HttpStatusCode.BadRequest, PostAsync(path, body));
        Assert.True(JsonDocument.Parse(problem).RootElement.GetProperty("errors").TryGetProperty(field, out _), problem);
    }

    [Fact]
    public async Task What_is_not_there_is_404_and_what_must_stay_409()
    {
        await ProblemAsync(HttpStatusCode.NotFound, PostAsync("api/models/pulls", """{"id": "gpt-9"}"""), "The catalog has: smollm2-135m-instruct");
        await ProblemAsync(HttpStatusCode.NotFound, PostAsync("api/models/builds", """{"configuration": "gpt-9-int4"}"""), "greentune-nano-fp32");
        await ProblemAsync(HttpStatusCode.NotFound, Http.GetAsync(new Uri($"api/models/jobs/{Guid.NewGuid()}", UriKind.Relative)));
        await ProblemAsync(HttpStatusCode.NotFound, Http.GetAsync(new Uri($"api/models/jobs/{Guid.NewGuid()}/events", UriKind.Relative)));
        await ProblemAsync(HttpStatusCode.NotFound, Http.DeleteAsync(new Uri($"api/models/jobs/{Guid.NewGuid()}", UriKind.Relative)));
        await ProblemAsync(HttpStatusCode.NotFound, Http.DeleteAsync(new Uri("api/models/nothing", UriKind.Relative)));
        await ProblemAsync(HttpStatusCode.Conflict, Http.DeleteAsync(new Uri("api/models/greentune-nano", UriKind.Relative)), "ships with GreenTune");
        await ProblemAsync(HttpStatusCode.Conflict, PostAsync("api/models/pulls", """{"repository": "a/b", "name": "greentune-nano"}"""), "ships with GreenTune");
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) => Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"));

    private static async Task<string> ProblemAsync(HttpStatusCode status, Task<HttpResponseMessage> sent, string contains = "")
    {
        using HttpResponseMessage response = await sent;
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains(contains, text, StringComparison.Ordinal);
        return text;
    }
}
