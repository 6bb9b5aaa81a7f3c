using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using GreenTune.Inference;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Running;
using GreenTune.Inference.Engine.Scheduling;
using GreenTune.Metering;
using GreenTune.Models.Folders;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace GreenTune.Bench;

/// <summary>
/// Decode tokens/s, single stream, of GreenTune's engine (owner thread, meter and step records included) against ONNX Runtime GenAI's own
/// Generator on the same folder: both take turns in one process, medians over the rounds.
/// </summary>
internal static class EngineBench
{
    private static readonly int[] Prompt = [1, 842, 201, .. Enumerable.Range(0, 60).Select(i => 300 + i * 53 % 6000), 2, 201, 1, 845, 201];

    public static Command Command()
    {
        var ids = new Argument<string[]>("configurations") { Description = "Configurations; all six without any", Arity = ArgumentArity.ZeroOrMore };
        var tokens = new Option<int>("--tokens") { Description = "New tokens a run", DefaultValueFactory = _ => 200 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds; each runs both sides once", DefaultValueFactory = _ => 9 };
        var command = new Command("engine", "Decode speed of the engine against ONNX Runtime GenAI's Generator") { ids, tokens, rounds };
        command.SetAction(async parsed =>
        {
            Console.WriteLine("| configuration | engine tok/s | GenAI Generator tok/s | ratio (median of rounds) | engine prefill of 68, ms | GenAI prefill, ms |");
            Console.WriteLine("|---|---|---|---|---|---|");
            foreach (ModelFolder folder in await Folders.OpenAsync(parsed.GetValue(ids)!))
            {
                await RunAsync(folder, parsed.GetValue(tokens), parsed.GetValue(rounds));
            }
        });
        return command;
    }

    private static async Task RunAsync(ModelFolder folder, int tokens, int rounds)
    {
        var options = new InferenceOptions { MaxContextTokens = 2048, PrefixCacheMegabytes = 0 };
        await using var meter = (DeviceMeter)new MeterFactory(new MeteringOptions()).Create(Core.Attribution.DeviceComponent.Cpu);
        await using var engine = new DeviceEngine(meter, SchedulingSettings.Of(options, cuda: false), TimeProvider.System, NullLogger<DeviceEngine>.Instance);
        IModelRunner runner = RunnerFactory.Open(folder, ExecutionProvider.Choose(DeviceChoice.Cpu, 0), RunnerBudget.Of(options, cuda: false, 1));
        using var model = new Model(folder.FolderPath);
        var ours = new List<(double Decode, double Prefill)>();
        var theirs = new List<(double Decode, double Prefill)>();
        for (int round = -1; round < rounds; round++)
        {
            // Who goes first alternates, so that neither always finds the machine warmer.
            (double, double) mine = default, peer = default;
            if (round % 2 == 0)
            {
                mine = await EngineAsync(engine, runner, tokens);
                peer = Generator(model, tokens);
            }
            else
            {
                peer = Generator(model, tokens);
                mine = await EngineAsync(engine, runner, tokens);
            }

            if (round >= 0)
            {
                ours.Add(mine);
                theirs.Add(peer);
            }
        }

        double ratio = Median(ours.Zip(theirs, (a, b) => a.Decode / b.Decode));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {folder.Id} | {Median(ours.Select(run => run.Decode)):0} | {Median(theirs.Select(run => run.Decode)):0} | {ratio:0.00} | {Median(ours.Select(run => run.Prefill)):0.0} | {Median(theirs.Select(run => run.Prefill)):0.0} |"));
    }

    private static async Task<(double Decode, double Prefill)> EngineAsync(DeviceEngine engine, IModelRunner runner, int tokens)
    {
        GenerationResult result = await engine.Submit(
            new GenerationRequest { Id = "bench", Model = runner, IgnoreStopTokens = true, Prompt = Prompt, MaxTokens = tokens },
            CancellationToken.None).Completion;
        return ((result.OutputTokens - 1) / (result.EndedAt - result.FirstTokenAt!.Value).TotalSeconds, (result.FirstTokenAt.Value - result.StartedAt!.Value).TotalMilliseconds);
    }

    private static (double Decode, double Prefill) Generator(Model model, int tokens)
    {
        using var parameters = new GeneratorParams(model);
        parameters.SetSearchOption("max_length", Prompt.Length + tokens);
        parameters.SetSearchOption("min_length", Prompt.Length + tokens);
        using var generator = new Generator(model, parameters);
        var watch = Stopwatch.StartNew();
        generator.AppendTokens(Prompt);
        generator.GenerateNextToken();
        double prefill = watch.Elapsed.TotalMilliseconds;
        watch.Restart();
        int generated = 1;
        while (!generator.IsDone() && generated < tokens)
        {
            generator.GenerateNextToken();
            generated++;
        }

        return ((generated - 1) / watch.Elapsed.TotalSeconds, prefill);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
