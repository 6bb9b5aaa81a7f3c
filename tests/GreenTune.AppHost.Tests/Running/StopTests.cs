using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GreenTune.AppHost.Tests.Running;

public sealed class StopTests
{
    /// <summary>What the AppHost promises.</summary>
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(5);

    /// <summary>On a machine that is busy with other builds, the ends of processes are seen late.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    [InlineData(PosixSignal.SIGHUP)]
    public async Task A_signal_stops_everything_in_reverse_order_and_leaves_nothing(PosixSignal signal)
    {
        await using var apphost = await AppHostProcess.Sample("chain").HealthyAsync();
        var took = Stopwatch.StartNew();
        apphost.Signal(signal);
        Assert.Equal(0, await apphost.ExitAsync());
        Assert.True(took.Elapsed < Promise + Slack, $"took {took.Elapsed}");
        Assert.Equal(["web", "engine", "store"], apphost.Lines.Where(line => line.EndsWith("is asked to stop", StringComparison.Ordinal)).Select(line => line.Split(' ')[0]));
        Assert.DoesNotContain(apphost.Lines, line => line.Contains("is killed", StringComparison.Ordinal));
        Assert.DoesNotContain(apphost.Lines, line => line.Contains("starting it again", StringComparison.Ordinal));
        Assert.Equal(3, apphost.Children().Count);
        await AppHostProcess.GoneAsync(apphost.Children());
    }

    [Fact]
    public async Task A_service_that_does_not_stop_is_killed_with_its_children_in_time_and_the_others_stop_properly()
    {
        await using var apphost = await AppHostProcess.Sample("slow").HealthyAsync();
        var took = Stopwatch.StartNew();
        apphost.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await apphost.ExitAsync());
        Assert.True(took.Elapsed < Promise + Slack, $"took {took.Elapsed}");
        Assert.Contains(apphost.Lines, line => line.Contains("web did not stop in time and is killed", StringComparison.Ordinal));
        Assert.Single(apphost.Lines, line => line.Contains("is killed", StringComparison.Ordinal));
        Assert.Equal(4, apphost.Children().Count);
        await AppHostProcess.GoneAsync(apphost.Children());
    }

    [Fact]
    public async Task A_stop_while_still_starting_is_no_error()
    {
        await using var apphost = AppHostProcess.Sample("chain", null, ("SAMPLE_READY_AFTER_MS_store", "600000"));
        await apphost.LineAsync(line => line.Contains("store process", StringComparison.Ordinal));
        apphost.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await apphost.ExitAsync());
        Assert.DoesNotContain(apphost.Lines, line => line.Contains("engine process", StringComparison.Ordinal));
        await AppHostProcess.GoneAsync(apphost.Children());
    }

    [Fact]
    public async Task No_service_outlives_an_apphost_that_is_killed()
    {
        await using var apphost = await AppHostProcess.Sample("chain").HealthyAsync();
        Assert.All(apphost.Children(), child => Assert.True(AppHostProcess.IsRunning(child)));
        apphost.KillHard();
        await AppHostProcess.GoneAsync(apphost.Children());
    }
}
