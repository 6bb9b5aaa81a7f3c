using System.Text.Json;
using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Attribution;

public sealed class WorkFitterTests
{
    private static readonly WorkModel Work = new("a", 1e8, 1e4, 1e8, 1e4);
    private static readonly WorkModel OtherWork = new("b", 2e7, 1e3, 2e7, 2e3);
    private static readonly WorkCoefficients Truth = new(2e-12, 1e-10, 60);

    [Fact]
    public void Known_coefficients_come_back_from_exact_blocks()
    {
        var fitter = new WorkFitter(new() { Integrating = true });
        new Load(fitter, seed: 1).Run(600, Work, Truth, noise: 0);

        WorkCoefficients fitted = fitter.CoefficientsOf("a")!.Value;
        Assert.Equal(1, fitted.JoulesPerFlop / Truth.JoulesPerFlop, 3);
        Assert.Equal(1, fitted.JoulesPerByte / Truth.JoulesPerByte, 3);
        Assert.Equal(1, fitted.JoulesPerSecond / Truth.JoulesPerSecond, 3);
        WorkFitView view = Assert.Single(fitter.Views());
        Assert.True(view.InUse);
        Assert.Equal(600, view.Blocks);
        Assert.InRange(view.RSquared!.Value, 0.999, 1);
        Assert.True(view.TimeAloneRSquared < view.RSquared);
        Assert.Equal((0, 0), (view.SensorWindowSeconds, view.SensorLagSeconds));
    }

    [Theory]
    [InlineData(0.1, 0)]
    [InlineData(0.05, 0)]
    [InlineData(0.1, 0.05)]
    public void What_the_sensor_averages_is_found(double window, double lag)
    {
        var fitter = new WorkFitter(new() { Period = TimeSpan.FromSeconds(0.02) });
        new Load(fitter, seed: 2).RunSampled(2000, Work, Truth, window, lag);

        WorkFitView view = Assert.Single(fitter.Views());
        Assert.Equal(window, view.SensorWindowSeconds, 6);
        Assert.Equal(lag, view.SensorLagSeconds, 6);
        Assert.True(view.InUse);
        Assert.InRange(view.RSquared!.Value, 0.98, 1);
        Assert.InRange(view.JoulesPerSecond / Truth.JoulesPerSecond, 0.9, 1.1);
    }

    [Fact]
    public void Time_alone_stays_until_there_are_enough_blocks()
    {
        var fitter = new WorkFitter(new() { Integrating = true });
        var load = new Load(fitter, seed: 3);
        load.Run(WorkFitting.LeastBlocks - 1, Work, Truth, noise: 0);
        Assert.Null(fitter.CoefficientsOf("a"));
        load.Run(50, Work, Truth, noise: 0);
        Assert.NotNull(fitter.CoefficientsOf("a"));
        Assert.Null(fitter.CoefficientsOf("b"));
    }

    [Fact]
    public void Time_alone_stays_where_the_work_explains_no_more()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var fitter = new WorkFitter(new() { Integrating = true });
            new Load(fitter, seed).Run(1500, Work, new(0, 0, 100), noise: 0.1);
            Assert.Null(fitter.CoefficientsOf("a"));
            Assert.False(Assert.Single(fitter.Views()).InUse);
        }
    }

    [Fact]
    public void Coefficients_are_never_negative()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var fitter = new WorkFitter(new() { Integrating = true });
            var load = new Load(fitter, seed);
            for (int i = 0; i < 20; i++)
            {
                load.Run(30, Work, seed % 2 == 0 ? new(-3e-12, 2e-10, 60) : Truth, noise: 0.5);
                WorkFitView view = Assert.Single(fitter.Views());
                Assert.True(view is { JoulesPerFlop: >= 0, JoulesPerByte: >= 0, JoulesPerSecond: >= 0 });
            }
        }
    }

    [Fact]
    public void A_block_of_two_configurations_teaches_neither()
    {
        var fitter = new WorkFitter(new() { Integrating = true });
        for (int i = 0; i < 100; i++)
        {
            double at = 100 * i;
            fitter.Step(Ledgers.Step(at, at + 50, StepPhase.Decode, Work, new StepRow(1, 1, 10)));
            fitter.Step(Ledgers.Step(at + 50, at + 100, StepPhase.Decode, OtherWork, new StepRow(2, 1, 10)));
            fitter.Observe(Ledgers.Block(at, at + 100, 20), new(0.1, 0.1, 10));
            fitter.Learn(Ledgers.Ms(at + 100));
        }
        Assert.Empty(fitter.Views());
    }

    [Theory]
    [InlineData(TraceMarks.Gap)]
    [InlineData(TraceMarks.Reset)]
    [InlineData(TraceMarks.Unscaled)]
    public void Marked_blocks_do_not_teach(TraceMarks marks)
    {
        var fitter = new WorkFitter(new() { Integrating = true });
        new Load(fitter, seed: 4) { Marks = marks }.Run(100, Work, Truth, noise: 0);
        Assert.Empty(fitter.Views());
    }

    [Fact]
    public void A_change_is_followed()
    {
        var fitter = new WorkFitter(new() { Integrating = true, MemoryBlocks = 500 });
        var load = new Load(fitter, seed: 5);
        load.Run(1000, Work, Truth, noise: 0.02);
        load.Run(3000, Work, new(4e-12, 1e-10, 30), noise: 0.02);
        Assert.InRange(fitter.CoefficientsOf("a")!.Value.JoulesPerSecond, 25, 35);
    }

    [Fact]
    public void Another_cost_model_under_a_known_name_begins_anew()
    {
        var fitter = new WorkFitter(new() { Integrating = true });
        var load = new Load(fitter, seed: 6);
        load.Run(300, Work, Truth, noise: 0);
        load.Run(10, Work with { Parameters = 2e8 }, Truth, noise: 0);
        Assert.Null(fitter.CoefficientsOf("a"));
        Assert.InRange(Assert.Single(fitter.Views()).Blocks, 1, 10);
    }

    [Fact]
    public void What_was_learned_survives_the_disk()
    {
        var fitter = new WorkFitter();
        new Load(fitter, seed: 7).RunSampled(800, Work, Truth, 0.025, 0);
        string json = JsonSerializer.Serialize(new WorkFitSnapshot("gpu-0", "nvml", fitter.Save()), ContractJson.Options);

        var restored = new WorkFitter();
        restored.Restore(JsonSerializer.Deserialize<WorkFitSnapshot>(json, ContractJson.Options)!.Fits);

        WorkCoefficients before = fitter.CoefficientsOf("a")!.Value, after = restored.CoefficientsOf("a")!.Value;
        Assert.Equal(1, after.JoulesPerSecond / before.JoulesPerSecond, 1e-3);
        Assert.Equal(Assert.Single(fitter.Views()).Blocks, Assert.Single(restored.Views()).Blocks);
        Assert.Equal(Assert.Single(fitter.Views()).SensorWindowSeconds, Assert.Single(restored.Views()).SensorWindowSeconds);
    }

    [Fact]
    public void A_state_that_cannot_be_is_left_out()
    {
        var fitter = new WorkFitter(new() { Integrating = true });
        new Load(fitter, seed: 8).Run(300, Work, Truth, noise: 0);
        WorkFitState good = Assert.Single(fitter.Save());
        WorkRegressionState first = good.Regressions[0];
        WorkFitState[] wrong =
        [
            good with { ConfigurationId = "" },
            good with { ConfigurationId = "b" },
            good with { Blocks = -1 },
            good with { Regressions = [] },
            null!,
            good with { Regressions = null! },
            good with { Work = null! },
            good with { Regressions = [null!, .. good.Regressions.Skip(1)] },
            good with { Regressions = [first with { Gram = null! }, .. good.Regressions.Skip(1)] },
            good with { Regressions = [first with { Gram = [1, 2] }, .. good.Regressions.Skip(1)] },
            good with { Regressions = [first with { Squares = double.NaN }, .. good.Regressions.Skip(1)] },
            good with { Regressions = [first with { Gram = [.. first.Gram.Select(value => -value)] }, .. good.Regressions.Skip(1)] },
        ];
        new WorkFitter().Restore(null);
        foreach (WorkFitState state in wrong)
        {
            var other = new WorkFitter(new() { Integrating = true });
            other.Restore([state]);
            Assert.Empty(other.Views());
            Assert.Null(other.CoefficientsOf("a"));
        }
    }

    [Fact]
    public void Learning_allocates_nothing_in_steady_state()
    {
        var fitter = new WorkFitter();
        var steps = Enumerable.Range(0, 40_000).Select(i => Ledgers.Step(5 * i, 5 * i + 4, StepPhase.Decode, Work, new StepRow(1, 1, i % 500))).ToArray();
        long Run(int from, int to)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = from; i < to; i++)
            {
                fitter.Step(steps[i]);
                if (i % 4 != 3)
                    continue;
                double end = 5 * i + 5;
                fitter.Observe(Ledgers.Block(end - 20, end, 5), new(0.02, 0.016, 3));
                fitter.Learn(Ledgers.Ms(end));
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Run(0, 20_000);
        Assert.Equal(0, Run(20_000, 40_000));
    }

    /// <summary>A device under a load of steps of mixed work, whose energy follows known coefficients.</summary>
    private sealed class Load(WorkFitter fitter, int seed)
    {
        private readonly Random _random = new(seed);
        private readonly List<(double Start, double End, double Watts)> _pieces = [];
        private double _at;

        public TraceMarks Marks { get; init; }

        /// <summary>Blocks of about 20 ms with an exact energy.</summary>
        public void Run(int blocks, WorkModel work, WorkCoefficients truth, double noise)
        {
            for (int i = 0; i < blocks; i++)
            {
                double start = _at, joules = 0, busy = 0;
                for (int s = 0; s < 4; s++)
                {
                    StepRecord step = Next(work, truth, out double energy);
                    joules += energy;
                    busy += (step.End - step.Start).TotalSeconds;
                }
                joules *= 1 + noise * (2 * _random.NextDouble() - 1) * Math.Sqrt(3);
                double seconds = _at - start;
                fitter.Observe(Ledgers.Block(1000 * start, 1000 * _at, joules + 100 * seconds, marks: Marks), new(seconds, busy, joules));
                fitter.Learn(MonotonicTime.FromSeconds(_at + 0.1));
            }
        }

        /// <summary>Blocks between samples 20 ms apart, each the mean over a window whose middle lies before its stamp.</summary>
        public void RunSampled(int blocks, WorkModel work, WorkCoefficients truth, double window, double lag)
        {
            while (_at < 0.02 * (blocks + 100))
                Next(work, truth, out _);
            int first = 0;
            for (int i = 60; i < blocks + 60; i++)
            {
                double Power(double stamp)
                {
                    double from = stamp - lag - window / 2, to = stamp - lag + window / 2, joules = 0;
                    while (_pieces[first].End < from - 1)
                        first++;
                    for (int p = first; p < _pieces.Count && _pieces[p].Start < to; p++)
                        joules += Math.Max(0, Math.Min(to, _pieces[p].End) - Math.Max(from, _pieces[p].Start)) * _pieces[p].Watts;
                    return joules / window;
                }
                double start = 0.02 * i, end = start + 0.02;
                double active = 0.02 * (Power(start) + Power(end)) / 2;
                fitter.Observe(Ledgers.Block(1000 * start, 1000 * end, active + 2), new(0.02, 0.02, active));
                fitter.Learn(MonotonicTime.FromSeconds(end + 2));
            }
        }

        private StepRecord Next(WorkModel work, WorkCoefficients truth, out double joules)
        {
            bool prefill = _random.NextDouble() < 0.2;
            int rows = prefill ? 1 : _random.Next(1, 16);
            double length = prefill ? 0.004 + 0.02 * _random.NextDouble() : 0.002 + 0.004 * _random.NextDouble();
            StepRow[] made = [.. Enumerable.Range(0, rows).Select(r => new StepRow(r, prefill ? _random.Next(50, 2000) : 1, prefill ? 0 : _random.Next(0, 2000)))];
            var step = new StepRecord(MonotonicTime.FromSeconds(_at), MonotonicTime.FromSeconds(_at + length), prefill ? StepPhase.Prefill : StepPhase.Decode, work, made);
            joules = truth.JoulesPerSecond * (step.End - step.Start).TotalSeconds + made.Sum(row => truth.RowEnergy(work, row, rows));
            fitter.Step(step);
            _pieces.Add((_at, _at + length, joules / length));
            _at += length + 0.0005;
            return step;
        }
    }
}
