using System.CommandLine;
using System.Globalization;
using GreenTune.Core.Attribution;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Running;
using GreenTune.Inference.Engine.Scheduling;
using GreenTune.Metering;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Bench;

/// <summary>
/// What the engine itself takes of a step: scheduling, step records, handing tokens out. The model in it computes nothing, so all of the time is the engine's; once
/// with the step records going to a meter that attributes them, once to one that drops them.
/// </summary>
internal static class StepsBench
{
    public static Command Command()
    {
        var rows = new Option<int[]>("--rows") { Description = "Rows at once", DefaultValueFactory = _ => [1, 8, 32, 128], AllowMultipleArgumentsPerToken = true };
        var steps = new Option<int>("--steps") { Description = "Decode steps a run", DefaultValueFactory = _ => 20_000 };
        var command = new Command("steps", "The engine's own time a decode step, with and without step records") { rows, steps };
        command.SetAction(async parsed =>
        {
            Console.WriteLine("| rows | us a step | us a step without records | records' share, us |");
            Console.WriteLine("|---|---|---|---|");
            foreach (int count in parsed.GetValue(rows)!)
            {
                var with = new List<double>();
                var without = new List<double>();
                for (int round = 0; round < 7; round++)
                {
                    with.Add(await RunAsync(count, parsed.GetValue(steps), metered: true));
                    without.Add(await RunAsync(count, parsed.GetValue(steps), metered: false));
                }

                with.Sort();
                without.Sort();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {count} | {with[3]:0.0} | {without[3]:0.0} | {with[3] - without[3]:0.0} |"));
            }
        });
        return command;
    }

    private static async Task<double> RunAsync(int rows, int steps, bool metered)
    {
        await using var real = (DeviceMeter)new MeterFactory(new MeteringOptions()).Create(DeviceComponent.Cpu);
        IDeviceMeter meter = metered ? real : new NoMeter(real);
        await using var engine = new DeviceEngine(meter, new SchedulingSettings { MaxRows = rows }, TimeProvider.System, NullLogger<DeviceEngine>.Instance);
        var runner = new NoModel(rows, steps + 8);
        Generation[] all = [.. Enumerable.Range(0, rows).Select(row => engine.Submit(
            new GenerationRequest { Id = $"bench {row}", Model = runner, Prompt = [1, 2, 3], MaxTokens = steps, IgnoreStopTokens = true },
            CancellationToken.None))];
        GenerationResult[] results = await Task.WhenAll(all.Select(generation => generation.Completion));
        return (results.Max(result => result.EndedAt) - results.Max(result => result.FirstTokenAt!.Value)).TotalMicroseconds / (steps - 1);
    }

    /// <summary>A model that answers at once.</summary>
    private sealed class NoModel(int rows, int context) : IModelRunner
    {
        public string ConfigurationId => "none";

        public int ContextLength => context;

        public int VocabularySize => 32_000;

        public WorkModel Work { get; } = new("none", 1e9, 1e4, 1e9, 1e5);

        public IReadOnlyList<KvClass> Classes { get; } = [new KvClass(context, rows)];

        public int MaxBatch => rows;

        public bool IsStop(int token) => false;

        public int MaxPrefillRows => 1;

        public int MaxPrefillTokens => 0;

        public void Prefill(RowPlace first, int rows, ReadOnlySpan<int> tokens, int past, bool wantLogits, Span<int> next) => next[0] = 7;

        public void Decode(RowPlace first, ReadOnlySpan<int> tokens, ReadOnlySpan<int> past, bool wantLogits, Span<int> next) => next.Fill(7);

        public ReadOnlySpan<float> Logits(int row) => [];

        public void CopyRow(RowPlace from, RowPlace to, int tokens)
        {
        }

        public KvStretch SaveStretch(RowPlace row, int at, int tokens) => default;

        public void RestoreStretch(KvStretch stretch, RowPlace row, int at, int tokens)
        {
        }

        public void DropStretch(KvStretch stretch)
        {
        }

        public void Dispose()
        {
        }
    }

    /// <summary>A meter that hears of requests and never of steps.</summary>
    private sealed class NoMeter(IDeviceMeter meter) : IDeviceMeter
    {
        public string DeviceId => meter.DeviceId;

        public Core.Units.MonotonicTime Now => meter.Now;

        public long Admit(Core.Units.MonotonicTime at) => meter.Admit(at);

        public void Step(StepRecord step)
        {
        }

        public Task<SettledRequest> Finish(long request, Core.Units.MonotonicTime at) => meter.Finish(request, at);

        public void SetResident(IReadOnlyCollection<string> configurations) => meter.SetResident(configurations);

        public IDisposable Busy() => meter.Busy();

        public Core.Contracts.DeviceView View() => meter.View();

        public IReadOnlyList<Core.Contracts.TracePoint> Trace(Core.Units.MonotonicTime from, Core.Units.MonotonicTime to, Core.Units.MonotonicTime origin, int maxPoints) => meter.Trace(from, to, origin, maxPoints);

        public Core.Contracts.PowerFrame Frame(TimeSpan last, int maxPoints) => meter.Frame(last, maxPoints);

        public Core.Contracts.EnergyPeriod? CutPeriod() => meter.CutPeriod();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
