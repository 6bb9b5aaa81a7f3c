using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Attribution;

/// <summary>A random run of a device: requests that come and go, steps that do not overlap, blocks without holes.</summary>
internal sealed class LedgerScenario
{
    private static readonly WorkModel[] Works =
    [
        new("small", 22e6, 4e3, 22e6, 600),
        new("large", 1.1e9, 1e5, 6e8, 22e3),
    ];

    public required IReadOnlyList<(long Request, MonotonicTime Admit, MonotonicTime Finish)> Requests { get; init; }

    public required IReadOnlyList<StepRecord> Steps { get; init; }

    public required IReadOnlyList<EnergyBlock> Blocks { get; init; }

    public Watts Baseline { get; init; } = new(120);

    public Watts BaselineSigma { get; init; } = new(1.5);

    public Func<string, WorkCoefficients?>? Coefficients { get; init; }

    /// <summary>Energy may lie below the baseline (never below 0), requests may wait without a step, and some rows may belong to nobody.</summary>
    public static LedgerScenario Random(int seed)
    {
        var random = new Random(seed);
        int requests = random.Next(1, 12);
        var steps = new List<StepRecord>();
        var lives = new (long Request, long Admit, long Finish)[requests];
        for (int i = 0; i < requests; i++)
        {
            long admit = random.NextInt64(0, 4_000_000);
            lives[i] = (i + 1, admit, admit + random.NextInt64(0, 3_000_000));
        }
        long end = lives.Max(life => life.Finish) + 500_000;
        for (long at = random.NextInt64(0, 200_000); at < end;)
        {
            long length = random.NextInt64(1, 150_000);
            long[] inFlight = [.. lives.Where(life => life.Admit <= at && life.Finish >= at + length).Select(life => life.Request)];
            if (inFlight.Length > 0 && random.NextDouble() < 0.9)
                steps.Add(RandomStep(random, at, length, inFlight));
            at += length + (random.NextDouble() < 0.5 ? 0 : random.NextInt64(0, 100_000));
        }
        return new()
        {
            Requests = [.. lives.Select(life => (life.Request, new MonotonicTime(life.Admit), new MonotonicTime(life.Finish)))],
            Steps = steps,
            Blocks = RandomBlocks(random, end, troubled: random.Next(3) == 0),
            Coefficients = random.Next(3) switch
            {
                0 => null,
                1 => _ => new(1e-12, 1e-10, 20),
                _ => configuration => configuration == "small" ? new(3e-12, 0, 0) : null,
            },
        };
    }

    public LedgerScenario With(IReadOnlyList<StepRecord>? steps = null, Watts? baseline = null, Func<string, WorkCoefficients?>? coefficients = null) => new()
    {
        Requests = Requests,
        Steps = steps ?? Steps,
        Blocks = Blocks,
        Baseline = baseline ?? Baseline,
        BaselineSigma = BaselineSigma,
        Coefficients = coefficients ?? Coefficients,
    };

    /// <summary>Runs it; with a seed the events arrive in a random order, otherwise admissions, steps and ends by time, among the blocks.</summary>
    public (AttributionLedger Ledger, Dictionary<long, Settlement> Settled) Run(int? shuffle = null)
    {
        var ledger = new AttributionLedger(Ledgers.Device(), Coefficients);
        var events = new List<(long At, int Order, Action Tell)>();
        foreach ((long request, MonotonicTime admit, MonotonicTime finish) in Requests)
        {
            events.Add((admit.Ticks, 0, () => ledger.Admit(request, admit)));
            events.Add((finish.Ticks, 2, () => ledger.Finish(request, finish)));
        }
        events.AddRange(Steps.Select(step => (step.Start.Ticks, 1, (Action)(() => ledger.Step(step)))));
        if (shuffle is { } seed)
        {
            // A request cannot leave before it came; all else may arrive in any order, ahead of its blocks.
            var random = new Random(seed);
            foreach (var told in events.OrderBy(e => e.Order == 2).ThenBy(_ => random.Next()))
                told.Tell();
            foreach (EnergyBlock block in Blocks)
                ledger.Close(block, Baseline, BaselineSigma);
        }
        else
        {
            var queue = new Queue<(long At, int Order, Action Tell)>(events.OrderBy(e => e.At).ThenBy(e => e.Order));
            foreach (EnergyBlock block in Blocks)
            {
                while (queue.TryPeek(out var next) && next.At < block.End.Ticks)
                    queue.Dequeue().Tell();
                ledger.Close(block, Baseline, BaselineSigma);
            }
            while (queue.TryDequeue(out var rest))
                rest.Tell();
        }
        return (ledger, ledger.Settled());
    }

    private static StepRecord RandomStep(Random random, long at, long length, long[] inFlight)
    {
        StepPhase phase = random.Next(2) == 0 ? StepPhase.Prefill : StepPhase.Decode;
        random.Shuffle(inFlight);
        var rows = inFlight.Take(random.Next(1, inFlight.Length + 1))
            .Select(request => new StepRow(random.NextDouble() < 0.02 ? request + 1000 : request, phase == StepPhase.Prefill ? 2 * random.Next(1, 100) : 1, random.Next(0, 300)));
        return new(new(at), new(at + length), phase, Works[random.Next(2)], [.. rows]);
    }

    private static List<EnergyBlock> RandomBlocks(Random random, long end, bool troubled)
    {
        var blocks = new List<EnergyBlock>();
        for (long at = 0; at < end;)
        {
            long length = random.NextInt64(10_000, 400_000);
            double seconds = length / 1e7;
            double energy = random.NextDouble() * 400 * seconds;
            if (troubled && random.NextDouble() < 0.03)
            {
                blocks.Add(EnergyBlock.Unknown(new(at), new(at + length), "a test"));
                at += length;
                continue;
            }
            TraceMarks marks = troubled && random.NextDouble() < 0.1 ? random.NextDouble() < 0.5 ? TraceMarks.Gap : TraceMarks.Reset : TraceMarks.None;
            blocks.Add(new()
            {
                Start = new(at),
                End = new(at + length),
                Energy = new(energy),
                Other = new(random.NextDouble() < 0.3 ? random.NextDouble() * 0.5 * energy : 0),
                Quality = marks == TraceMarks.None ? EnergyQuality.Measured : EnergyQuality.Modelled,
                Marks = marks,
                Noise = new(0.01 * energy),
                EdgeSeconds = random.NextDouble() * (random.Next(2) == 0 ? 0.001 : seconds),
            });
            at += length;
        }
        return blocks;
    }
}
