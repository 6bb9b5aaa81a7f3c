using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Startup;

/// <summary>
/// Stops the service when its parent is gone, however it went. The parent holds the service's standard input open and sets
/// GREENTUNE_LIFELINE=stdin; the operating system closes the pipe when the parent ends, even by kill -9. A service that hangs while it
/// stops is ended all the same.
/// </summary>
internal sealed class Lifeline(IConfiguration configuration, IHostApplicationLifetime lifetime, IOptions<HostOptions> host, LifelineEnds ends) : IHostedLifecycleService
{
    public const string Variable = "GREENTUNE_LIFELINE";

    /// <summary>Beyond the time that the host takes to stop.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        if (string.Equals(configuration[Variable], "stdin", StringComparison.OrdinalIgnoreCase))
        {
            // A thread of its own: reading a pipe blocks, and the thread pool may be what hangs.
            new Thread(Hold) { IsBackground = true, Name = "lifeline" }.Start();
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Hold()
    {
        try
        {
            using var input = ends.Open();
            Span<byte> ignored = stackalloc byte[256];
            while (input.Read(ignored) > 0)
            {
                // Nobody writes here; what comes anyway is not for us.
            }
        }
        catch (IOException)
        {
            // A broken pipe is an end as well.
        }

        lifetime.StopApplication();
        ends.Wait(host.Value.ShutdownTimeout + Grace);
        ends.Exit(1);
    }
}

/// <summary>The process that the lifeline belongs to.</summary>
internal class LifelineEnds
{
    public virtual Stream Open() => Console.OpenStandardInput();

    public virtual void Wait(TimeSpan time) => Thread.Sleep(time);

    public virtual void Exit(int code) => Environment.Exit(code);
}
