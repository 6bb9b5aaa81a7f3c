using GreenTune.Core.Attribution;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Cpu;
using GreenTune.Metering.Nvml;
using GreenTune.Metering.Rapl;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Nvml;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests;

/// <summary>A sampler that leaves garbage makes the collector stop the engine's threads: in steady state a tick allocates nothing.</summary>
public sealed class SamplingAllocationTests
{
    // The runtime counts a thread's allocations in pieces of 8 kB, whose rest a collection for another test's sake counts as used.
    private const int Tolerated = 5;

    [Theory]
    [InlineData(ReadingKinds.Samples)]
    [InlineData(ReadingKinds.Counter)]
    [InlineData(ReadingKinds.SamplesAndCounter)]
    public async Task A_thousand_ticks_under_load_allocate_nothing(ReadingKinds kinds)
    {
        await using var bench = new Bench(new() { Kinds = kinds, Noise = 1 });
        bench.Run(5, 100);
        bench.Curve.Append(10_000, 300);
        long[] requests = [.. Enumerable.Range(0, 8).Select(_ => bench.Meter.Admit(bench.Clock.Now))];

        Assert.InRange(Allocating(bench, requests), 0, Tolerated);
        foreach (long request in requests)
            _ = bench.Meter.Finish(request, bench.Clock.Now);
    }

    [Theory]
    [InlineData(ReadingKinds.Samples)]
    [InlineData(ReadingKinds.Counter)]
    [InlineData(ReadingKinds.SamplesAndCounter)]
    public async Task A_thousand_ticks_of_quiet_allocate_nothing(ReadingKinds kinds)
    {
        await using var bench = new Bench(new() { Kinds = kinds, Noise = 1 });
        bench.Run(70, 100);
        bench.Curve.Append(10_000, 101);

        Assert.InRange(Allocating(bench, []), 0, Tolerated);
    }

    [Fact]
    public void Reading_nvml_allocates_nothing()
    {
        var clock = new ManualClock();
        using IPowerSource source = NvmlDevices.Open(new FakeNvml(clock), null, clock, TimeSpan.FromMilliseconds(50));

        Assert.InRange(Allocating(source, clock), 0, Tolerated);
    }

    [Fact]
    public void Reading_rapl_allocates_nothing()
    {
        var clock = new ManualClock();
        var files = new FakeFiles();
        foreach ((string zone, string name) in ((string, string)[])[("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "dram")])
        {
            files.Texts[$"/sys/class/powercap/{zone}/name"] = name;
            files.Texts[$"/sys/class/powercap/{zone}/energy_uj"] = "123456789\n";
        }
        Assert.Null(RaplPowerSource.TryOpen(files, CpuTopology.Detect(), new(), CpuTimes.ForThisSystem(), out RaplPowerSource? source));
        using (source)
            Assert.InRange(Allocating(source!, clock), 0, Tolerated);
    }

    [Fact]
    public void Reading_this_machines_cpu_times_allocates_nothing()
    {
        var clock = new ManualClock();
        using var source = new CpuEstimateSource(CpuTopology.Detect(), new(), CpuTimes.ForThisSystem());

        Assert.InRange(Allocating(source, clock), 0, Tolerated);
    }

    /// <summary>How many of 1000 readings allocated.</summary>
    private static int Allocating(IPowerSource source, ManualClock clock)
    {
        var readings = new PowerReadings();
        int allocated = 0;
        for (int i = 0; i < 1500; i++)
        {
            readings.Clear();
            clock.Advance(TimeSpan.FromMilliseconds(50));
            long before = GC.GetAllocatedBytesForCurrentThread();
            source.Read(clock.Now, readings);
            if (i >= 500 && GC.GetAllocatedBytesForCurrentThread() != before)
                allocated++;
        }
        return allocated;
    }

    /// <summary>How many of 1000 ticks allocated.</summary>
    private static int Allocating(Bench bench, long[] requests)
    {
        int allocated = 0;
        long bytes = 0;
        for (int i = 0; i < 1500; i++)
        {
            MonotonicTime start = bench.Clock.Now;
            bench.Clock.Advance(TimeSpan.FromMilliseconds(50));
            // The engine's part, which allocates on its own thread.
            for (int step = 0; step < 5 && requests.Length > 0; step++)
            {
                MonotonicTime from = start + TimeSpan.FromMilliseconds(10 * step);
                bench.Meter.Step(new(from, from + TimeSpan.FromMilliseconds(9), StepPhase.Decode, Bench.Work, [.. requests.Select(request => new StepRow(request, 1, 5 * i + step))]));
            }
            // The first third warms up: lists grow to what they hold, code is compiled.
            long before = GC.GetAllocatedBytesForCurrentThread();
            bench.Meter.Tick();
            long more = i >= 500 ? GC.GetAllocatedBytesForCurrentThread() - before : 0;
            bytes += more;
            if (more != 0)
                allocated++;
        }
        // Nor does a list that had room for the first third grow in one of the ticks that are tolerated.
        Assert.InRange(bytes, 0, 20_000);
        return allocated;
    }
}
