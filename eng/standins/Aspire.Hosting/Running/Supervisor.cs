using System.Globalization;

namespace Aspire.Hosting.Running;

/// <summary>
/// Keeps one process running. One that ends before it was ever healthy is tried <see cref="StartAttempts"/> times, after that the start
/// of the application fails; one that ends later is started again for ever, whatever its exit code, since a service has no reason to end.
/// </summary>
internal sealed class Supervisor(LaunchPlan plan, AppHostConsole console, HealthProbe probe, TimeProvider time)
{
    public const int StartAttempts = 3;

    /// <summary>While starting, so that the next resource does not wait for a poll.</summary>
    private static readonly TimeSpan FastPoll = TimeSpan.FromMilliseconds(150);

    private static readonly TimeSpan SlowPoll = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Ctrl-C in a terminal reaches the children as well as AppHost, and a child may be the faster one to end.</summary>
    private static readonly TimeSpan BenefitOfTheDoubt = TimeSpan.FromMilliseconds(200);

    private readonly TaskCompletionSource _running = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _healthy = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private Child? _child;

    public LaunchPlan Plan => plan;

    /// <summary>Completes when the process has started; fails when it cannot be.</summary>
    public Task Running => _running.Task;

    /// <summary>Completes when its health checks pass for the first time; fails when it keeps ending before that.</summary>
    public Task Healthy => _healthy.Task;

    /// <summary>Runs until <paramref name="stopping"/>; the process is then left to <see cref="StopAsync"/>.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await SuperviseAsync(stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            _running.TrySetCanceled(stopping);
            _healthy.TrySetCanceled(stopping);
        }
        catch (DistributedApplicationException e)
        {
            _running.TrySetException(e);
            if (!_healthy.TrySetException(e))
            {
                console.Error(e.Message);
            }
        }
    }

    /// <summary>Asks the process to stop and waits until it has, or until the token says that there is no more time.</summary>
    public async Task StopAsync(CancellationToken noMoreTime)
    {
        if (Current is { } child)
        {
            child.AskToStop();
            await child.Exited.WaitAsync(noMoreTime).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Kills the process if it still runs.</summary>
    public async Task KillAsync()
    {
        if (Current is not { } child)
        {
            return;
        }

        if (!child.Exited.IsCompleted)
        {
            console.Say($"{plan.Name} did not stop in time and is killed");
            child.Kill();
            await Task.WhenAny(child.Exited, Task.Delay(TimeSpan.FromMilliseconds(500))).ConfigureAwait(false);
        }

        await child.DrainAsync().ConfigureAwait(false);
        child.Dispose();
    }

    private Child? Current
    {
        get
        {
            lock (_lock)
            {
                return _child;
            }
        }
    }

    /// <summary>Either starts before the stop looks for the process, or not at all.</summary>
    private Child Start(CancellationToken stopping)
    {
        lock (_lock)
        {
            stopping.ThrowIfCancellationRequested();
            _child?.Dispose();
            return _child = Child.Start(plan, console);
        }
    }

    private async Task SuperviseAsync(CancellationToken stopping)
    {
        var backOff = new BackOff();
        for (var attempt = 1; ; attempt++)
        {
            var started = time.GetTimestamp();
            var child = Start(stopping);
            _running.TrySetResult();
            await WatchAsync(child, stopping).ConfigureAwait(false);

            await Task.Delay(BenefitOfTheDoubt, time, stopping).ConfigureAwait(false);
            await child.DrainAsync().ConfigureAwait(false);
            var ran = time.GetElapsedTime(started);
            var how = string.Create(CultureInfo.InvariantCulture, $"{plan.Name} {HowItEnded(child.ExitCode)} after {ran.TotalSeconds:0.0} s");
            if (!_healthy.Task.IsCompleted && attempt == StartAttempts)
            {
                throw new DistributedApplicationException($"'{plan.Name}' does not start: it ended {StartAttempts} times before it was healthy, the last time with exit code {child.ExitCode}. What it wrote is above, behind '{plan.Name} |'.");
            }

            var wait = backOff.Next(ran);
            console.Say(string.Create(CultureInfo.InvariantCulture, $"{how}; starting it again in {wait.TotalSeconds:0.#} s"));
            await Task.Delay(wait, time, stopping).ConfigureAwait(false);
        }
    }

    /// <summary>Follows the health of a process until it ends.</summary>
    private async Task WatchAsync(Child child, CancellationToken stopping)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var polling = PollAsync(ended.Token);
        await child.Exited.WaitAsync(stopping).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        await polling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task PollAsync(CancellationToken ended)
    {
        var again = _healthy.Task.IsCompleted;
        var since = time.GetTimestamp();
        var healthy = false;
        while (true)
        {
            var reason = await probe.AskAsync(plan.Health, ended).ConfigureAwait(false);
            if (reason is null && !healthy)
            {
                healthy = true;
                if (again)
                {
                    console.Say($"{plan.Name} is healthy again");
                }

                again = true;
                _healthy.TrySetResult();
            }
            else if (reason is not null && healthy)
            {
                healthy = false;
                since = time.GetTimestamp();
                console.Say($"{plan.Name} is not healthy: {reason}");
            }
            else if (reason is not null && time.GetElapsedTime(since) >= Patience)
            {
                since = time.GetTimestamp();
                console.Say($"waiting for {plan.Name}: {reason}");
            }

            if (plan.Health.Count == 0)
            {
                return;
            }

            await Task.Delay(healthy ? SlowPoll : FastPoll, time, ended).ConfigureAwait(false);
        }
    }

    private static string HowItEnded(int exitCode) => exitCode switch
    {
        0 => "ended by itself (exit code 0)",
        134 when !OperatingSystem.IsWindows() => "crashed (exit code 134, SIGABRT)",
        137 when !OperatingSystem.IsWindows() => "was killed (exit code 137, SIGKILL)",
        139 when !OperatingSystem.IsWindows() => "crashed (exit code 139, SIGSEGV)",
        143 when !OperatingSystem.IsWindows() => "was stopped (exit code 143, SIGTERM)",
        _ => string.Create(CultureInfo.InvariantCulture, $"ended with exit code {exitCode}"),
    };
}
