using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Tests.Service;

public sealed class BadRequestTests(ServiceFixture fixture)
{
    private HttpClient Http => fixture.Service.Http;

    [Fact]
    public async Task An_unknown_model_is_404_and_lists_what_there_is()
    {
        JsonElement error = await ErrorAsync(HttpStatusCode.NotFound, """{"model": "gpt-9", "messages": [{"role": "user", "content": "Hi"}]}""");
        Assert.Equal("model_not_found", error.GetProperty("code").GetString());
        Assert.Equal("model", error.GetProperty("param").GetString());
        string message = error.GetProperty("message").GetString()!;
        Assert.Contains("gpt-9", message, StringComparison.Ordinal);
        Assert.Contains("auto, greentune-nano, greentune-tiny, greentune-nano-fp32", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Malformed_JSON_is_400() =>
        Assert.Equal("invalid_json", (await ErrorAsync(HttpStatusCode.BadRequest, "{\"model\": ")).GetProperty("code").GetString());

    [Fact]
    public async Task A_field_out_of_range_is_400_and_named()
    {
        JsonElement error = await ErrorAsync(HttpStatusCode.BadRequest, """{"model": "auto", "max_tokens": 0, "messages": [{"role": "user", "content": "Hi"}]}""");
        Assert.Equal("max_tokens", error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_is_400_with_both_numbers()
    {
        string prompt = string.Concat(Enumerable.Repeat("the grid hums and ", 1500));
        JsonElement error = await ErrorAsync(HttpStatusCode.BadRequest, JsonSerializer.Serialize(new { model = "greentune-nano-int4", messages = new[] { new { role = "user", content = prompt } } }));
        Assert.Equal("context_length_exceeded", error.GetProperty("code").GetString());
        Assert.Equal("messages", error.GetProperty("param").GetString());
        Assert.Contains("2048", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Max_tokens_that_do_not_fit_behind_the_prompt_are_400_and_say_how_many_would()
    {
        JsonElement error = await ErrorAsync(HttpStatusCode.BadRequest, """{"model": "greentune-nano-int4", "max_tokens": 2048, "messages": [{"role": "user", "content": "Hi"}]}""");
        Assert.Equal("max_tokens", error.GetProperty("param").GetString());
        Assert.Contains("at most 20", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_413()
    {
        string prompt = new('x', 5 << 20);
        JsonElement error = await ErrorAsync(HttpStatusCode.RequestEntityTooLarge, JsonSerializer.Serialize(new { model = "auto", messages = new[] { new { role = "user", content = prompt } } }));
        Assert.Contains("Http:MaxRequestBodyBytes", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Headers.Tenant, "two words")]
    [InlineData(Headers.Session, "a/b")]
    [InlineData(Headers.Energy, "now")]
    public async Task A_header_that_cannot_be_kept_is_400_and_named(string name, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = Json("""{"model": "auto", "messages": [{"role": "user", "content": "Hi"}]}""") };
        request.Headers.Add(name, value);
        using HttpResponseMessage response = await Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(name, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task A_path_or_method_that_is_not_there_answers_in_the_envelope_below_v1_and_with_a_problem_elsewhere()
    {
        using HttpResponseMessage missing = await Http.GetAsync(new Uri("v1/nothing", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.True(JsonDocument.Parse(await missing.Content.ReadAsStringAsync()).RootElement.TryGetProperty("error", out _));

        using HttpResponseMessage method = await Http.GetAsync(new Uri("v1/chat/completions", UriKind.Relative));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, method.StatusCode);
        Assert.True(JsonDocument.Parse(await method.Content.ReadAsStringAsync()).RootElement.TryGetProperty("error", out _));

        using HttpResponseMessage elsewhere = await Http.GetAsync(new Uri("api/nothing", UriKind.Relative));
        Assert.Equal("application/problem+json", elsewhere.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("""{"items": 2}""", "items")]
    [InlineData("""{"repeats": 0}""", "repeats")]
    [InlineData("""{"configurations": ["nope"]}""", "configurations")]
    [InlineData("""{"configurations": []}""", "configurations")]
    [InlineData("""{"configurations": ["greentune-nano-int4"], "reference": "greentune-tiny-fp32"}""", "reference")]
    public async Task A_plan_that_cannot_run_is_a_problem_naming_the_field(string body, string field)
    {
        using HttpResponseMessage response = await Http.PostAsync(new Uri("api/plans", UriKind.Relative), Json(body));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.True(JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("errors").TryGetProperty(field, out _));
    }

    [Fact]
    public async Task A_prediction_for_an_unknown_configuration_is_404_and_for_negative_lengths_400()
    {
        using HttpResponseMessage unknown = await Http.PostAsync(new Uri("api/predictions", UriKind.Relative), Json("""{"configurationId": "nope", "inputTokens": 1, "outputTokens": 1}"""));
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        using HttpResponseMessage negative = await Http.PostAsync(new Uri("api/predictions", UriKind.Relative), Json("""{"configurationId": "greentune-nano-int4", "inputTokens": -1, "outputTokens": 1}"""));
        Assert.Equal(HttpStatusCode.BadRequest, negative.StatusCode);
    }

    [Fact]
    public async Task Power_is_there_for_sensible_spans_only()
    {
        using HttpResponseMessage far = await Http.GetAsync(new Uri("api/meter/power?seconds=5000", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, far.StatusCode);
        PowerFrame[] frames = JsonSerializer.Deserialize<PowerFrame[]>(await Http.GetStringAsync("api/meter/power?seconds=2"), ContractJson.Options)!;
        Assert.Equal("cpu-0", frames.Single().Device);
        Assert.NotEmpty(frames[0].Points);
    }

    private async Task<JsonElement> ErrorAsync(HttpStatusCode status, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = Json(body) };
        // So that the answer to a body over the limit is not lost to a connection that closes while the body is still being sent.
        request.Headers.ExpectContinue = true;
        using HttpResponseMessage response = await Http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{response.StatusCode}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        return JsonDocument.Parse(text).RootElement.GetProperty("error").Clone();
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
}
