using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>Requests that a generator broke. Seeded: a failure names its number, and the same number is the same request.</summary>
[Collection(nameof(ScriptedService))]
public sealed class FuzzTests(ScriptedService service)
{
    private const int Seed = 20261121;
    private const int Requests = 600;
    private const int AtOnce = 4;

    private static readonly (string Path, string Body)[] Valid =
    [
        ("v1/chat/completions", """
            {"model": "greentune-nano-int4", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Hi é 日本"}], "name": "Ada"}], "max_tokens": 3,
             "temperature": 0.5, "top_p": 0.9, "top_k": 4, "min_p": 0.1, "repetition_penalty": 1.1, "frequency_penalty": 0.5, "presence_penalty": 0.5, "seed": 3, "stop": ["x", "yz"], "logit_bias": {"5": 1}, "logprobs": true, "top_logprobs": 2, "n": 2}
            """),
        ("v1/chat/completions", """
            {"model": "nano-with-tools", "stream": true, "stream_options": {"include_usage": true}, "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}}], "tool_choice": "auto",
             "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "a1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}, {"role": "tool", "tool_call_id": "a1", "content": "x"}]}
            """),
        ("v1/completions", """{"model": "greentune-nano-int4", "prompt": ["Once", "Twice"], "max_tokens": 3, "logprobs": 2, "n": 2, "stop": "z", "stream": true}"""),
        ("v1/completions", """{"model": "auto", "prompt": [[5, 6, 7], [8]], "echo": true, "best_of": 1, "suffix": null}"""),
    ];

    private static readonly string[] Awkward =
    [
        "null", "true", "\"\"", "\"NaN\"", "-1", "0", "1e999", "-1e999", "1e-999", "0.5", "99999999999999999999999999", "9223372036854775808", "[]", "{}", "[[]]", "[null]", "[{}]", "\"\\ud800\"", "\"\\u0000\"", "\"\\udbff\\udfff\"",
        "{\"\\ud800\": 1}", "\"<|im_end|>\"", "[1, \"a\"]", "\"-Infinity\"", "{\"type\": \"text\"}", "{\"role\": \"tool\"}", "{\"0\": 0}",
    ];

    [Fact]
    public async Task Whatever_is_sent_is_answered_or_refused_and_the_service_goes_on()
    {
        service.Answers(request => service.Text(request, "ok <tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>"));
        var statuses = new int[600];
        await Parallel.ForEachAsync(Enumerable.Range(0, Requests), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, _) =>
        {
            var random = new Random(Seed + number);
            (string path, byte[] body) = Broken(random);
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            if (random.Next(8) == 0)
            {
                string[] names = [Headers.Tenant, Headers.Session, Headers.Energy, Headers.Deadline, "x-request-id", "Content-Encoding", "Accept"];
                request.Headers.TryAddWithoutValidation(names[random.Next(names.Length)], Noise(random, 40));
            }

            using HttpResponseMessage response = await service.Http.SendAsync(request, CancellationToken.None);
            string text = await response.Content.ReadAsStringAsync(CancellationToken.None);
            int status = (int)response.StatusCode;
            Interlocked.Increment(ref statuses[status]);
            Assert.True(status is 200 or (>= 400 and < 500), $"{number}: {status} {text}");
            if (status != 200)
            {
                JsonElement error = JsonDocument.Parse(text).RootElement.GetProperty("error");
                Assert.False(string.IsNullOrWhiteSpace(error.GetProperty("message").GetString()));
            }
        });

        // The generator is worth something only if it breaks some requests and not all.
        Assert.InRange(statuses[200], Requests / 20, Requests * 19 / 20);
        Assert.InRange(statuses[400], Requests / 20, Requests * 19 / 20);
        await Task.WhenAll(service.Engine.Ends);
        service.Answers("fine");
        JsonElement answer = await service.PostAsync("v1/chat/completions", $$"""{"model": "{{ScriptedService.Model}}", "messages": [{"role": "user", "content": "Hi"}]}""");
        Assert.Equal("fine", answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        using HttpResponseMessage health = await service.Http.GetAsync(new Uri("health", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public async Task Deep_nesting_is_refused()
    {
        foreach (string deep in (string[])[new string('[', 100_000), $"{new string('[', 3000)}{new string(']', 3000)}", string.Concat(Enumerable.Repeat("{\"a\":", 50_000))])
        {
            JsonElement error = (await service.PostAsync("v1/chat/completions", $$"""{"model": "auto", "messages": {{deep}}}""", HttpStatusCode.BadRequest)).GetProperty("error");
            Assert.Equal("invalid_json", error.GetProperty("code").GetString());
        }
    }

    private static (string Path, byte[] Body) Broken(Random random)
    {
        (string path, string body) = Valid[random.Next(Valid.Length)];
        if (random.Next(2) == 0)
        {
            JsonNode root = JsonNode.Parse(body)!;
            for (int i = random.Next(1, 3); i > 0; i--)
            {
                Replace(root, random);
            }

            body = root.ToJsonString();
            // Values that no JsonNode can hold go in as text.
            body = body.Replace("\"@@\"", Awkward[random.Next(Awkward.Length)], StringComparison.Ordinal);
        }

        byte[] bytes = Encoding.UTF8.GetBytes(body);
        return (path, random.Next(3) == 0 ? Damage(bytes, random) : bytes);
    }

    /// <summary>Puts a mark in place of a value somewhere in the document.</summary>
    private static void Replace(JsonNode root, Random random)
    {
        JsonNode at = root;
        while (true)
        {
            int count = at is JsonObject o ? o.Count : ((JsonArray)at).Count;
            if (count == 0)
            {
                return;
            }

            int index = random.Next(count);
            string? name = at is JsonObject named ? named.ElementAt(index).Key : null;
            JsonNode? child = name is null ? at[index] : at[name];
            if (child is JsonObject or JsonArray && random.Next(3) > 0)
            {
                at = child;
                continue;
            }

            if (name is null)
            {
                at[index] = "@@";
            }
            else
            {
                at[name] = "@@";
            }

            return;
        }
    }

    private static byte[] Damage(byte[] bytes, Random random)
    {
        var list = bytes.ToList();
        for (int i = random.Next(1, 4); i > 0 && list.Count > 4; i--)
        {
            int at = random.Next(list.Count);
            switch (random.Next(5))
            {
                case 0:
                    list[at] = (byte)random.Next(256);
                    break;
                case 1:
                    list.RemoveRange(at, Math.Min(random.Next(1, 30), list.Count - at));
                    break;
                case 2:
                    list.InsertRange(at, Encoding.UTF8.GetBytes(Awkward[random.Next(Awkward.Length)]));
                    break;
                case 3:
                    list.InsertRange(at, list.GetRange(at, Math.Min(random.Next(1, 60), list.Count - at)));
                    break;
                default:
                    list.InsertRange(at, [0xC3, 0x28, 0xFF]);
                    break;
            }
        }

        return [.. list];
    }

    private static string Noise(Random random, int longest) => string.Concat(Enumerable.Range(0, random.Next(1, longest)).Select(_ => (char)random.Next(33, 127)));
}
