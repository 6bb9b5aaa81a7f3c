using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace GreenTune.Bench.Load;

/// <summary>What to send.</summary>
/// <param name="Model">Configuration or model.</param>
/// <param name="Words">Words of a prompt, all random, so that no prompt is in the prefix cache.</param>
/// <param name="Tokens">max_tokens.</param>
/// <param name="IgnoreEnd">Run every answer to its last token (ignore_eos).</param>
internal sealed record LoadShape(string Model, int Words, int Tokens, bool IgnoreEnd);

/// <summary>What became of one request. Times are in seconds from when it was due.</summary>
/// <param name="Failure">Why it failed; null when it was answered to its end.</param>
/// <param name="FirstSeconds">Until the first piece of text; null when there was none.</param>
/// <param name="Seconds">Until its end.</param>
/// <param name="Gaps">Seconds between pieces of text. A piece holds the tokens that came together.</param>
/// <param name="InputTokens">As the service counts them.</param>
/// <param name="OutputTokens">As the service counts them.</param>
internal sealed record LoadResult(string? Failure, double? FirstSeconds, double Seconds, IReadOnlyList<double> Gaps, int InputTokens, int OutputTokens);

/// <summary>Sends one streamed chat request and times what comes.</summary>
internal static class LoadRequest
{
    private static readonly string[] Vocabulary = ["river", "meter", "green", "seven", "answer", "cloud", "figure", "window", "battery", "morning", "letter", "harbour", "signal", "garden", "copper", "story"];

    public static string Prompt(Random random, int words) => string.Join(' ', Enumerable.Range(0, words).Select(_ => Vocabulary[random.Next(Vocabulary.Length)] + random.Next(100)));

    /// <param name="http">Connections to the service.</param>
    /// <param name="shape">What to send.</param>
    /// <param name="prompt">The user's message.</param>
    /// <param name="due">Timestamp at which it should have gone out: what waits in this client counts as the service's delay.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<LoadResult> SendAsync(HttpClient http, LoadShape shape, string prompt, long due, CancellationToken cancellation)
    {
        double? first = null;
        long last = 0;
        var gaps = new List<double>();
        (int Input, int Output) tokens = default;
        bool done = false;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "chat/completions") { Content = JsonContent.Create(Body(shape, prompt)) };
            using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return Failed($"status {(int)response.StatusCode}");
            }

            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
            while (await reader.ReadLineAsync(cancellation) is { } line)
            {
                if (!line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    continue;
                }

                if (line == "data: [DONE]")
                {
                    done = true;
                    break;
                }

                using JsonDocument chunk = JsonDocument.Parse(line.AsMemory("data: ".Length));
                if (chunk.RootElement.TryGetProperty("error", out JsonElement error))
                {
                    return Failed($"error in the stream: {error.GetProperty("code")}");
                }

                if (chunk.RootElement.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object)
                {
                    tokens = (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32());
                }
                else if (HasText(chunk.RootElement))
                {
                    long now = Stopwatch.GetTimestamp();
                    if (first is null)
                    {
                        first = Stopwatch.GetElapsedTime(due, now).TotalSeconds;
                    }
                    else
                    {
                        gaps.Add(Stopwatch.GetElapsedTime(last, now).TotalSeconds);
                    }

                    last = now;
                }
            }

            return done ? new LoadResult(null, first, Elapsed(), gaps, tokens.Input, tokens.Output) : Failed("the stream ended before its end mark");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return Failed(e.GetBaseException().Message);
        }
        catch (OperationCanceledException)
        {
            return Failed("given up");
        }

        double Elapsed() => Stopwatch.GetElapsedTime(due).TotalSeconds;

        LoadResult Failed(string why) => new(why, first, Elapsed(), gaps, tokens.Input, tokens.Output);
    }

    private static Dictionary<string, object> Body(LoadShape shape, string prompt)
    {
        var body = new Dictionary<string, object>
        {
            ["model"] = shape.Model,
            ["stream"] = true,
            ["temperature"] = 0,
            ["max_tokens"] = shape.Tokens,
            ["stream_options"] = new { include_usage = true },
            ["messages"] = new[] { new { role = "user", content = prompt } },
        };
        if (shape.IgnoreEnd)
        {
            body["ignore_eos"] = true;
        }

        return body;
    }

    private static bool HasText(JsonElement chunk) =>
        chunk.TryGetProperty("choices", out JsonElement choices) && choices.GetArrayLength() > 0
        && choices[0].TryGetProperty("delta", out JsonElement delta) && delta.TryGetProperty("content", out JsonElement content)
        && content.ValueKind == JsonValueKind.String && content.GetString()!.Length > 0;
}
