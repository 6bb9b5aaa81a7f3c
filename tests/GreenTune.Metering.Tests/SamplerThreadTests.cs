namespace GreenTune.Metering.Tests;

public sealed class SamplerThreadTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void It_ticks_by_itself_and_a_last_time_when_stopped()
    {
        int ticks = 0;
        using var several = new CountdownEvent(5);
        var sampler = new SamplerThread("test", TimeSpan.FromMilliseconds(1), TimeSpan.Zero, () =>
        {
            Interlocked.Increment(ref ticks);
            if (!several.IsSet)
                several.Signal();
        });
        Assert.True(several.Wait(Patience));

        Assert.True(sampler.Stop(Patience));

        int stopped = ticks;
        sampler.Wake();
        Assert.Equal(stopped, ticks);
        Assert.True(stopped >= 5);
    }

    [Fact]
    public void Waking_it_brings_a_tick_long_before_the_period()
    {
        using var first = new ManualResetEventSlim();
        using var second = new ManualResetEventSlim();
        int ticks = 0;
        var sampler = new SamplerThread("test", TimeSpan.FromHours(1), TimeSpan.FromMilliseconds(1), () =>
        {
            if (++ticks == 1)
                first.Set();
            else
                second.Set();
        });
        Assert.True(first.Wait(Patience));
        Assert.False(second.IsSet);

        sampler.Wake();

        Assert.True(second.Wait(Patience));
        Assert.True(sampler.Stop(Patience));
        Assert.Equal(3, ticks);
    }

    [Fact]
    public void Deadlines_are_multiples_of_the_period_however_long_readings_take()
    {
        var schedule = new SamplingSchedule(1000, 50);
        var random = new Random(5);
        long now = 1000, due = 1000;
        for (int i = 0; i < 10_000; i++)
        {
            long before = now;
            now += random.Next(0, 130);
            due = schedule.After(now);
            Assert.Equal(0, (due - 1000) % 50);
            Assert.InRange(due - now, 1, 50);
            Assert.True(due > before);
            now = due;
        }
        // No drift: the clock stands at a multiple after ten thousand readings of any length.
        Assert.Equal(0, (now - 1000) % 50);
        Assert.Equal(1000, schedule.After(10));
        Assert.Equal(1050, schedule.After(1000));
        Assert.Equal(7, new SamplingSchedule(0, 0).After(6));
    }
}
