using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Tests.Service;
using OpenAI.Chat;

namespace GreenTune.Inference.Tests.External;

[Collection(ExternalFixture.Collection)]
public sealed class ExternalChatTests(ExternalFixture fixture)
{
    private const string Text = "One two three föur.";

    private InferenceService Service => fixture.Service;

    [Fact]
    public async Task A_whole_answer_is_the_upstreams_with_energy_in_its_usage()
    {
        using HttpResponseMessage response = await PostAsync("whole 1", stream: false);
        Assert.Equal(ExternalFixture.Id, response.Headers.GetValues(Headers.Configuration).Single());
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(Text, answer.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        JsonElement usage = answer.RootElement.GetProperty("usage");
        Assert.Equal((11, 5), (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32()));
        Assert.False(usage.TryGetProperty("estimated", out _));
        UsageEnergy energy = usage.GetProperty("energy").Deserialize<UsageEnergy>(ContractJson.Options)!;
        Assert.Equal((EnergyQuality.None, null), (energy.Quality, energy.Joules));
        Assert.Contains("no meter here", energy.Reasons["joules"], StringComparison.Ordinal);

        RequestRecord record = await RecordAsync(response);
        Assert.Equal((ExternalFixture.Id, RequestOutcome.Completed, "stop", 11, 5), (record.ConfigurationId, record.Outcome, record.FinishReason, record.InputTokens, record.OutputTokens));
        Assert.Null(record.TimeToFirstTokenSeconds);
        Assert.True(record.DurationSeconds > 0);
        Assert.Equal("team-x", record.Tenant);
    }

    [Fact]
    public async Task The_upstream_gets_the_request_as_it_was_but_for_the_models_name_and_its_own_key()
    {
        using HttpResponseMessage response = await Service.Http.PostAsJsonAsync("v1/chat/completions", new
        {
            model = ExternalFixture.Id,
            messages = new[] { new { role = "user", content = "whole 2" } },
            temperature = 0.25,
            tools = new[] { new { type = "function", function = new { name = "f" } } },
            vendor_field = new { deep = new[] { 1.50, 2 } },
        });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        JsonElement got = fixture.Upstream.Bodies["whole 2"].RootElement;
        Assert.Equal(FakeUpstream.Model, got.GetProperty("model").GetString());
        Assert.Equal("0.25", got.GetProperty("temperature").GetRawText());
        Assert.Equal("""{"deep":[1.5,2]}""", got.GetProperty("vendor_field").GetRawText());
        Assert.Equal("f", got.GetProperty("tools")[0].GetProperty("function").GetProperty("name").GetString());
        Assert.False(got.TryGetProperty("stream_options", out _));
        Assert.Equal($"Bearer {ExternalFixture.Key}", fixture.Upstream.Authorizations["whole 2"]);
    }

    [Fact]
    public async Task A_stream_is_passed_on_with_usage_and_energy_when_the_client_asked()
    {
        using HttpResponseMessage response = await PostAsync("stream 1", stream: true, usage: true);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        string body = await response.Content.ReadAsStringAsync();
        Assert.StartsWith(": keep-alive\n\ndata: {\"id\":\"chatcmpl-upstream\"", body, StringComparison.Ordinal);
        string[] events = Events(body);
        Assert.Equal("[DONE]", events[^1]);
        JsonElement usage = JsonDocument.Parse(events[^2]).RootElement.GetProperty("usage");
        Assert.Equal(5, usage.GetProperty("completion_tokens").GetInt32());
        Assert.Equal("none", usage.GetProperty("energy").GetProperty("quality").GetString());
        Assert.Equal(Text, Said(events));

        RequestRecord record = await RecordAsync(response);
        Assert.True(record.Streamed);
        Assert.InRange(record.TimeToFirstTokenSeconds!.Value, 0, record.DurationSeconds);
        Assert.Equal((11, 5), (record.InputTokens, record.OutputTokens));
    }

    [Fact]
    public async Task Usage_is_asked_of_the_upstream_and_kept_from_a_client_that_did_not_ask()
    {
        using HttpResponseMessage response = await PostAsync("stream 2", stream: true);
        string[] events = Events(await response.Content.ReadAsStringAsync());
        Assert.True(fixture.Upstream.Bodies["stream 2"].RootElement.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
        Assert.DoesNotContain(events, data => data.Contains("\"usage\"", StringComparison.Ordinal));
        Assert.Equal(Text, Said(events));
        Assert.Equal((11, 5), ((await RecordAsync(response)).InputTokens, (await RecordAsync(response)).OutputTokens));
    }

    [Fact]
    public async Task OpenAIs_client_streams_through_it()
    {
        string said = "";
        ChatTokenUsage? usage = null;
        await foreach (StreamingChatCompletionUpdate update in Service.Chat(ExternalFixture.Id).CompleteChatStreamingAsync([new UserChatMessage("stream 3")]))
        {
            said += string.Concat(update.ContentUpdate.Select(part => part.Text));
            usage = update.Usage ?? usage;
        }

        Assert.Equal((Text, 5), (said, usage!.OutputTokenCount));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_usage_from_the_upstream_tokens_are_estimated_and_said_to_be(bool stream)
    {
        using HttpResponseMessage response = await PostAsync($"no-usage {stream}", stream, usage: true);
        string body = await response.Content.ReadAsStringAsync();
        JsonElement usage = JsonDocument.Parse(stream ? Events(body)[^2] : body).RootElement.GetProperty("usage");
        // "no-usage True" and "no-usage False" have 13 and 14 characters; the stream has five pieces, a whole answer one.
        Assert.Equal((3, stream ? 5 : 1), (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32()));
        Assert.Contains("did not say how many tokens", usage.GetProperty("estimated").GetString(), StringComparison.Ordinal);
        RequestRecord record = await RecordAsync(response);
        Assert.Equal(stream ? 5 : 1, record.OutputTokens);
        Assert.Contains("counted by the pieces", record.Energy.Reasons["tokens"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upstream_on_the_metered_device_gets_a_modelled_or_estimated_share_of_it()
    {
        using HttpResponseMessage response = await PostAsync("stream metered", stream: true, usage: true, model: ExternalFixture.Metered, wait: true);
        UsageEnergy energy = JsonDocument.Parse(Events(await response.Content.ReadAsStringAsync())[^2]).RootElement.GetProperty("usage").GetProperty("energy").Deserialize<UsageEnergy>(ContractJson.Options)!;
        // The meter of the tests is an estimate, which stays the weaker of the two.
        Assert.Equal((EnergyQuality.Estimated, true), (energy.Quality, energy.Settled));
        Assert.True(energy.Joules!.Value.Value > 0);
        RequestRecord record = await RecordAsync(response);
        Assert.Equal(energy.Joules, record.Energy.Joules);
        Assert.NotNull(record.MeanRowsInFlight);
    }

    [Fact]
    public async Task Text_completions_are_passed_on_as_well()
    {
        using HttpResponseMessage response = await Service.Http.PostAsJsonAsync("v1/completions", new { model = ExternalFixture.Id, prompt = "abc" });
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("continued", answer.RootElement.GetProperty("choices")[0].GetProperty("text").GetString());
        Assert.Equal("length", (await RecordAsync(response)).FinishReason);
    }

    [Theory]
    [InlineData(400, 400, "upstream_refused")]
    [InlineData(422, 422, "upstream_refused")]
    [InlineData(401, 502, "upstream_unauthorized")]
    [InlineData(404, 502, "upstream_failed")]
    [InlineData(429, 429, "upstream_busy")]
    [InlineData(500, 502, "upstream_failed")]
    [InlineData(503, 503, "upstream_unavailable")]
    [InlineData(504, 504, "upstream_timeout")]
    public async Task An_upstreams_error_is_OpenAIs_envelope(int upstream, int expected, string code)
    {
        foreach (bool stream in (bool[])[true, false])
        {
            using HttpResponseMessage response = await PostAsync($"status {upstream} {stream}", stream);
            string body = await response.Content.ReadAsStringAsync();
            Assert.True(expected == (int)response.StatusCode, $"{response.StatusCode}: {body}");
            JsonElement error = JsonDocument.Parse(body).RootElement.GetProperty("error");
            Assert.Equal(code, error.GetProperty("code").GetString());
            Assert.Contains(upstream == 401 ? ExternalFixture.KeyVariable : $"the engine says {upstream}", error.GetProperty("message").GetString(), StringComparison.Ordinal);
            Assert.DoesNotContain(ExternalFixture.Key, body, StringComparison.Ordinal);
            Assert.Equal(upstream is 429 or 503 ? "7" : null, response.Headers.TryGetValues("Retry-After", out IEnumerable<string>? retry) ? retry.Single() : null);
        }
    }

    [Theory]
    [InlineData("garbage x", false, 502, "upstream_invalid")]
    [InlineData("cut x", false, 502, "upstream_broken_off")]
    [InlineData("garbage-first x", true, 502, "upstream_invalid")]
    [InlineData("untyped x", true, 502, "upstream_invalid")]
    [InlineData("redirect x", true, 502, "upstream_failed")]
    [InlineData("never 1", false, 504, "upstream_timeout")]
    [InlineData("never 2", true, 504, "upstream_timeout")]
    public async Task What_goes_wrong_before_the_answer_begins_is_a_status(string told, bool stream, int status, string code)
    {
        using HttpResponseMessage response = await PostAsync(told, stream);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(status == (int)response.StatusCode, $"{response.StatusCode}: {body}");
        Assert.Equal(code, JsonDocument.Parse(body).RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("cut y", "upstream_broken_off")]
    [InlineData("ends y", "upstream_broken_off")]
    [InlineData("garbage y", "upstream_invalid")]
    [InlineData("long y", "upstream_invalid")]
    [InlineData("pause y", "upstream_timeout")]
    public async Task What_goes_wrong_in_the_middle_is_an_error_in_the_stream_and_in_the_record(string told, string code)
    {
        // Another case has cut its own answer already.
        fixture.Upstream.Cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using HttpRequestMessage request = Request(told, stream: true, usage: true, ExternalFixture.Id, wait: false);
        using HttpResponseMessage response = await Service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        string body = "";
        while (await reader.ReadLineAsync() is { } line)
        {
            body += line + "\n";
            if (line.Contains(" three", StringComparison.Ordinal))
            {
                fixture.Upstream.Cut.TrySetResult();
            }
        }

        string[] events = Events(body);
        Assert.Equal("[DONE]", events[^1]);
        Assert.Equal(code, JsonDocument.Parse(events[^2]).RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("One two three", Said(events[..^2]));
        RequestRecord record = await RecordAsync(response);
        Assert.Equal((RequestOutcome.Failed, "error", 3), (record.Outcome, record.FinishReason, record.OutputTokens));
    }

    [Fact]
    public async Task An_error_that_the_upstream_sends_in_its_stream_is_passed_on_and_recorded()
    {
        using HttpResponseMessage response = await PostAsync("error z", stream: true);
        string[] events = Events(await response.Content.ReadAsStringAsync());
        Assert.Contains("out of memory", events[^2], StringComparison.Ordinal);
        Assert.Equal(RequestOutcome.Failed, (await RecordAsync(response)).Outcome);
    }

    [Fact]
    public async Task An_end_without_an_end_mark_is_an_end_when_the_text_had_one()
    {
        using HttpResponseMessage response = await PostAsync("no-done z", stream: true);
        string[] events = Events(await response.Content.ReadAsStringAsync());
        Assert.Equal(("[DONE]", Text), (events[^1], Said(events)));
        Assert.Equal(RequestOutcome.Completed, (await RecordAsync(response)).Outcome);
    }

    [Fact]
    public async Task A_client_that_goes_away_stops_the_upstream_and_leaves_a_cancelled_record()
    {
        using var cancel = new CancellationTokenSource();
        using HttpRequestMessage request = Request("pause goes-away", stream: true, usage: false, ExternalFixture.Id, wait: false);
        string? id;
        using (HttpResponseMessage response = await Service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel.Token))
        {
            id = response.Headers.GetValues("x-request-id").Single();
            await using Stream stream = await response.Content.ReadAsStreamAsync(cancel.Token);
            await stream.ReadExactlyAsync(new byte[100], cancel.Token);
        }

        await cancel.CancelAsync();
        await Eventually.TrueAsync(() => fixture.Upstream.Aborted.ContainsKey("pause goes-away"));
        RequestRecord? record = null;
        await Eventually.TrueAsync(() => Service.Accounting.Records.TryGetValue(id, out record));
        Assert.Equal((RequestOutcome.Cancelled, "cancelled"), (record!.Outcome, record.FinishReason));
    }

    [Fact]
    public async Task An_upstream_that_is_away_is_502_and_shown_as_failed()
    {
        using HttpResponseMessage response = await PostAsync("hello", stream: false, model: ExternalFixture.Away);
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Contains("upstream_unreachable", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        ConfigurationView[] configurations = (await Service.Http.GetFromJsonAsync<ConfigurationView[]>("api/configurations", ContractJson.Options))!;
        ConfigurationView away = configurations.Single(configuration => configuration.Id == ExternalFixture.Away);
        Assert.Equal(("external", ConfigurationState.Failed), (away.Provider, away.State));
        Assert.Contains("cannot be reached", away.Error, StringComparison.Ordinal);
        Assert.Equal(ConfigurationState.Ready, configurations.Single(configuration => configuration.Id == ExternalFixture.Id).State);
    }

    [Theory]
    [InlineData("""{"model": "fake-8b", "stream": "yes", "messages": []}""", "stream")]
    [InlineData("""{"model": "fake-8b", "stream_options": 3, "messages": []}""", "stream_options")]
    [InlineData("""{"model": "fake-8b", "stream": true, "stream_options": {"include_usage": 1}, "messages": []}""", "stream_options.include_usage")]
    [InlineData("""{"model": "fake-8b", "messages": [{"content": "\ud800"}]}""", null)]
    public async Task A_field_that_matters_here_is_checked_here(string body, string? field)
    {
        using HttpResponseMessage response = await Service.Http.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, text);
        Assert.Equal(field, JsonDocument.Parse(text).RootElement.GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task The_services_own_models_answer_as_before_and_all_are_listed()
    {
        ChatCompletion own = await Service.Chat("greentune-nano-int4").CompleteChatAsync([new UserChatMessage("Hello")], new ChatCompletionOptions { MaxOutputTokenCount = 4 });
        Assert.Equal("greentune-nano-int4", own.Model);
        Assert.Contains($"\"{ExternalFixture.Id}\"", await Service.Http.GetStringAsync("v1/models"), StringComparison.Ordinal);
        Assert.Contains(ExternalFixture.Id, await Service.Http.GetStringAsync($"v1/models/{ExternalFixture.Id}"), StringComparison.Ordinal);
        using HttpResponseMessage malformed = await Service.Http.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), new StringContent("{\"model\": \"fake-8b\", ", System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, malformed.StatusCode);
    }

    private async Task<HttpResponseMessage> PostAsync(string told, bool stream, bool usage = false, string model = ExternalFixture.Id, bool wait = false)
    {
        using HttpRequestMessage request = Request(told, stream, usage, model, wait);
        return await Service.Http.SendAsync(request);
    }

    private static HttpRequestMessage Request(string told, bool stream, bool usage, string model, bool wait)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = JsonContent.Create(new { model, stream, stream_options = stream && usage ? new { include_usage = true } : null, messages = new[] { new { role = "user", content = told } } }),
        };
        request.Headers.Add(Headers.Tenant, "team-x");
        if (wait)
        {
            request.Headers.Add(Headers.Energy, "wait");
        }

        return request;
    }

    private async Task<RequestRecord> RecordAsync(HttpResponseMessage response)
    {
        string id = response.Headers.GetValues("x-request-id").Single();
        RequestRecord? record = null;
        await Eventually.TrueAsync(() => Service.Accounting.Records.TryGetValue(id, out record));
        return record!;
    }

    private static string[] Events(string body) =>
        [.. body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(part => part.StartsWith("data: ", StringComparison.Ordinal)).Select(part => part["data: ".Length..])];

    private static string Said(string[] events) => string.Concat(events.Where(data => data != "[DONE]").Select(data =>
    {
        JsonElement choices = JsonDocument.Parse(data).RootElement.GetProperty("choices");
        return choices.GetArrayLength() == 0 ? "" : choices[0].GetProperty("delta").GetProperty("content").GetString();
    }));
}
