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
}
