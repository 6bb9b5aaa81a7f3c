using GreenTune.Core.Power;
using GreenTune.Metering.Simulated;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Sources;

public sealed class ReplayPowerSourceTests
{
    private static readonly PowerSourceDescription Recorded = new SimulatedPowerSource(new() { Kinds = ReadingKinds.SamplesAndCounter }, new(100), default).Description;

    [Fact]
    public void A_recording_comes_back_at_its_own_times_and_ends()
    {
        var clock = new ManualClock();
        var source = new ReplayPowerSource(Recorded, ReplayPowerSource.Parse(new StringReader("seconds,watts,joules\n# recorded on a bench\n0,100,\n0.02,110,\n\n0.05,,500\n0.10,120,510\n")));
        var readings = new PowerReadings();

        Assert.Equal(SourceStatus.Ok, source.Read(clock.Now, readings));
        Assert.Equal([100], readings.Samples.Select(s => s.Power.Value));
        clock.Advance(TimeSpan.FromMilliseconds(60));
        Assert.Equal(SourceStatus.Ok, source.Read(clock.Now, readings));
        Assert.Equal([100, 110], readings.Samples.Select(s => s.Power.Value));
        Assert.Equal([500], readings.Counter.Select(r => r.Energy.Value));
        clock.Advance(TimeSpan.FromMilliseconds(60));
        Assert.Equal("the recording has ended", source.Read(clock.Now, readings).Fault);
        Assert.Equal([500, 510], readings.Counter.Select(r => r.Energy.Value));
        Assert.Equal("replay", source.Description.Meter);
    }

    [Theory]
    [InlineData("0.02;100", "Line 1")]
    [InlineData("0,1,2,3", "Line 1")]
    [InlineData("0,100,\nx,100,", "Line 2")]
    [InlineData("0,,", "neither watts nor joules")]
    [InlineData("0,100,abc", "Line 1")]
    public void A_line_of_another_form_is_named(string text, string words) =>
        Assert.Contains(words, Assert.Throws<FormatException>(() => ReplayPowerSource.Parse(new StringReader(text))).Message);

    [Fact]
    public async Task A_replayed_trace_gives_the_same_figures_every_time()
    {
        RecordedReading[] recording = [.. Enumerable.Range(0, 600).Select(i => new RecordedReading(0.02 * i, 100 + (i is > 250 and < 350 ? 200 : 0) + i % 3, i % 5 == 0 ? 2.02 * i : null))];
        var figures = new HashSet<double>();
        for (int run = 0; run < 2; run++)
        {
            var clock = new ManualClock();
            await using var meter = new DeviceMeter(new ReplayPowerSource(Recorded, recording), new(), clock, null, null, startSampler: false);
            long request = 0;
            Task<SettledRequest>? settled = null;
            for (int i = 0; i < 220; i++)
            {
                meter.Tick();
                if (i == 100)
                    request = meter.Admit(clock.Now);
                if (i == 140)
                    settled = meter.Finish(request, clock.Now);
                clock.Advance(TimeSpan.FromMilliseconds(50));
            }
            figures.Add((await settled!).Energy.Joules!.Value.Value);
        }
        Assert.Single(figures);
    }
}
