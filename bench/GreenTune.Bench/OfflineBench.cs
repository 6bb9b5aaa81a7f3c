using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using GreenTune.Core.Attribution;
using GreenTune.Inference;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Running;
using GreenTune.Inference.Engine.Scheduling;
using GreenTune.Metering;
using GreenTune.Metering.Nvml;
using GreenTune.Models.Folders;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Bench;

/// <summary>
/// The engine without HTTP: requests with random prompts, all at once, greedy, without stop tokens. Decode tokens/s are those of the run less a run of one token
/// (as the figures of other servers are taken), prefill tokens/s those of the one-token run, joules a GPU's energy counter over whole runs, idle included.
/// </summary>
internal static class OfflineBench
{
    public static Command Command()
    {
        var folders = new Argument<string[]>("folders") { Description = "Model folders", Arity = ArgumentArity.OneOrMore };
        var rows = new Option<int[]>("--rows") { Description = "Requests at once", DefaultValueFactory = _ => [1, 8, 32], AllowMultipleArgumentsPerToken = true };
        var prompt = new Option<int>("--prompt") { Description = "Prompt tokens", DefaultValueFactory = _ => 256 };
        var tokens = new Option<int>("--tokens") { Description = "New tokens of each request", DefaultValueFactory = _ => 128 };
        var rounds = new Option<int>("--rounds") { Description = "Runs of each size; the median is shown", DefaultValueFactory = _ => 3 };
        var device = new Option<DeviceChoice>("--device") { Description = "cpu or cuda", DefaultValueFactory = _ => DeviceChoice.Cpu };
        var chunk = new Option<int>("--prefill-tokens") { Description = "Prompt tokens between two decode steps; 0 takes the service's default" };
        var without = new Option<bool>("--without-kernels") { Description = "Leave GreenTune's own CUDA kernels out" };
        var command = new Command("offline", "Throughput of the engine alone at several batch sizes") { folders, rows, prompt, tokens, rounds, device, chunk, without };
        command.SetAction(async parsed =>
        {
            Console.WriteLine("| folder | rows | decode tok/s | ms a step | prefill tok/s | J/token gross | mean W |");
            Console.WriteLine("|---|---|---|---|---|---|---|");
            var options = new InferenceOptions { PrefillTokens = parsed.GetValue(chunk), MaxRows = parsed.GetValue(rows)!.Max(), KvCacheMegabytes = 0, PrefixCacheMegabytes = 0 };
            ExecutionProvider provider = ExecutionProvider.Choose(parsed.GetValue(device), 0, !parsed.GetValue(without));
            options.MaxContextTokens = parsed.GetValue(prompt) + parsed.GetValue(tokens) + 1;
            foreach (string path in parsed.GetValue(folders)!)
            {
                await RunAsync(ModelFolder.Open(path), provider, options, parsed.GetValue(rows)!, parsed.GetValue(prompt), parsed.GetValue(tokens), parsed.GetValue(rounds));
            }
        });
        return command;
    }

    private static async Task RunAsync(ModelFolder folder, ExecutionProvider provider, InferenceOptions options, int[] rows, int prompt, int tokens, int rounds)
    {
        await using var meter = (DeviceMeter)new MeterFactory(new MeteringOptions()).Create(provider.Cuda ? DeviceComponent.Gpu : DeviceComponent.Cpu);
        await using var engine = new DeviceEngine(meter, SchedulingSettings.Of(options, provider.Cuda), TimeProvider.System, NullLogger<DeviceEngine>.Instance);
        IModelRunner runner = RunnerFactory.Open(folder, provider, RunnerBudget.Of(options, provider.Cuda, 1));
        EnergyCounter? counter = provider.Cuda ? EnergyCounter.Open() : null;
        foreach (int count in rows)
        {
            // Twice before anything counts: the first run captures what it captures.
            await AnswerAsync(engine, runner, count, prompt, Math.Min(tokens, 16));
            await AnswerAsync(engine, runner, count, prompt, Math.Min(tokens, 16));
            var decode = new List<double>();
            var prefill = new List<double>();
            var joules = new List<double>();
            var watts = new List<double>();
            for (int round = 0; round < rounds; round++)
            {
                double one = await AnswerAsync(engine, runner, count, prompt, 1);
                // The counter changes ten times a second: the run is framed by two of its changes' time.
                await Task.Delay(counter is null ? 0 : 150);
                double before = counter?.Joules() ?? 0;
                var watch = Stopwatch.StartNew();
                double all = await AnswerAsync(engine, runner, count, prompt, tokens);
                await Task.Delay(counter is null ? 0 : 120);
                double used = (counter?.Joules() ?? 0) - before;
                decode.Add(count * (tokens - 1) / (all - one));
                prefill.Add(count * prompt / one);
                // Less what the idle tail took, at the run's own mean: it errs upward by the idle power's share of 0.12 s.
                joules.Add(used / ((double)count * tokens));
                watts.Add(used / watch.Elapsed.TotalSeconds);
            }

            double speed = Median(decode);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {folder.Id} | {count} | {speed:0} | {1000 * count / speed:0.000} | {Median(prefill):0} | {(counter is null ? "" : Median(joules).ToString("0.00000", CultureInfo.InvariantCulture))} | {(counter is null ? "" : Median(watts).ToString("0", CultureInfo.InvariantCulture))} |"));
        }

        await engine.RetireAsync(runner);
    }

    /// <summary>Seconds from the first request's submission to the last one's end.</summary>
    private static async Task<double> AnswerAsync(DeviceEngine engine, IModelRunner runner, int rows, int prompt, int tokens)
    {
        var random = new Random(7);
        GenerationRequest[] requests =
        [
            .. Enumerable.Range(0, rows).Select(row => new GenerationRequest
            {
                Id = $"bench {row}",
                Model = runner,
                Prompt = [.. Enumerable.Range(0, prompt).Select(_ => random.Next(3, runner.VocabularySize))],
                MaxTokens = tokens,
                IgnoreStopTokens = true,
            }),
        ];
        GenerationResult[] results = await Task.WhenAll(requests.Select(request => engine.Submit(request, CancellationToken.None).Completion));
        if (results.FirstOrDefault(result => result.Error is not null) is { } failed)
        {
            throw new InvalidOperationException("a request failed", failed.Error);
        }

        return (results.Max(result => result.EndedAt) - results.Min(result => result.SubmittedAt)).TotalSeconds;
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The first GPU's own energy counter.</summary>
    private sealed class EnergyCounter(INvml nvml, nint device)
    {
        public static EnergyCounter? Open()
        {
            var nvml = new NativeNvml();
            return nvml.Initialize(out _) == NvmlReturn.Success && nvml.DeviceByIndex(0, out nint device) == NvmlReturn.Success ? new EnergyCounter(nvml, device) : null;
        }

        public double Joules() => nvml.TotalEnergy(device, out ulong millijoules) == NvmlReturn.Success ? millijoules / 1e3 : double.NaN;
    }
}
