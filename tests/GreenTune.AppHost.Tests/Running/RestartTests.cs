using System.Runtime.InteropServices;

namespace GreenTune.AppHost.Tests.Running;

public sealed class RestartTests
{
    [Fact]
    public async Task A_crashed_service_is_started_again_on_its_address_after_a_growing_wait()
    {
        await using var apphost = await AppHostProcess.Sample("chain").HealthyAsync();
        var first = await apphost.TextAsync("engine", "/pid");
        await apphost.CrashAsync("engine", 7);
        var line = await apphost.LineAsync(line => line.Contains("engine ended with exit code 7", StringComparison.Ordinal));
        Assert.EndsWith("starting it again in 0.5 s", line, StringComparison.Ordinal);
        await apphost.LineAsync(line => line.Contains("engine is healthy again", StringComparison.Ordinal));
        Assert.NotEqual(first, await apphost.TextAsync("engine", "/pid"));

        await apphost.CrashAsync("engine", 0);
        line = await apphost.LineAsync(line => line.Contains("engine ended by itself (exit code 0)", StringComparison.Ordinal));
        Assert.EndsWith("starting it again in 1 s", line, StringComparison.Ordinal);
        await apphost.LineAsync(line => line.Contains("engine is healthy again", StringComparison.Ordinal), count: 2);

        apphost.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await apphost.ExitAsync());
        Assert.Equal(5, apphost.Children().Count);
        await AppHostProcess.GoneAsync(apphost.Children());
    }
}
