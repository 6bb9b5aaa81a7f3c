using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using GreenTune.Core.Scoring;

namespace GreenTune.Bench.Load;

/// <summary>
/// A running service under load: requests that come at random whatever it answers (open loop, Poisson arrivals), or a number of clients that each send the next
/// request when the last is answered (closed loop). In the open loop a request's times count from when it was due, so that a service that stalls is not spared
/// the requests that come meanwhile.
/// </summary>
internal static class LoadBench
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    public static Command Command()
    {
        var model = new Argument<string>("model") { Description = "Configuration or model" };
        var url = new Option<Uri>("--url") { Description = "The service's address", DefaultValueFactory = _ => new Uri("http://localhost:5101/v1/"), CustomParser = result => new Uri(result.Tokens[^1].Value.TrimEnd('/') + "/") };
        var rate = new Option<double[]>("--rate") { Description = "Open loop: requests per second, one run each", AllowMultipleArgumentsPerToken = true };
        var connections = new Option<int[]>("--connections") { Description = "Closed loop: clients at once, one run each", AllowMultipleArgumentsPerToken = true };
        var requests = new Option<int>("--requests") { Description = "Requests of a run", DefaultValueFactory = _ => 200 };
        var words = new Option<int>("--words") { Description = "Words of a prompt, each random", DefaultValueFactory = _ => 40 };
        var tokens = new Option<int>("--tokens") { Description = "max_tokens of a request", DefaultValueFactory = _ => 64 };
        var toEnd = new Option<bool>("--ignore-eos") { Description = "Run every answer to its last token" };
        var seed = new Option<int>("--seed") { Description = "Arrivals and prompts", DefaultValueFactory = _ => 1 };
        var process = new Option<int?>("--pid") { Description = "The service's process, whose resident memory is shown (Linux)" };
        var command = new Command("load", "A running service under Poisson load, and with many clients at once") { model, url, rate, connections, requests, words, tokens, toEnd, seed, process };
        command.SetAction(async (parsed, cancellation) =>
        {
            var shape = new LoadShape(parsed.GetValue(model)!, parsed.GetValue(words), parsed.GetValue(tokens), parsed.GetValue(toEnd));
            LoadReport.WriteHead();
            using HttpClient http = Client(parsed.GetValue(url)!);
            await LoadRequest.SendAsync(http, shape, "Warm up.", Stopwatch.GetTimestamp(), cancellation);
            // Every run has prompts of its own: the service remembers the beginnings of prompts.
            int own = parsed.GetValue(seed) * 1000;
            foreach (double each in parsed.GetValue(rate) ?? [])
            {
                own++;
                await RunAsync(string.Create(CultureInfo.InvariantCulture, $"Poisson, {each}/s"), parsed.GetValue(process), parsed.GetValue(requests), results => OpenAsync(http, shape, each, parsed.GetValue(requests), own, results, cancellation));
            }

            foreach (int each in parsed.GetValue(connections) ?? [])
            {
                own++;
                await RunAsync($"{each} clients", parsed.GetValue(process), parsed.GetValue(requests), results => ClosedAsync(http, shape, each, parsed.GetValue(requests), own, results, cancellation));
            }
        });
        return command;
    }

    private static HttpClient Client(Uri url) => new(new SocketsHttpHandler { MaxConnectionsPerServer = int.MaxValue, UseProxy = false }) { BaseAddress = url, Timeout = Patience };

    private static async Task RunAsync(string load, int? process, int requests, Func<List<LoadResult>, Task> run)
    {
        using var memory = process is { } id ? new ResidentMemory(id) : null;
        var results = new List<LoadResult>(requests);
        long start = Stopwatch.GetTimestamp();
        await run(results);
        LoadReport.Write(load, results, Stopwatch.GetElapsedTime(start), memory);
    }

    /// <summary>Times between arrivals are exponential: minus the logarithm of a uniform number over the rate.</summary>
    private static async Task OpenAsync(HttpClient http, LoadShape shape, double rate, int requests, int seed, List<LoadResult> results, CancellationToken cancellation)
    {
        var random = new SplitMix64((ulong)seed);
        var words = new Random(seed);
        var sent = new List<Task<LoadResult>>(requests);
        long start = Stopwatch.GetTimestamp();
        double due = 0;
        for (int i = 0; i < requests; i++)
        {
            due -= Math.Log(1 - (random.Next() >> 11) * (1.0 / (1UL << 53))) / rate;
            double wait = due - Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (wait > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(wait), cancellation);
            }

            sent.Add(LoadRequest.SendAsync(http, shape, LoadRequest.Prompt(words, shape.Words), start + (long)(due * Stopwatch.Frequency), cancellation));
        }

        results.AddRange(await Task.WhenAll(sent));
    }

    private static async Task ClosedAsync(HttpClient http, LoadShape shape, int clients, int requests, int seed, List<LoadResult> results, CancellationToken cancellation)
    {
        int left = requests;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async client =>
        {
            var words = new Random(seed * 100_003 + client);
            while (Interlocked.Decrement(ref left) >= 0)
            {
                LoadResult result = await LoadRequest.SendAsync(http, shape, LoadRequest.Prompt(words, shape.Words), Stopwatch.GetTimestamp(), cancellation);
                lock (results)
                {
                    results.Add(result);
                }
            }
        }));
    }
}
