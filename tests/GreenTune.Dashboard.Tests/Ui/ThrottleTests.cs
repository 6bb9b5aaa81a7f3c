using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Tests.Ui;

public sealed class ThrottleTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(120);
    private readonly ManualClock _clock = new();
    private readonly List<int> _ran = [];

    [Fact]
    public async Task The_first_runs_at_once_and_of_the_others_only_the_last()
    {
        using var throttle = new Throttle(Interval, _clock);
        await throttle.RunAsync(_ => Run(1));
        var second = throttle.RunAsync(_ => Run(2));
        var third = throttle.RunAsync(_ => Run(3));
        Assert.Equal([1], _ran);
        _clock.Advance(Interval);
        await Task.WhenAll(second, third).WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal([1, 3], _ran);
    }

    [Fact]
    public async Task A_run_that_is_overtaken_is_cancelled()
    {
        using var throttle = new Throttle(TimeSpan.Zero, _clock);
        var cancelled = false;
        var first = throttle.RunAsync(async token =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, token);
            }
            catch (OperationCanceledException)
            {
                cancelled = true;
                throw;
            }
        });
        await throttle.RunAsync(_ => Run(2));
        await first;
        Assert.True(cancelled);
        Assert.Equal([2], _ran);
    }

    private Task Run(int number)
    {
        _ran.Add(number);
        return Task.CompletedTask;
    }
}
