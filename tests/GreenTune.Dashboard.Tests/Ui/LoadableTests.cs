using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Tests.Ui;

public sealed class LoadableTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task It_loads_then_keeps_its_value_when_a_reload_fails()
    {
        var loadable = new Loadable<string>(_clock);
        Assert.Equal(LoadState.Loading, loadable.State);
        await loadable.LoadAsync(_ => Task.FromResult("one"));
        Assert.Equal((LoadState.Ready, "one"), (loadable.State, loadable.Value));
        var loadedAt = loadable.LoadedAt;
        _clock.Advance(TimeSpan.FromMinutes(1));
        await loadable.LoadAsync(_ => throw Down());
        Assert.Equal((LoadState.Stale, "one", "down"), (loadable.State, loadable.Value, loadable.Error));
        Assert.Equal(loadedAt, loadable.LoadedAt);
        await loadable.LoadAsync(_ => Task.FromResult("two"));
        Assert.Equal((LoadState.Ready, "two"), (loadable.State, loadable.Value));
        Assert.Null(loadable.FailedSince);
    }

    [Fact]
    public async Task A_first_failure_says_since_when()
    {
        var loadable = new Loadable<string>(_clock);
        await loadable.LoadAsync(_ => throw Down());
        var since = loadable.FailedSince;
        _clock.Advance(TimeSpan.FromMinutes(1));
        await loadable.LoadAsync(_ => throw Down());
        Assert.Equal((LoadState.Failed, ServiceFailure.Unreachable), (loadable.State, loadable.Failure!.Value));
        Assert.Equal(since, loadable.FailedSince);
    }

    [Fact]
    public async Task The_newest_of_several_loads_wins()
    {
        var loadable = new Loadable<string>(_clock);
        var slow = new TaskCompletionSource<string>();
        var first = loadable.LoadAsync(_ => slow.Task);
        var second = loadable.LoadAsync(_ => Task.FromResult("new"));
        slow.SetResult("old");
        Assert.False(await first);
        Assert.True(await second);
        Assert.Equal("new", loadable.Value);
    }

    [Fact]
    public async Task A_load_that_is_overtaken_is_cancelled()
    {
        var loadable = new Loadable<string>(_clock);
        var first = loadable.LoadAsync(async token =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return "never";
        });
        loadable.Clear();
        Assert.False(await first);
        Assert.Equal(LoadState.Loading, loadable.State);
    }

    private static ServiceException Down() => new("accounting", ServiceFailure.Unreachable, "down");
}
