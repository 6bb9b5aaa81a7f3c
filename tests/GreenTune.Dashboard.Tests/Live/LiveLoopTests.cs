using GreenTune.Dashboard.Live;

namespace GreenTune.Dashboard.Tests.Live;

public sealed class LiveLoopTests
{
    private static readonly TimeSpan HalfASecond = TimeSpan.FromMilliseconds(500);

    [Fact]
    public async Task What_comes_faster_than_the_interval_is_handed_on_together()
    {
        var clock = new ManualClock();
        var broadcaster = new Broadcaster<int>();
        var batches = new List<IReadOnlyList<int>>();
        var loop = LiveLoop<int>.Start(broadcaster, HalfASecond, clock, batch =>
        {
            lock (batches)
            {
                batches.Add(batch);
            }

            return Task.CompletedTask;
        });
        broadcaster.Publish(1);
        await clock.WaitForTimerAsync();
        broadcaster.Publish(2);
        broadcaster.Publish(3);
        Assert.Single(batches);
        clock.Advance(HalfASecond);
        await clock.WaitForTimerAsync();
        Assert.Equal([[1], [2, 3]], batches);
        await loop.DisposeAsync();
    }

    [Fact]
    public async Task Disposing_waits_for_the_batch_at_hand_and_unsubscribes()
    {
        var broadcaster = new Broadcaster<int>();
        var entered = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var loop = LiveLoop<int>.Start(broadcaster, HalfASecond, new ManualClock(), async _ =>
        {
            entered.SetResult();
            await release.Task;
        });
        broadcaster.Publish(1);
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(5));
        var disposing = loop.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);
        release.SetResult();
        await disposing.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(0, broadcaster.Subscribers);
    }
}
