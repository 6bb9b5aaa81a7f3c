using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using GreenTune.Core.Contracts;
using OpenAI.Chat;

namespace GreenTune.Inference.Tests.Service;

public sealed class ChatTests(ServiceFixture fixture)
{
    private const string Question = "What is inference?";

    private InferenceService Service => fixture.Service;

    /// <summary>The small model is asked one thing after the other. The larger one, on which that takes four times as long, is asked several at once, as clients do.</summary>
    [Theory]
    [InlineData("greentune-nano", 1)]
    [InlineData("greentune-tiny", 20)]
    public async Task The_fp32_folder_gives_the_sixty_answers_of_its_card_token_for_token(string model, int atOnce)
    {
        ExpectedAnswers expected = ExpectedAnswers.Of(model);
        ChatClient chat = Service.Chat($"{model}-fp32");
        await Parallel.ForEachAsync(expected.Items, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (item, cancellation) =>
        {
            ChatCompletion answer = await chat.CompleteChatAsync([new UserChatMessage(item.Prompt)], new ChatCompletionOptions { MaxOutputTokenCount = 96 }, cancellation);
            Assert.Equal(item.Text, answer.Content[0].Text);
            Assert.Equal(item.Tokens.Count, answer.Usage.OutputTokenCount);
            Assert.Equal(item.PromptIds.Count, answer.Usage.InputTokenCount);
            Assert.Equal(item.Finish == "stop" ? ChatFinishReason.Stop : ChatFinishReason.Length, answer.FinishReason);
        });
        Assert.Equal(60, expected.Items.Count);
    }

    [Fact]
    public async Task A_stream_gives_the_same_text_and_its_usage_at_the_end()
    {
        ChatClient chat = Service.Chat("greentune-tiny-int4");
        string whole = (await chat.CompleteChatAsync([new UserChatMessage(Question)])).Value.Content[0].Text;

        string streamed = "";
        ChatTokenUsage? usage = null;
        ChatFinishReason? finish = null;
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync([new UserChatMessage(Question)]))
        {
            streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
            usage = update.Usage ?? usage;
            finish = update.FinishReason ?? finish;
        }

        Assert.Equal(whole, streamed);
        Assert.Equal(ChatFinishReason.Stop, finish);
        Assert.True(usage!.OutputTokenCount > 5);
    }

    [Fact]
    public async Task Waiting_for_the_meter_gives_settled_figures_that_add_up()
    {
        using JsonDocument answer = await PostAsync(Body("greentune-tiny-int4"), (Headers.Energy, "wait"));
        UsageEnergy energy = answer.RootElement.GetProperty("usage").GetProperty("energy").Deserialize<UsageEnergy>(ContractJson.Options)!;

        Assert.True(energy.Settled);
        Assert.Equal(EnergyQuality.Estimated, energy.Quality);
        Assert.Equal("cpu-estimate", energy.Meter);
        Assert.Equal("package", energy.Boundary);
        Assert.True(energy.Joules!.Value.Value > 0);
        Assert.Equal(energy.Joules.Value.Value, energy.ActiveJoules!.Value.Value + energy.IdleJoules!.Value.Value, 9);
        Assert.Equal(energy.ActiveJoules.Value.Value, energy.PrefillJoules!.Value.Value + energy.DecodeJoules!.Value.Value, 9);
        Assert.Equal(energy.Joules.Value.Value / answer.RootElement.GetProperty("usage").GetProperty("completion_tokens").GetInt32(), energy.JoulesPerOutputToken!.Value, 9);
        // 360 g/kWh and PUE 1.2 on 3.6 MJ: 1.2e-4 g for a joule.
        Assert.Equal(energy.Joules.Value.Value * 1.2e-4, energy.CO2eGrams!.Value.Value, 12);
        Assert.InRange(energy.RelativeUncertainty!.Value, 0.2, 5);
        Assert.Equal(energy.Joules, energy.Components.Cpu);
        Assert.Null(energy.Components.Gpu);
        Assert.Contains("components.gpu", energy.Reasons.Keys);
    }

    [Fact]
    public async Task A_stream_with_usage_ends_with_the_energy_block()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = JsonContent.Create(new { model = "greentune-nano-int4", stream = true, stream_options = new { include_usage = true }, messages = new[] { new { role = "user", content = Question } } }),
        };
        using HttpResponseMessage response = await Service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("greentune-nano-int4", response.Headers.GetValues(Headers.Configuration).Single());
        List<string> events = [];
        await foreach (SseItem<string> item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            events.Add(item.Data);
        }

        Assert.Equal("[DONE]", events[^1]);
        using JsonDocument last = JsonDocument.Parse(events[^2]);
        Assert.Equal(0, last.RootElement.GetProperty("choices").GetArrayLength());
        UsageEnergy energy = last.RootElement.GetProperty("usage").GetProperty("energy").Deserialize<UsageEnergy>(ContractJson.Options)!;
        Assert.True(energy.Joules!.Value.Value > 0);
        Assert.Equal(energy.Settled ? EnergyQuality.Estimated : EnergyQuality.Modelled, energy.Quality);
        Assert.StartsWith(Service.Accounting.Url, energy.Record, StringComparison.Ordinal);
        using JsonDocument first = JsonDocument.Parse(events[0]);
        Assert.Equal("assistant", first.RootElement.GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
    }

    [Fact]
    public async Task A_record_of_the_request_reaches_Accounting()
    {
        using JsonDocument answer = await PostAsync(Body("greentune-nano-int8"), (Headers.Tenant, "team-a"), (Headers.Session, "s-1"));
        RequestRecord record = await RecordAsync(answer.RootElement.GetProperty("id").GetString()!);

        Assert.Equal("team-a", record.Tenant);
        Assert.Equal("s-1", record.Session);
        Assert.Equal("greentune-nano-int8", record.ConfigurationId);
        Assert.Equal(RequestOutcome.Completed, record.Outcome);
        Assert.Equal("stop", record.FinishReason);
        Assert.Equal(answer.RootElement.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), record.InputTokens);
        Assert.Equal(answer.RootElement.GetProperty("usage").GetProperty("completion_tokens").GetInt32(), record.OutputTokens);
        Assert.InRange(record.TimeToFirstTokenSeconds!.Value, 1e-4, record.DurationSeconds);
        Assert.Equal(record.DurationSeconds, (record.EndedAt - record.StartedAt).TotalSeconds, 3);
        Assert.True(record.Energy.Settled);
        Assert.True(record.PowerTrace.Count >= 2);
        Assert.All(record.PowerTrace, point => Assert.True(point.Watts > 0));
    }

    [Fact]
    public async Task A_stop_string_ends_the_answer_before_it()
    {
        ChatClient chat = Service.Chat("greentune-tiny-fp32");
        string whole = (await chat.CompleteChatAsync([new UserChatMessage(Question)])).Value.Content[0].Text;
        ChatCompletion cut = await chat.CompleteChatAsync([new UserChatMessage(Question)], new ChatCompletionOptions { StopSequences = { "trained model" } });

        Assert.Equal(whole[..whole.IndexOf("trained model", StringComparison.Ordinal)], cut.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, cut.FinishReason);
    }

    [Fact]
    public async Task A_seed_gives_the_same_sampled_text_again()
    {
        static ChatCompletionOptions Options(long seed) => new() { Temperature = 1.5f, MaxOutputTokenCount = 40, Seed = seed };
        ChatClient chat = Service.Chat("greentune-nano-fp32");
        string first = (await chat.CompleteChatAsync([new UserChatMessage("Tell me a story.")], Options(7))).Value.Content[0].Text;
        string again = (await chat.CompleteChatAsync([new UserChatMessage("Tell me a story.")], Options(7))).Value.Content[0].Text;
        string other = (await chat.CompleteChatAsync([new UserChatMessage("Tell me a story.")], Options(8))).Value.Content[0].Text;

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public async Task Max_tokens_cuts_the_answer_and_says_so()
    {
        ChatCompletion answer = await Service.Chat("greentune-tiny-int8").CompleteChatAsync([new UserChatMessage(Question)], new ChatCompletionOptions { MaxOutputTokenCount = 3 });
        Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
        Assert.Equal(3, answer.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task A_client_that_goes_away_stops_the_generation_and_leaves_a_cancelled_record()
    {
        using var cancel = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = JsonContent.Create(new { model = "greentune-tiny-fp32", stream = true, temperature = 2, seed = 3, max_tokens = 1900, ignore_eos = true, messages = new[] { new { role = "user", content = "Tell me a story." } } }),
        };
        request.Headers.Add(Headers.Session, "goes-away");
        using (HttpResponseMessage response = await Service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel.Token))
        {
            await using Stream stream = await response.Content.ReadAsStreamAsync(cancel.Token);
            await stream.ReadExactlyAsync(new byte[300], cancel.Token);
        }

        await cancel.CancelAsync();
        RequestRecord? record = null;
        await Eventually.TrueAsync(() => (record = Service.Accounting.Records.Values.FirstOrDefault(r => r.Session == "goes-away")) is not null);
        Assert.Equal(RequestOutcome.Cancelled, record!.Outcome);
        Assert.Equal("cancelled", record.FinishReason);
        Assert.InRange(record.OutputTokens, 1, 1800);
        Assert.True(record.Energy.Joules!.Value.Value > 0);
    }

    [Fact]
    public async Task The_list_of_models_has_auto_models_and_configurations()
    {
        using JsonDocument list = JsonDocument.Parse(await Service.Http.GetStringAsync("v1/models"));
        Assert.Equal(
            ["auto", "greentune-nano", "greentune-tiny", "greentune-nano-fp32", "greentune-nano-int8", "greentune-nano-int4", "greentune-tiny-fp32", "greentune-tiny-int8", "greentune-tiny-int4"],
            list.RootElement.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()));
        Assert.Equal("list", list.RootElement.GetProperty("object").GetString());
        using JsonDocument one = JsonDocument.Parse(await Service.Http.GetStringAsync("v1/models/auto"));
        Assert.Equal("auto", one.RootElement.GetProperty("id").GetString());
    }

    private async Task<RequestRecord> RecordAsync(string id)
    {
        await Eventually.TrueAsync(() => Service.Accounting.Records.ContainsKey(id));
        return Service.Accounting.Records[id];
    }

    private static object Body(string model) => new { model, messages = new[] { new { role = "user", content = Question } } };

    private async Task<JsonDocument> PostAsync(object body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(body) };
        foreach ((string name, string value) in headers)
        {
            request.Headers.Add(name, value);
        }

        using HttpResponseMessage response = await Service.Http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text);
    }
}
