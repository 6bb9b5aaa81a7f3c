using GreenTune.Dashboard.Live;

namespace GreenTune.Dashboard.Tests.Live;

public sealed class BroadcasterTests
{
    [Fact]
    public void Everybody_gets_everything_in_order()
    {
        var broadcaster = new Broadcaster<int>(8);
        using var a = broadcaster.Subscribe();
        using var b = broadcaster.Subscribe();
        broadcaster.Publish(1);
        broadcaster.Publish(2);
        Assert.Equal([1, 2], Take(a));
        Assert.Equal([1, 2], Take(b));
    }

    [Fact]
    public void A_slow_subscriber_loses_its_oldest_items_and_nobody_elses()
    {
        var broadcaster = new Broadcaster<int>(2);
        using var slow = broadcaster.Subscribe();
        using var quick = broadcaster.Subscribe();
        var seen = new List<int>();
        foreach (var item in Enumerable.Range(1, 5))
        {
            broadcaster.Publish(item);
            seen.AddRange(Take(quick));
        }

        Assert.Equal([4, 5], Take(slow));
        Assert.Equal([1, 2, 3, 4, 5], seen);
    }

    [Fact]
    public async Task A_disposed_subscription_ends_its_reader_and_counts_no_more()
    {
        var broadcaster = new Broadcaster<int>();
        var subscription = broadcaster.Subscribe();
        subscription.Dispose();
        broadcaster.Publish(1);
        Assert.False(await subscription.Items.WaitToReadAsync());
        Assert.Equal(0, broadcaster.Subscribers);
    }

    [Fact]
    public async Task Waiting_for_a_subscriber_ends_with_the_first_and_begins_anew_after_the_last()
    {
        var broadcaster = new Broadcaster<int>();
        var first = broadcaster.WaitForSubscriberAsync(CancellationToken.None);
        Assert.False(first.IsCompleted);
        var subscription = broadcaster.Subscribe();
        await first.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.True(broadcaster.WaitForSubscriberAsync(CancellationToken.None).IsCompleted);
        subscription.Dispose();
        Assert.False(broadcaster.WaitForSubscriberAsync(CancellationToken.None).IsCompleted);
    }

    private static List<int> Take(Broadcaster<int>.Subscription subscription)
    {
        var items = new List<int>();
        while (subscription.Items.TryRead(out var item))
        {
            items.Add(item);
        }

        return items;
    }
}
