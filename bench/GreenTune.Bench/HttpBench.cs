using System.ClientModel;
using System.ClientModel.Primitives;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using OpenAI;
using OpenAI.Chat;

namespace GreenTune.Bench;

/// <summary>Tokens/s that a client of a running service sees, through the OpenAI client with streaming.</summary>
internal static class HttpBench
{
    public static Command Command()
    {
        var ids = new Argument<string[]>("configurations") { Description = "Configurations or models", Arity = ArgumentArity.OneOrMore };
        var url = new Option<Uri>("--url") { Description = "The service's address", DefaultValueFactory = _ => new Uri("http://localhost:5101/v1") };
        var tokens = new Option<int>("--tokens") { Description = "max_tokens of a request", DefaultValueFactory = _ => 200 };
        var rounds = new Option<int>("--rounds") { Description = "Requests for each", DefaultValueFactory = _ => 15 };
        var command = new Command("http", "Streaming speed of a running service, seen by the OpenAI client") { ids, url, tokens, rounds };
        command.SetAction(async (parsed, cancellation) =>
        {
            Console.WriteLine("| model | tokens/s streamed (median) | time to first chunk, ms | tokens | chunks |");
            Console.WriteLine("|---|---|---|---|---|");
            foreach (string id in parsed.GetValue(ids)!)
            {
                await RunAsync(id, parsed.GetValue(url)!, parsed.GetValue(tokens), parsed.GetValue(rounds), cancellation);
            }
        });
        return command;
    }

    private static async Task RunAsync(string id, Uri url, int tokens, int rounds, CancellationToken cancellation)
    {
        var chat = new ChatClient(id, new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = url, RetryPolicy = new ClientRetryPolicy(0) });
        var runs = new List<(double Rate, double First, int Tokens, int Chunks)>();
        for (int round = -2; round < rounds; round++)
        {
            var watch = Stopwatch.StartNew();
            double first = 0;
            int chunks = 0, output = 0;
            // A high temperature keeps so small a model from ending its answer early.
            var options = new ChatCompletionOptions { MaxOutputTokenCount = tokens, Seed = round };
            await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync([new UserChatMessage("Tell me a long story about the sea.")], options, cancellation))
            {
                if (update.ContentUpdate.Count > 0 && update.ContentUpdate[0].Text.Length > 0)
                {
                    first = first == 0 ? watch.Elapsed.TotalSeconds : first;
                    chunks++;
                }

                output = update.Usage?.OutputTokenCount ?? output;
            }

            if (round >= 0)
            {
                runs.Add((output / watch.Elapsed.TotalSeconds, first * 1000, output, chunks));
            }
        }

        var middle = runs.OrderBy(run => run.Rate).ElementAt(runs.Count / 2);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {id} | {middle.Rate:0} | {runs.Select(run => run.First).Order().ElementAt(runs.Count / 2):0.0} | {middle.Tokens} | {middle.Chunks} |"));
    }
}
