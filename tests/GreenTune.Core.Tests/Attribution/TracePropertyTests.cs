using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Attribution;

/// <summary>
/// The whole way from readings to records: random samples and counters with losses, stalls, resets and jumps through every cutter, shared out by coefficients that are fitted on
/// the way.
/// </summary>
public sealed class TracePropertyTests
{
    [Fact]
    public void Whatever_the_sensor_says_the_books_balance_and_no_record_is_absurd() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(100),
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), Holds));

    private static void Holds(int seed)
    {
        var random = new Random(seed);
        ReadingKinds kinds = (ReadingKinds)random.Next(3);
        double period = new[] { 0.01, 0.02, 0.1 }[random.Next(3)], window = new[] { 0, 0.025, 0.1, 1 }[random.Next(4)];
        BlockCutter cutter = BlockCutter.Create(new()
        {
            Kinds = kinds,
            Period = TimeSpan.FromSeconds(kinds == ReadingKinds.Counter ? 0.1 : period),
            Quality = EnergyQuality.Measured,
            AveragingWindow = TimeSpan.FromSeconds(kinds == ReadingKinds.Counter ? 0 : window),
            CounterQuantum = 0.001,
        });
        var fitter = new WorkFitter(new() { Integrating = kinds == ReadingKinds.Counter, Period = TimeSpan.FromSeconds(period), AveragingWindow = TimeSpan.FromSeconds(window) });
        var ledger = new AttributionLedger(Ledgers.Device(), fitter.CoefficientsOf);
        var blocks = new List<EnergyBlock>();
        var known = new List<EnergyBlock>();
        var settled = new List<Settlement>();
        Feed feed = Feed.Random(random);
        double counter = 1e6 * random.NextDouble(), lastCounter = 0, lastSample = 0;
        MonotonicTime? frontier = null;
        for (double at = 0; at < feed.Seconds; at += 0.005)
        {
            feed.Tell(at, ledger, fitter);
            double watts = Math.Max(0, 100 + (feed.Busy(at) ? 150 : 0) + 60 * (random.NextDouble() - 0.5));
            counter += 0.005 * watts;
            if (random.NextDouble() < 0.001)
                counter = 0;
            blocks.Clear();
            bool stalled = at % 3 > 2.6;
            if (at - lastCounter >= 0.1 && !stalled)
                cutter.Add(new EnergyReading(MonotonicTime.FromSeconds(lastCounter = at), new(counter), new(random.NextDouble() < 0.1 ? counter / 2 : 0)), blocks);
            if (at - lastSample >= period && !stalled && random.NextDouble() > 0.05)
                cutter.Add(new PowerSample(MonotonicTime.FromSeconds(lastSample = at), new(random.NextDouble() < 0.002 ? double.NaN : watts), new(random.NextDouble() * 5)), blocks);
            cutter.Advance(MonotonicTime.FromSeconds(at), blocks);
            foreach (EnergyBlock block in blocks)
            {
                Assert.True(frontier is null || block.Start >= frontier, "blocks overlap");
                frontier = block.End;
                if (block.IsKnown)
                    known.Add(block);
                fitter.Observe(block, ledger.Close(block, new(100), new(2)));
                fitter.Learn(MonotonicTime.FromSeconds(at));
            }
        }
        feed.Tell(double.PositiveInfinity, ledger, fitter);
        MonotonicTime end = MonotonicTime.FromSeconds(feed.Seconds + 1);
        ledger.Close(EnergyBlock.Unknown(frontier ?? default, end, "the test ends"), new(100), new(2));
        ledger.TakeSettled(settled);

        EnergyBuckets b = ledger.Totals;
        double total = known.Sum(block => block.Energy.Value);
        Close(total, b.Total.Value, total);
        Close(total, (b.Active + b.IdleShare + b.Idle + b.Unattributed + b.Other).Value, total);
        Close((b.Active + b.IdleShare).Value, settled.Sum(s => s.Energy.Joules?.Value ?? s.Withheld.Value), total);
        Assert.Equal(feed.Requests, settled.Count);
        foreach (EnergyFigures energy in settled.Select(settlement => settlement.Energy))
        {
            if (energy.Joules is not { } joules)
            {
                Assert.NotEmpty(energy.Reasons["joules"]);
                continue;
            }
            double[] figures = [joules.Value, energy.ActiveJoules!.Value.Value, energy.PrefillJoules!.Value.Value, energy.DecodeJoules!.Value.Value, energy.EqualWeightsActiveJoules!.Value.Value, energy.Uncertainty!.Independent.Value];
            Assert.All(figures, figure => Assert.True(double.IsFinite(figure)));
            Assert.True(joules.Value >= 0, "joules below 0");
            Close(figures[1], figures[2] + figures[3], Math.Abs(figures[2]) + Math.Abs(figures[3]));
            Close(figures[0], figures[1] + energy.IdleJoules!.Value.Value, figures[0] + Math.Abs(figures[1]));
            Assert.InRange(energy.FittedShare!.Value, 0, 1 + 1e-9);
        }
    }

    private static void Close(double expected, double actual, double scale) =>
        Assert.True(Math.Abs(expected - actual) <= 1e-9 * Math.Max(scale, 1e-9), $"{expected:R} against {actual:R}");

    /// <summary>Random requests of two configurations whose steps follow one another.</summary>
    private sealed class Feed
    {
        private static readonly WorkModel[] Works = [new("small", 22e6, 4e3, 22e6, 600), new("large", 1.1e9, 1e5, 6e8, 22e3)];

        private readonly Queue<(double At, int Order, Action<AttributionLedger, WorkFitter> Tell)> _events;
        private readonly List<(double From, double To)> _steps;

        private Feed(IEnumerable<(double At, int Order, Action<AttributionLedger, WorkFitter> Tell)> events, List<(double From, double To)> steps, int requests)
        {
            _events = new(events.OrderBy(told => told.At).ThenBy(told => told.Order));
            _steps = steps;
            Requests = requests;
        }

        public double Seconds { get; } = 6;

        public int Requests { get; }

        public static Feed Random(Random random)
        {
            var events = new List<(double At, int Order, Action<AttributionLedger, WorkFitter> Tell)>();
            var steps = new List<(double From, double To)>();
            int requests = random.Next(1, 20);
            var lives = new (long Request, double From, double To)[requests];
            for (int i = 0; i < requests; i++)
            {
                long request = i;
                double from = 5 * random.NextDouble(), to = from + 1.5 * random.NextDouble();
                lives[i] = (request, from, to);
                events.Add((from, 0, (ledger, _) => ledger.Admit(request, MonotonicTime.FromSeconds(from))));
                events.Add((to, 2, (ledger, _) => ledger.Finish(request, MonotonicTime.FromSeconds(to))));
            }
            for (double at = 0; at < 6.5;)
            {
                double start = at, end = at + 0.001 + 0.02 * random.NextDouble();
                long[] there = [.. lives.Where(life => life.From <= start && life.To >= end).Select(life => life.Request)];
                if (there.Length > 0)
                {
                    bool prefill = random.Next(5) == 0;
                    var step = new StepRecord(
                        MonotonicTime.FromSeconds(start),
                        MonotonicTime.FromSeconds(end),
                        prefill ? StepPhase.Prefill : StepPhase.Decode,
                        Works[start % 2 < 1.5 ? 0 : 1],
                        prefill ? [new(there[random.Next(there.Length)], random.Next(1, 500), 0)] : [.. there.Select(request => new StepRow(request, 1, random.Next(500)))]);
                    steps.Add((start, end));
                    events.Add((end, 1, (ledger, fitter) =>
                    {
                        ledger.Step(step);
                        fitter.Step(step);
                    }
                    ));
                }
                at = end + (random.Next(4) == 0 ? 0.1 * random.NextDouble() : 0.0002);
            }
            return new(events, steps, requests);
        }

        public void Tell(double until, AttributionLedger ledger, WorkFitter fitter)
        {
            while (_events.TryPeek(out var next) && next.At <= until)
                _events.Dequeue().Tell(ledger, fitter);
        }

        public bool Busy(double at)
        {
            int low = 0, high = _steps.Count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (_steps[middle].To <= at)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }
            return low < _steps.Count && _steps[low].From <= at;
        }
    }
}
