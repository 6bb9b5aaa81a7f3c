using System.ClientModel;
using System.ClientModel.Primitives;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;

namespace GreenTune.Bench;

/// <summary>
/// Tokens/s that a client of a running service sees, with streaming and greedy answers as in <see cref="EngineBench"/>: a plain client that takes the bytes, and
/// the OpenAI client, whose own work on the same cores counts as well.
/// </summary>
internal static class HttpBench
{
    private const string Prompt = "Tell me a long story about the sea.";
    private const int WarmUps = 2;

    public static Command Command()
    {
        var ids = new Argument<string[]>("configurations") { Description = "Configurations or models", Arity = ArgumentArity.OneOrMore };
        var url = new Option<Uri>("--url") { Description = "The service's address", DefaultValueFactory = _ => new Uri("http://localhost:5101/v1/"), CustomParser = result => new Uri(result.Tokens[^1].Value.TrimEnd('/') + "/") };
        var tokens = new Option<int>("--tokens") { Description = "max_tokens of a request", DefaultValueFactory = _ => 200 };
        var rounds = new Option<int>("--rounds") { Description = "Requests for each", DefaultValueFactory = _ => 15 };
        var command = new Command("http", "Streaming speed of a running service, seen by a plain client and by the OpenAI client") { ids, url, tokens, rounds };
        command.SetAction(async (parsed, cancellation) =>
        {
            Console.WriteLine("| model | plain client, tokens/s (median) | OpenAI client, tokens/s (median) | time to first chunk, ms | tokens | chunks |");
            Console.WriteLine("|---|---|---|---|---|---|");
            foreach (string id in parsed.GetValue(ids)!)
            {
                await RunAsync(id, parsed.GetValue(url)!, parsed.GetValue(tokens), parsed.GetValue(rounds), cancellation);
            }
        });
        return command;
    }

    private static async Task RunAsync(string id, Uri url, int tokens, int rounds, CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = url };
        var chat = new ChatClient(id, new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = url, RetryPolicy = new ClientRetryPolicy(0) });
        var plain = new List<Run>();
        var openAI = new List<Run>();
        for (int round = -WarmUps; round < rounds; round++)
        {
            Run first = await PlainAsync(http, id, tokens, cancellation), second = await OpenAIAsync(chat, tokens, cancellation);
            if (round >= 0)
            {
                plain.Add(first);
                openAI.Add(second);
            }
        }

        Run fast = Middle(plain, run => run.Rate), shown = Middle(openAI, run => run.Rate);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {id} | {fast.Rate:0} | {shown.Rate:0} | {Middle(plain, run => run.First).First:0.0} | {shown.Tokens} | {fast.Chunks} |"));
    }

    private static async Task<Run> PlainAsync(HttpClient http, string id, int tokens, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        using var request = new HttpRequestMessage(HttpMethod.Post, "chat/completions")
        {
            Content = JsonContent.Create(new { model = id, stream = true, temperature = 0, max_tokens = tokens, stream_options = new { include_usage = true }, messages = new[] { new { role = "user", content = Prompt } } }),
        };
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        double first = 0;
        int chunks = 0;
        string last = string.Empty;
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith("data: {", StringComparison.Ordinal))
            {
                first = chunks++ == 0 ? watch.Elapsed.TotalMilliseconds : first;
                last = line;
            }
        }

        double seconds = watch.Elapsed.TotalSeconds;
        using JsonDocument usage = JsonDocument.Parse(last["data: ".Length..]);
        int output = usage.RootElement.GetProperty("usage").GetProperty("completion_tokens").GetInt32();
        return new Run(output / seconds, first, output, chunks);
    }

    private static async Task<Run> OpenAIAsync(ChatClient chat, int tokens, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        double first = 0;
        int chunks = 0, output = 0;
        var options = new ChatCompletionOptions { MaxOutputTokenCount = tokens, Temperature = 0 };
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync([new UserChatMessage(Prompt)], options, cancellation))
        {
            first = chunks++ == 0 ? watch.Elapsed.TotalMilliseconds : first;
            output = update.Usage?.OutputTokenCount ?? output;
        }

        return new Run(output / watch.Elapsed.TotalSeconds, first, output, chunks);
    }

    private static Run Middle(List<Run> runs, Func<Run, double> figure) => runs.OrderBy(figure).ElementAt(runs.Count / 2);

    private sealed record Run(double Rate, double First, int Tokens, int Chunks);
}
