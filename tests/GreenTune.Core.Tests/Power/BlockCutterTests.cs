using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Power;

public sealed class BlockCutterTests
{
    private readonly List<EnergyBlock> _blocks = [];

    [Fact]
    public void Consecutive_samples_make_blocks_by_trapezoid()
    {
        BlockCutter cutter = Cutter(ReadingKinds.Samples, period: 0.02);

        Samples(cutter, (0, 100), (0.02, 200), (0.04, 200));

        Assert.Equal(2, _blocks.Count);
        Assert.Equal(3, _blocks[0].Energy.Value, 12);
        Assert.Equal(4, _blocks[1].Energy.Value, 12);
        Assert.Equal(EnergyQuality.Measured, _blocks[0].Quality);
        // The change from 100 to 200 W may have come anywhere in the 20 ms.
        Assert.Equal(100 * 0.02 / Math.Sqrt(12), _blocks[0].Noise.Value, 12);
        Assert.Equal(0, _blocks[1].Noise.Value, 12);
        Assert.Equal(0.02 / Math.Sqrt(12), _blocks[0].EdgeSeconds, 12);
        AssertNoHoles();
    }

    [Theory]
    [InlineData(ReadingKinds.Samples)]
    [InlineData(ReadingKinds.SamplesAndCounter)]
    public void Blocks_are_no_shorter_than_what_a_sample_averages(ReadingKinds kinds)
    {
        BlockCutter cutter = BlockCutter.Create(new() { Kinds = kinds, Period = TimeSpan.FromSeconds(0.02), AveragingWindow = TimeSpan.FromSeconds(0.1), Quality = EnergyQuality.Measured });
        for (int i = 0; i <= 250; i++)
        {
            if (i % 5 == 0)
                cutter.Add(new EnergyReading(Time(0.02 * i), new(2 * i)), _blocks);
            cutter.Add(new PowerSample(Time(0.02 * i), new(100 + i % 2)), _blocks);
        }

        Assert.InRange(_blocks.Count, 39, 51);
        Assert.All(_blocks, block => Assert.InRange(block.Seconds, 0.1 - 1e-9, 0.1 + 1e-9));
        Assert.All(_blocks, block => Assert.Equal(0.1 * Math.Sqrt(2) / Math.Sqrt(12), block.EdgeSeconds, 9));
        // Five changes of 1 W, each anywhere in 20 ms.
        Assert.Equal(0.02 / Math.Sqrt(12) * Math.Sqrt(5), _blocks[0].Noise.Value, 3);
        AssertNoHoles();
    }

    [Fact]
    public void A_block_across_a_gap_is_joined_to_no_other()
    {
        BlockCutter cutter = BlockCutter.Create(new() { Kinds = ReadingKinds.Samples, Period = TimeSpan.FromSeconds(0.02), AveragingWindow = TimeSpan.FromSeconds(0.1), Quality = EnergyQuality.Measured });

        Samples(cutter, (0, 100), (0.02, 100), (0.2, 100), (0.22, 100), (0.24, 100), (0.26, 100), (0.28, 100), (0.3, 100));

        Assert.Equal([0.02, 0.18, 0.1], _blocks.Select(b => Math.Round(b.Seconds, 9)));
        Assert.Equal([TraceMarks.None, TraceMarks.Gap, TraceMarks.None], _blocks.Select(b => b.Marks));
        AssertNoHoles();
    }

    [Fact]
    public void Energy_across_a_gap_is_modelled()
    {
        BlockCutter cutter = Cutter(ReadingKinds.Samples, period: 0.02);

        Samples(cutter, (0, 100), (0.06, 100), (0.13, 100));

        Assert.Equal([TraceMarks.None, TraceMarks.Gap], _blocks.Select(b => b.Marks));
        Assert.Equal([EnergyQuality.Measured, EnergyQuality.Modelled], _blocks.Select(b => b.Quality));
        Assert.Equal(1, cutter.Statistics.Gaps);
    }

    [Fact]
    public void An_estimate_does_not_become_better_by_a_gap()
    {
        BlockCutter cutter = BlockCutter.Create(new() { Kinds = ReadingKinds.Samples, Period = TimeSpan.FromSeconds(0.02), Quality = EnergyQuality.Estimated });

        Samples(cutter, (0, 100), (1, 100));

        Assert.Equal(EnergyQuality.Estimated, Assert.Single(_blocks).Quality);
    }

    [Fact]
    public void Late_double_and_infinite_readings_are_left_out()
    {
        BlockCutter cutter = Cutter(ReadingKinds.Samples, period: 0.02);

        Samples(cutter, (0, 100), (0.02, 100), (0.02, 900), (0.01, 900), (0.03, double.PositiveInfinity), (0.04, 100));

        Assert.Equal(4, _blocks.Sum(b => b.Energy.Value), 12);
        Assert.Equal(3, cutter.Statistics.Dropped);
        AssertNoHoles();
    }

    [Fact]
    public void A_counter_makes_a_block_between_distinct_values_only()
    {
        BlockCutter cutter = Cutter(ReadingKinds.Counter, period: 0.1);

        Readings(cutter, (0, 1000), (0.05, 1000), (0.1, 1010), (0.15, 1010), (0.2, 1030));

        Assert.Equal([(0, 0.1, 10), (0.1, 0.2, 20)], _blocks.Select(b => (b.Start.Seconds, b.End.Seconds, b.Energy.Value)));
        Assert.All(_blocks, b => Assert.Equal(0, b.EdgeSeconds));
    }

    [Fact]
    public void A_falling_counter_is_a_reset_with_modelled_energy_and_never_negative()
    {
        BlockCutter cutter = Cutter(ReadingKinds.Counter, period: 0.1);

        Readings(cutter, (0, 1000), (0.1, 1010), (0.2, 3), (0.3, 23));

        Assert.Equal([10, 10, 20], _blocks.Select(b => Math.Round(b.Energy.Value, 9)));
        Assert.Equal([TraceMarks.None, TraceMarks.Reset, TraceMarks.None], _blocks.Select(b => b.Marks));
        Assert.Equal([EnergyQuality.Measured, EnergyQuality.Modelled, EnergyQuality.Measured], _blocks.Select(b => b.Quality));
        Assert.Equal(1, cutter.Statistics.Resets);
        AssertNoHoles();
    }

    [Fact]
    public void A_reset_before_any_power_is_known_leaves_the_energy_unknown()
    {
        BlockCutter cutter = Cutter(ReadingKinds.Counter, period: 0.1);

        Readings(cutter, (0, 1000), (0.1, 5), (0.2, 15));

        Assert.False(_blocks[0].IsKnown);
        Assert.Equal("the energy counter was reset", _blocks[0].Reason);
        Assert.Equal(10, _blocks[1].Energy.Value, 12);
    }

    [Fact]
    public void The_energy_of_other_processes_is_cut_with_the_counter()
    {
        BlockCutter cutter = Cutter(ReadingKinds.Counter, period: 0.05);

        cutter.Add(new EnergyReading(Time(0), new(0), new(0)), _blocks);
        cutter.Add(new EnergyReading(Time(0.05), new(5), new(2)), _blocks);
        cutter.Add(new EnergyReading(Time(0.1), new(10), new(9)), _blocks);

        // More than everything cannot be others'.
        Assert.Equal([2, 5], _blocks.Select(b => b.Other.Value));
    }

    [Fact]
    public void Samples_are_rescaled_to_the_counter_span_by_span()
    {
        BlockCutter cutter = Cutter(ReadingKinds.SamplesAndCounter, period: 0.02);

        // The sensor reads 5 % low; the counter says 100 W.
        for (int i = 0; i <= 150; i++)
        {
            double at = 0.02 * i;
            if (i % 5 == 0)
                cutter.Add(new EnergyReading(Time(at), new(500 + 100 * at)), _blocks);
            cutter.Add(new PowerSample(Time(at), new(95)), _blocks);
        }

        Assert.Equal(3, cutter.Statistics.Spans);
        Assert.Equal(100 / 95.0 - 1, cutter.Statistics.LastDisagreement!.Value, 9);
        Assert.Equal(100 / 95.0 - 1, cutter.Statistics.OverallDisagreement!.Value, 9);
        Assert.Equal(300, _blocks.Sum(b => b.Energy.Value), 9);
        Assert.All(_blocks, b => Assert.Equal(100, b.MeanPower.Value, 6));
        AssertNoHoles();
    }

    [Fact]
    public void Each_span_sums_to_the_counters_difference_even_when_its_edges_lie_between_samples()
    {
        BlockCutter cutter = Cutter(ReadingKinds.SamplesAndCounter, period: 0.02);
        var random = new Random(7);
        for (int i = 0; i <= 300; i++)
        {
            double at = 0.02 * i;
            cutter.Add(new PowerSample(Time(at), new(100 + 50 * random.NextDouble())), _blocks);
            if (i % 7 == 3)
                cutter.Add(new EnergyReading(Time(at + 0.013), new(123 * (at + 0.013))), _blocks);
        }
        cutter.Advance(Time(7), _blocks);

        double end = _blocks[^1].End.Seconds;
        double start = _blocks[0].Start.Seconds;
        Assert.True(end - start > 4);
        Assert.Equal(123 * (end - start), _blocks.Sum(b => b.Energy.Value), 6);
        AssertNoHoles();
    }

    [Fact]
    public void A_counter_reset_leaves_its_span_unscaled_and_marked()
    {
        BlockCutter cutter = Cutter(ReadingKinds.SamplesAndCounter, period: 0.02);
        for (int i = 0; i <= 200; i++)
        {
            double at = 0.02 * i;
            if (i % 5 == 0)
                cutter.Add(new EnergyReading(Time(at), new((at < 1.55 ? 1000 : 0) + 100 * at)), _blocks);
            cutter.Add(new PowerSample(Time(at), new(80)), _blocks);
        }

        Assert.Equal(1, cutter.Statistics.Resets);
        EnergyBlock[] marked = [.. _blocks.Where(b => b.Marks.HasFlag(TraceMarks.Reset))];
        Assert.Equal(1, marked[0].Start.Seconds, 9);
        Assert.Equal(1.6, marked[^1].End.Seconds, 9);
        Assert.All(marked, b => Assert.Equal(EnergyQuality.Modelled, b.Quality));
        Assert.All(marked, b => Assert.Equal(80, b.MeanPower.Value, 6));
        Assert.All(_blocks.Where(b => !b.Marks.HasFlag(TraceMarks.Reset)), b => Assert.Equal(100, b.MeanPower.Value, 6));
        AssertNoHoles();
    }

    [Fact]
    public void A_counter_that_stands_still_does_not_hold_the_samples_back_for_ever()
    {
        BlockCutter cutter = Cutter(ReadingKinds.SamplesAndCounter, period: 0.02);
        for (int i = 0; i <= 500; i++)
        {
            double at = 0.02 * i;
            // Still from 1 s on, back at 8 s.
            cutter.Add(new EnergyReading(Time(at), new(100 * (at < 1.01 ? at : at < 8 ? 1 : at))), _blocks);
            cutter.Add(new PowerSample(Time(at), new(90)), _blocks);
        }

        Assert.Contains(_blocks, b => b.Marks.HasFlag(TraceMarks.Unscaled) && b.Start.Seconds > 5 && b.MeanPower.Value < 95);
        EnergyBlock last = _blocks[^1];
        Assert.True(last.End.Seconds > 8.9);
        Assert.Equal(100, last.MeanPower.Value, 6);
        AssertNoHoles();
    }

    [Fact]
    public void A_counter_that_cannot_be_true_is_not_followed()
    {
        BlockCutter cutter = Cutter(ReadingKinds.SamplesAndCounter, period: 0.02);
        for (int i = 0; i <= 60; i++)
        {
            double at = 0.02 * i;
            cutter.Add(new EnergyReading(Time(at), new(1000 * at)), _blocks);
            cutter.Add(new PowerSample(Time(at), new(100)), _blocks);
        }

        Assert.Equal(1, cutter.Statistics.UnscaledSpans);
        Assert.All(_blocks, b => Assert.Equal(100, b.MeanPower.Value, 6));
        Assert.All(_blocks, b => Assert.Equal(TraceMarks.Unscaled, b.Marks));
    }

    [Fact]
    public void A_span_without_samples_is_one_block_of_the_counters_energy()
    {
        BlockCutter cutter = Cutter(ReadingKinds.SamplesAndCounter, period: 0.02);
        for (int i = 0; i <= 25; i++)
        {
            cutter.Add(new EnergyReading(Time(0.1 * i), new(10.0 * i)), _blocks);
            cutter.Advance(Time(0.1 * i), _blocks);
        }

        Assert.Equal(2, _blocks.Count);
        Assert.All(_blocks, b => Assert.Equal(100, b.MeanPower.Value, 6));
        Assert.All(_blocks, b => Assert.Equal(EnergyQuality.Modelled, b.Quality));
    }

    [Fact]
    public void Samples_alone_from_a_device_that_should_have_a_counter_stand_unscaled()
    {
        BlockCutter cutter = Cutter(ReadingKinds.SamplesAndCounter, period: 0.02);
        for (int i = 0; i <= 300; i++)
            cutter.Add(new PowerSample(Time(0.02 * i), new(100)), _blocks);

        Assert.Equal(600, _blocks.Sum(b => b.Energy.Value), 6);
        Assert.All(_blocks, b => Assert.Equal(TraceMarks.Unscaled, b.Marks));
        Assert.All(_blocks, b => Assert.Equal(EnergyQuality.Measured, b.Quality));
        AssertNoHoles();
    }

    [Theory]
    [InlineData(ReadingKinds.Samples)]
    [InlineData(ReadingKinds.Counter)]
    [InlineData(ReadingKinds.SamplesAndCounter)]
    public void After_a_restart_the_next_reading_begins_anew(ReadingKinds kinds)
    {
        BlockCutter cutter = Cutter(kinds, period: 0.02);
        Feed(0);
        int before = _blocks.Count;
        double end = _blocks[^1].End.Seconds;

        cutter.Restart();
        Feed(10);

        Assert.True(end < 2.1);
        Assert.Equal(10, _blocks[before].Start.Seconds, 9);

        void Feed(double start)
        {
            for (int i = 0; i <= 100; i++)
            {
                cutter.Add(new EnergyReading(Time(start + 0.02 * i), new(2.0 * i)), _blocks);
                cutter.Add(new PowerSample(Time(start + 0.02 * i), new(100)), _blocks);
            }
        }
    }

    [Fact]
    public void The_rest_of_a_block_has_its_share_of_the_energy()
    {
        var block = new EnergyBlock { Start = Time(1), End = Time(2), Energy = new(80), Other = new(20), Quality = EnergyQuality.Measured, Noise = new(4) };

        EnergyBlock rest = block.From(Time(1.75));

        Assert.Equal((1.75, 2, 20, 5, 1), (rest.Start.Seconds, rest.End.Seconds, rest.Energy.Value, rest.Other.Value, rest.Noise.Value));
        Assert.Equal(block, block.From(Time(0.5)));
    }

    [Fact]
    public void Cutting_allocates_nothing_once_it_runs()
    {
        BlockCutter cutter = Cutter(ReadingKinds.SamplesAndCounter, period: 0.02);
        long before = 0;
        for (int i = 0; i < 20_000; i++)
        {
            if (i == 1000)
                before = GC.GetAllocatedBytesForCurrentThread();
            if (i % 5 == 0)
                cutter.Add(new EnergyReading(new(200_000L * i), new(2.0 * i)), _blocks);
            cutter.Add(new PowerSample(new(200_000L * i), new(95 + i % 10)), _blocks);
            cutter.Advance(new(200_000L * i), _blocks);
            if (_blocks.Count > 60)
                _blocks.Clear();
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000);
    }

    private static MonotonicTime Time(double seconds) => MonotonicTime.FromSeconds(seconds);

    private static BlockCutter Cutter(ReadingKinds kinds, double period) =>
        BlockCutter.Create(new() { Kinds = kinds, Period = TimeSpan.FromSeconds(period), Quality = EnergyQuality.Measured });

    private void Samples(BlockCutter cutter, params (double At, double Watts)[] samples)
    {
        foreach ((double at, double watts) in samples)
            cutter.Add(new PowerSample(Time(at), new(watts)), _blocks);
    }

    private void Readings(BlockCutter cutter, params (double At, double Joules)[] readings)
    {
        foreach ((double at, double joules) in readings)
            cutter.Add(new EnergyReading(Time(at), new(joules)), _blocks);
    }

    private void AssertNoHoles()
    {
        for (int i = 1; i < _blocks.Count; i++)
            Assert.Equal(_blocks[i - 1].End, _blocks[i].Start);
    }
}
