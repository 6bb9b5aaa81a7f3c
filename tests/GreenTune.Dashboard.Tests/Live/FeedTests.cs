using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace GreenTune.Dashboard.Tests.Live;

/// <summary>The two streams of the process and the watch over the services, against a backend that comes and goes.</summary>
public sealed class FeedTests : IAsyncLifetime
{
    private FakeServices _services = null!;
    private DashboardApp _app = null!;

    public async ValueTask InitializeAsync()
    {
        _services = await FakeServices.StartAsync(SampleWorld.Busy(new ShiftedClock(SampleWorld.Morning)));
        _app = DashboardApp.Over(_services);
        // Starts the background services.
        _app.CreateClient().Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task Nobody_watching_makes_no_traffic_and_any_number_of_watchers_one_stream()
    {
        Assert.Equal(0, _services.Events.Listeners);
        var feed = _app.Services.GetRequiredService<AccountingFeed>();
        using var a = feed.Events.Subscribe();
        using var b = feed.Events.Subscribe();
        await UntilAsync(() => _services.Events.Listeners == 1);
        _services.Arrive(Record("chatcmpl-live0001"));
        Assert.Equal("chatcmpl-live0001", (await NextAsync<RecordArrived>(a)).Record.Record.Id);
        Assert.Equal("chatcmpl-live0001", (await NextAsync<RecordArrived>(b)).Record.Record.Id);
    }

    [Fact]
    public async Task A_broken_stream_comes_back_by_itself_and_says_that_something_was_missed()
    {
        var feed = _app.Services.GetRequiredService<AccountingFeed>();
        using var subscription = feed.Events.Subscribe();
        await NextAsync<AutoChanged>(subscription);
        _services.Up = false;
        await UntilAsync(() => _services.Events.Listeners == 0);
        _services.Up = true;
        await NextAsync<StreamResumed>(subscription);
        _services.Arrive(Record("chatcmpl-live0002"));
        await NextAsync<RecordArrived>(subscription);
    }

    [Fact]
    public async Task Power_begins_with_the_last_minute_and_grows()
    {
        var feed = _app.Services.GetRequiredService<PowerFeed>();
        using var subscription = feed.Histories.Subscribe();
        var first = await subscription.Items.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(SamplePower.Device, first.Device);
        Assert.True(first.Points.Count > 100, "a minute at four a second");
        var next = await subscription.Items.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(next.Latest!.At > first.Latest!.At);
        Assert.Equal(next.Latest, feed.Of(SamplePower.Device).Latest);
    }

    [Fact]
    public async Task A_service_that_goes_and_comes_is_told()
    {
        var monitor = _app.Services.GetRequiredService<ServiceMonitor>();
        using var subscription = monitor.Changes.Subscribe();
        await UntilAsync(() => ServiceNames.All.All(s => monitor.StateOf(s).Up == true));
        _services.Up = false;
        monitor.Knock();
        await UntilAsync(() => monitor.Down().Count == 2);
        _services.Up = true;
        monitor.Knock();
        await UntilAsync(() => monitor.Down().Count == 0);
    }

    private static RecordView Record(string id) => SampleRecords.Make(
        id, SampleWorld.Morning.AddSeconds(30), "team-support", SampleConfiguration.All[0], null, RequestOutcome.Completed, 5, 10);

    private static async Task<T> NextAsync<T>(Broadcaster<AccountingEvent>.Subscription subscription)
        where T : AccountingEvent
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            if (await subscription.Items.ReadAsync(patience.Token) is T wanted)
            {
                return wanted;
            }
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.True(tries < 1500, "It did not come to that.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
