using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Tests.Service;
using GreenTune.Models.Tokenization;
using Microsoft.Extensions.DependencyInjection;
using OpenAI.Chat;
using ChatMessage = OpenAI.Chat.ChatMessage;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>Fields whose effect is the engine's, with a real model: what they change in its answers.</summary>
public sealed class EngineConformanceTests(ServiceFixture fixture)
{
    private const string Model = "greentune-nano-fp32";
    private const string Question = "Tell me a story about the sea.";

    private static readonly ChatMessage[] Story = [new UserChatMessage(Question)];

    private ChatClient Chat => fixture.Service.Chat(Model);

    [Fact]
    public async Task Greedy_choices_are_all_the_same_answer()
    {
        string alone = await TextAsync(new ChatCompletionOptions { MaxOutputTokenCount = 24 });
        JsonElement answer = await PostAsync("v1/chat/completions", new { model = Model, n = 3, max_tokens = 24, temperature = 0, messages = Messages() });
        JsonElement[] choices = [.. answer.GetProperty("choices").EnumerateArray()];
        Assert.Equal(3, choices.Length);
        Assert.All(choices, choice => Assert.Equal(alone, choice.GetProperty("message").GetProperty("content").GetString()));
        Assert.Equal(3 * 24, answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Sampled_choices_differ_and_a_seed_gives_them_again()
    {
        object Body(int n, int seed) => new { model = Model, n, seed, max_tokens = 24, temperature = 1.5, messages = Messages() };
        string[] first = Contents(await PostAsync("v1/chat/completions", Body(4, 11)));
        string[] again = Contents(await PostAsync("v1/chat/completions", Body(4, 11)));
        string[] alone = Contents(await PostAsync("v1/chat/completions", Body(1, 11)));
        Assert.Equal(first, again);
        Assert.True(first.Distinct().Count() > 1);
        // Choice i draws with the seed + i, so the first is what the seed gives without the others.
        Assert.Equal(alone[0], first[0]);
    }

    [Fact]
    public async Task Log_probabilities_are_those_of_a_greedy_choice()
    {
        ChatCompletion answer = await Chat.CompleteChatAsync(Story, new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 12, IncludeLogProbabilities = true, TopLogProbabilityCount = 5 });
        Assert.Equal(12, answer.ContentTokenLogProbabilities.Count);
        Assert.Equal(answer.Content[0].Text, string.Concat(answer.ContentTokenLogProbabilities.Select(token => token.Token)));
        Assert.All(answer.ContentTokenLogProbabilities, token =>
        {
            Assert.Equal(5, token.TopLogProbabilities.Count);
            // The likeliest is the one that greedy takes, and probabilities of five tokens are at most 1 together.
            Assert.Equal(token.Token, token.TopLogProbabilities[0].Token);
            Assert.Equal(token.LogProbability, token.TopLogProbabilities[0].LogProbability);
            Assert.InRange(token.TopLogProbabilities.Sum(top => Math.Exp(top.LogProbability)), 1e-3, 1 + 1e-4);
            Assert.Equal(token.TopLogProbabilities.OrderByDescending(top => top.LogProbability), token.TopLogProbabilities);
        });
    }

    [Fact]
    public async Task Log_probabilities_change_no_greedy_text() =>
        Assert.Equal(
            await TextAsync(new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 24 }),
            await TextAsync(new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 24, IncludeLogProbabilities = true }));

    [Fact]
    public async Task A_token_with_the_lowest_bias_is_not_chosen_and_one_with_the_highest_always()
    {
        ChatCompletion free = await Chat.CompleteChatAsync(Story, new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 1, IncludeLogProbabilities = true });
        string first = free.ContentTokenLogProbabilities.Count > 0 ? free.ContentTokenLogProbabilities[0].Token : free.Content[0].Text;
        int id = Tokenizer().EncodeText(first).Single();
        Assert.False((await TextAsync(new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 1, LogitBiases = { [id] = -100 } })).StartsWith(first, StringComparison.Ordinal));

        int forced = Tokenizer().EncodeText("sea")[0];
        string text = Tokenizer().Decode([forced]);
        Assert.Equal(string.Concat(Enumerable.Repeat(text, 4)), await TextAsync(new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 4, LogitBiases = { [forced] = 100 } }));
    }

    [Theory]
    [InlineData("{\"presence_penalty\": 2}", 2)]
    [InlineData("{\"frequency_penalty\": 1.5}", 1.5)]
    [InlineData("{\"presence_penalty\": -1, \"frequency_penalty\": 2}", 1)]
    public async Task A_penalty_is_taken_from_a_token_that_was_used(string penalties, double taken)
    {
        // A bias leaves two tokens to choose from. The first step knows no penalty; at the second, how far the used one is ahead tells it.
        int[] ids = [Tokenizer().EncodeText("sea")[0], Tokenizer().EncodeText("sun")[0]];
        async Task<double> AheadAsync(string options)
        {
            JsonElement answer = await PostAsync("v1/chat/completions", Body(options, ids));
            JsonElement[] tokens = [.. answer.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").EnumerateArray()];
            string used = tokens[0].GetProperty("token").GetString()!;
            Dictionary<string, double> second = tokens[1].GetProperty("top_logprobs").EnumerateArray().ToDictionary(top => top.GetProperty("token").GetString()!, top => top.GetProperty("logprob").GetDouble());
            return second[used] - second.Single(top => top.Key != used).Value;
        }

        Assert.Equal(await AheadAsync("{}") - taken, await AheadAsync(penalties), 3);
    }

    [Fact]
    public async Task A_repetition_penalty_lets_another_token_come()
    {
        int[] ids = [Tokenizer().EncodeText("sea")[0], Tokenizer().EncodeText("sun")[0]];
        JsonElement answer = await PostAsync("v1/chat/completions", Body("{\"repetition_penalty\": 5}", ids));
        Assert.Equal(2, answer.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").EnumerateArray().Select(token => token.GetProperty("token").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task Min_p_of_one_and_top_k_of_one_are_greedy_at_any_temperature()
    {
        string greedy = await TextAsync(new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 16 });
        foreach (object limit in (object[])[new { min_p = 1.0 }, new { top_k = 1 }, new { top_p = 1e-9 }])
        {
            JsonObject body = JsonSerializer.SerializeToNode(limit)!.AsObject();
            body["model"] = Model;
            body["temperature"] = 2;
            body["max_tokens"] = 16;
            body["messages"] = JsonSerializer.SerializeToNode(Messages());
            Assert.Equal(greedy, Contents(await PostAsync("v1/chat/completions", body))[0]);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.5)]
    public async Task A_schema_is_held_by_an_engine_that_can_and_refused_by_one_that_cannot(double temperature)
    {
        const string Schema = """{"type": "object", "additionalProperties": false, "required": ["mood", "calm"], "properties": {"mood": {"enum": ["good", "bad"]}, "calm": {"type": "boolean"}}}""";
        var options = new ChatCompletionOptions { Temperature = (float)temperature, Seed = 5, MaxOutputTokenCount = 200, ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("a", BinaryData.FromString(Schema)) };
        if (!fixture.Service.Services.GetRequiredService<IEngine>().CanConstrain)
        {
            var error = await Assert.ThrowsAsync<System.ClientModel.ClientResultException>(() => Chat.CompleteChatAsync(Story, options));
            Assert.Equal(400, error.Status);
            Assert.Contains("response_format", error.Message, StringComparison.Ordinal);
            return;
        }

        ChatCompletion answer = await Chat.CompleteChatAsync(Story, options);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        JsonElement json = JsonDocument.Parse(answer.Content[0].Text).RootElement;
        Assert.Contains(json.GetProperty("mood").GetString(), (string[])["good", "bad"]);
        Assert.True(json.GetProperty("calm").ValueKind is JsonValueKind.True or JsonValueKind.False);
        Assert.Equal(2, json.EnumerateObject().Count());
    }

    [Fact]
    public async Task Ignoring_stop_tokens_runs_to_the_last_of_max_tokens()
    {
        JsonElement answer = await PostAsync("v1/completions", new { model = Model, prompt = "x", max_tokens = 60, temperature = 0, ignore_eos = true });
        Assert.Equal(60, answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal("length", answer.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task A_completion_of_a_written_out_conversation_is_the_chats_answer()
    {
        string chat = await TextAsync(new ChatCompletionOptions { MaxOutputTokenCount = 24 });
        JsonElement answer = await PostAsync("v1/completions", new { model = Model, max_tokens = 24, prompt = $"<|im_start|>user\n{Question}<|im_end|>\n<|im_start|>assistant\n" });
        Assert.Equal(chat, answer.GetProperty("choices")[0].GetProperty("text").GetString());
    }

    /// <summary>Two greedy tokens out of two that a bias puts far ahead, with both of their log-probabilities.</summary>
    private static JsonObject Body(string options, int[] ids)
    {
        JsonObject body = JsonNode.Parse(options)!.AsObject();
        body["model"] = Model;
        body["temperature"] = 0;
        body["max_tokens"] = 2;
        body["logprobs"] = true;
        body["top_logprobs"] = 2;
        body["messages"] = JsonSerializer.SerializeToNode(Messages());
        body["logit_bias"] = JsonSerializer.SerializeToNode(ids.ToDictionary(id => id.ToString(CultureInfo.InvariantCulture), _ => 80));
        return body;
    }

    private static object[] Messages() => [new { role = "user", content = Question }];

    private static string[] Contents(JsonElement answer) => [.. answer.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("message").GetProperty("content").GetString()!)];

    private ChatTokenizer Tokenizer() => fixture.Service.Services.GetRequiredService<ConfigurationRegistry>().Find(Model)!.Loaded!.Tokenizer;

    private async Task<string> TextAsync(ChatCompletionOptions options) => (await Chat.CompleteChatAsync(Story, options)).Value.Content[0].Text;

    private async Task<JsonElement> PostAsync(string path, object body)
    {
        using HttpResponseMessage response = await fixture.Service.Http.PostAsJsonAsync(path, body);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement.Clone();
    }
}
