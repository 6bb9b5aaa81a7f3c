using System.Net;
using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Engine;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>What a client is told when a request does not come to its end: status, envelope and headers, before the stream and in it.</summary>
[Collection(nameof(ScriptedService))]
public sealed class FailuresTests(ScriptedService service)
{
    private const string Path = "v1/chat/completions";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_full_queue_is_429_with_a_time_to_come_back(bool stream)
    {
        service.Answers("x");
        service.Engine.Refuse = _ => new QueueFullException(256, TimeSpan.FromSeconds(2.4));
        using HttpResponseMessage response = await service.SendAsync(Path, Body(stream));
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("3", response.Headers.GetValues("Retry-After").Single());
        Assert.Equal("queue_full", await CodeAsync(response));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_engine_that_stops_is_503_with_a_time_to_come_back(bool stream)
    {
        service.Answers("x");
        service.Engine.Refuse = _ => new EngineStoppingException();
        using HttpResponseMessage response = await service.SendAsync(Path, Body(stream));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("5", response.Headers.GetValues("Retry-After").Single());
        Assert.Equal("service_stopping", await CodeAsync(response));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failing_step_before_the_first_token_is_500(bool stream)
    {
        service.Answers(_ => new FakeAnswer([]) { Error = new InvalidOperationException("secret") });
        using HttpResponseMessage response = await service.SendAsync(Path, Body(stream));
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        string text = await response.Content.ReadAsStringAsync();
        Assert.Contains("step_failed", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_step_behind_the_first_token_is_an_error_in_the_stream()
    {
        service.Answers(request => service.Text(request, "One two") with { Error = new InvalidOperationException("no") });
        List<string> events = await service.StreamAsync(Path, Body(true));
        Assert.Equal("[DONE]", events[^1]);
        Assert.Equal("step_failed", JsonDocument.Parse(events[^2]).RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.DoesNotContain(events, data => data.Contains("\"stop\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_deadline_that_passes_before_anything_was_sent_is_408(bool stream)
    {
        service.Answers(request => service.Text(request, "x") with { Before = _ => Task.Delay(300) });
        using HttpResponseMessage response = await service.SendAsync(Path, Body(stream), (Headers.Deadline, "100"));
        Assert.Equal(HttpStatusCode.RequestTimeout, response.StatusCode);
        Assert.Equal("deadline_exceeded", await CodeAsync(response));
        Assert.Equal("false", response.Headers.GetValues("x-should-retry").Single());
        Assert.InRange(service.Asked().Deadline!.Value - DateTimeOffset.UtcNow, TimeSpan.FromMinutes(-2), TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public async Task A_deadline_that_passes_in_a_stream_is_an_error_in_it()
    {
        service.Answers(request => service.Text(request, "One two three four") with { Before = before => Task.Delay(before == 2 ? 1500 : 0) });
        List<string> events = await service.StreamAsync(Path, Body(true), (Headers.Deadline, "1000"));
        Assert.Equal("deadline_exceeded", JsonDocument.Parse(events[^2]).RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("[DONE]", events[^1]);
    }

    [Fact]
    public async Task A_deadline_that_does_not_pass_changes_nothing()
    {
        service.Answers("fine");
        JsonElement answer = await service.PostAsync(Path, Body(false), HttpStatusCode.OK, (Headers.Deadline, "60000"));
        Assert.Equal("fine", answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Theory]
    [InlineData(Headers.Deadline, "0")]
    [InlineData(Headers.Deadline, "soon")]
    [InlineData(Headers.Deadline, "3600001")]
    [InlineData("x-request-id", "two words")]
    public async Task A_header_out_of_range_is_400_and_named(string name, string value)
    {
        service.Answers("x");
        using HttpResponseMessage response = await service.SendAsync(Path, Body(false), (name, value));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(name, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task The_clients_request_id_comes_back_with_answers_and_errors_and_otherwise_ours()
    {
        service.Answers("x");
        using HttpResponseMessage answered = await service.SendAsync(Path, Body(false), ("x-request-id", "abc/1~2"));
        Assert.Equal("abc/1~2", answered.Headers.GetValues("x-request-id").Single());
        using HttpResponseMessage streamed = await service.SendAsync(Path, Body(true), ("x-request-id", "abc"));
        Assert.Equal("abc", streamed.Headers.GetValues("x-request-id").Single());
        using HttpResponseMessage refused = await service.SendAsync(Path, "{}", ("x-request-id", "def"));
        Assert.Equal("def", refused.Headers.GetValues("x-request-id").Single());

        using HttpResponseMessage ours = await service.SendAsync(Path, Body(false));
        Assert.Equal(service.Asked().Id, ours.Headers.GetValues("x-request-id").Single());
        using HttpResponseMessage list = await service.Http.GetAsync(new Uri("v1/models", UriKind.Relative));
        Assert.StartsWith("req-", list.Headers.GetValues("x-request-id").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_goes_away_stops_every_generation_of_its_request()
    {
        service.Answers(request => service.Text(request, string.Concat(Enumerable.Repeat("word ", 400))) with { Before = _ => Task.Delay(10) });
        using (var gone = new CancellationTokenSource())
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/completions")
            {
                Content = new StringContent($$"""{"model": "{{ScriptedService.Model}}", "prompt": ["a", "b"], "max_tokens": 300, "stream": true}""", System.Text.Encoding.UTF8, "application/json"),
            };
            using HttpResponseMessage response = await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, gone.Token);
            await gone.CancelAsync();
        }

        Assert.All(await Task.WhenAll(service.Engine.Ends), end => Assert.Equal(FinishReason.Cancelled, end.Finish));
        Assert.Equal(2, service.Engine.Ends.Count);
    }

    private static string Body(bool stream) => $$"""{"model": "{{ScriptedService.Model}}", "stream": {{(stream ? "true" : "false")}}, "messages": [{"role": "user", "content": "Hi"}]}""";

    private static async Task<string?> CodeAsync(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("code").GetString();
}
