using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using GreenTune.Core.Attribution;
using GreenTune.Core.Scoring;
using GreenTune.Inference;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Running;
using GreenTune.Inference.Engine.Scheduling;
using GreenTune.Metering;
using GreenTune.Models.Folders;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Bench.Peers;

/// <summary>
/// An int4 folder in GreenTune's engine against a Q4_0 GGUF of the same checkpoint in llama.cpp, on the CPU, taking turns. Decode tokens/s are those of a run less
/// a run of one token, prefill tokens/s those of the one-token run; medians over the rounds, ratios by round.
/// </summary>
internal static class LlamaBench
{
    public static Command Command()
    {
        var folder = new Argument<string>("folder") { Description = "An int4 folder that GreenTune built for a CPU" };
        var gguf = new Argument<string>("gguf") { Description = "The same checkpoint as `gguf` writes it" };
        var library = new Option<string>("--library") { Description = "bins/linux-x64 of the npm package @node-llama-cpp/linux-x64, unpacked", Required = true };
        var rows = new Option<int[]>("--rows") { Description = "Requests at once", DefaultValueFactory = _ => [1, 4, 8], AllowMultipleArgumentsPerToken = true };
        var prompt = new Option<int>("--prompt") { Description = "Prompt tokens", DefaultValueFactory = _ => 128 };
        var tokens = new Option<int>("--tokens") { Description = "New tokens of each request", DefaultValueFactory = _ => 64 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds; each runs both sides once", DefaultValueFactory = _ => 7 };
        var threads = new Option<int>("--threads") { Description = "Threads of each side", DefaultValueFactory = _ => Environment.ProcessorCount };
        var command = new Command("llama", "Prefill and decode speed on a CPU against llama.cpp") { folder, gguf, library, rows, prompt, tokens, rounds, threads };
        command.SetAction(async parsed =>
        {
            Console.WriteLine("| rows | decode tok/s: engine | llama.cpp | ratio | prefill tok/s: engine | llama.cpp | ratio |");
            Console.WriteLine("|---|---|---|---|---|---|---|");
            var shape = new Shape(parsed.GetValue(prompt), parsed.GetValue(tokens), parsed.GetValue(rounds), parsed.GetValue(threads));
            foreach (int count in parsed.GetValue(rows)!)
                await RunAsync(ModelFolder.Open(parsed.GetValue(folder)!), Path.GetFullPath(parsed.GetValue(gguf)!), Path.GetFullPath(parsed.GetValue(library)!), count, shape);
        });
        return command;
    }

    private static async Task RunAsync(ModelFolder folder, string gguf, string library, int rows, Shape shape)
    {
        // Without a prefix cache: the prompts are the same in every round.
        var options = new InferenceOptions { MaxRows = rows, PrefixCacheMegabytes = 0, MaxContextTokens = shape.Prompt + shape.Tokens + 1, Threads = shape.Threads };
        await using var meter = (DeviceMeter)new MeterFactory(new MeteringOptions()).Create(DeviceComponent.Cpu);
        await using var engine = new DeviceEngine(meter, SchedulingSettings.Of(options, cuda: false), TimeProvider.System, NullLogger<DeviceEngine>.Instance);
        IModelRunner runner = RunnerFactory.Open(folder, ExecutionProvider.Choose(DeviceChoice.Cpu, shape.Threads), RunnerBudget.Of(options, false, 1));
        using var llama = new LlamaCpp(library, gguf, folder.VocabularySize, rows, shape.Prompt + shape.Tokens + 1, shape.Threads);
        var random = new Random(7);
        int[][] prompts = [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, shape.Prompt).Select(_ => random.Next(3, folder.VocabularySize)).ToArray())];

        var ours = new List<(double Decode, double Prefill)>();
        var theirs = new List<(double Decode, double Prefill)>();
        for (int round = -1; round < shape.Rounds; round++)
        {
            // Who goes first alternates, so that neither always finds the machine warmer.
            (double, double) mine = default, peer = default;
            foreach (bool isOurs in round % 2 == 0 ? (bool[])[true, false] : [false, true])
            {
                if (isOurs)
                    mine = await SpeedsAsync(tokens => EngineAsync(engine, runner, prompts, tokens), rows, shape);
                else
                    peer = await SpeedsAsync(tokens => Task.FromResult(Llama(llama, prompts, tokens)), rows, shape);
            }

            if (round >= 0)
            {
                ours.Add(mine);
                theirs.Add(peer);
            }
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {rows} | {Median(ours.Select(run => run.Decode)):0} | {Median(theirs.Select(run => run.Decode)):0} | {Median(ours.Zip(theirs, (a, b) => a.Decode / b.Decode)):0.00} | {Median(ours.Select(run => run.Prefill)):0} | {Median(theirs.Select(run => run.Prefill)):0} | {Median(ours.Zip(theirs, (a, b) => a.Prefill / b.Prefill)):0.00} |"));
        await engine.RetireAsync(runner);
    }

    private static async Task<(double Decode, double Prefill)> SpeedsAsync(Func<int, Task<double>> run, int rows, Shape shape)
    {
        double one = await run(1);
        double all = await run(shape.Tokens);
        return (rows * (shape.Tokens - 1) / (all - one), rows * shape.Prompt / one);
    }

    private static double Llama(LlamaCpp llama, int[][] prompts, int tokens)
    {
        long start = Stopwatch.GetTimestamp();
        llama.Answer(prompts, tokens);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<double> EngineAsync(DeviceEngine engine, IModelRunner runner, int[][] prompts, int tokens)
    {
        GenerationResult[] results = await Task.WhenAll(prompts.Select((prompt, row) =>
            engine.Submit(new GenerationRequest { Id = $"bench {row}", Model = runner, Prompt = prompt, MaxTokens = tokens, IgnoreStopTokens = true }, CancellationToken.None).Completion));
        return results.FirstOrDefault(result => result.Error is not null) is { } failed
            ? throw new InvalidOperationException("a request failed", failed.Error)
            : (results.Max(result => result.EndedAt) - results.Min(result => result.SubmittedAt)).TotalSeconds;
    }

    private static double Median(IEnumerable<double> values) => Quantiles.OfSorted([.. values.Order()], 0.5);

    private sealed record Shape(int Prompt, int Tokens, int Rounds, int Threads);
}
