using Aspire.Hosting.Running;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>
/// The application: starts its projects as child processes in the order of WaitFor, keeps them running, and stops all of them on
/// Ctrl-C, SIGTERM or SIGHUP. Unlike Aspire's own, <see cref="Run"/> does not throw when the start fails: it says why on standard
/// error and leaves exit code 1, so that a user sees one message and no stack trace.
/// </summary>
public class DistributedApplication : IHost, IAsyncDisposable
{
    private readonly IHost _host;
    private readonly AppModel? _model;
    private Orchestrator? _orchestrator;

    public DistributedApplication(IHost host) => _host = host;

    internal DistributedApplication(IHost host, AppModel model)
        : this(host) => _model = model;

    public IServiceProvider Services => _host.Services;

    public static IDistributedApplicationBuilder CreateBuilder() => CreateBuilder([]);

    public static IDistributedApplicationBuilder CreateBuilder(string[] args) => CreateBuilder(new DistributedApplicationOptions { Args = args });

    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options)
    {
        var builder = new DistributedApplicationBuilder(options);
        // AppHost.cs reads ports while it describes the application, so a bad one has to be found before that.
        if (CommandLine.CheckPorts(builder.Configuration) is { } error)
        {
            Console.Error.WriteLine(error);
            System.Environment.Exit(CommandLine.UsageError);
        }

        return builder;
    }

    public void Run() => RunAsync().GetAwaiter().GetResult();

    public virtual async Task RunAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await RunToTheEndAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await DisposeAsync().ConfigureAwait(false);
        }
    }

    public virtual async Task StartAsync(CancellationToken cancellationToken = default)
    {
        var model = _model ?? throw new InvalidOperationException("This application was not made by a DistributedApplicationBuilder.");
        await _host.StartAsync(cancellationToken).ConfigureAwait(false);
        _orchestrator = await Orchestrator.CreateAsync(model, new AppHostConsole(), TimeProvider.System, cancellationToken).ConfigureAwait(false);
        await _orchestrator.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    public virtual async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (_orchestrator is { } orchestrator)
        {
            await orchestrator.StopAsync(cancellationToken).ConfigureAwait(false);
        }

        await _host.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    public virtual void Dispose()
    {
        _host.Dispose();
        GC.SuppressFinalize(this);
    }

    public virtual ValueTask DisposeAsync()
    {
        Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private async Task RunToTheEndAsync(CancellationToken cancellationToken)
    {
        var model = _model ?? throw new InvalidOperationException("This application was not made by a DistributedApplicationBuilder.");
        var console = new AppHostConsole();
        switch (CommandLine.Check(model))
        {
            case { Help: true }:
                console.Write(Usage.For(model));
                return;
            case { Error: { } error }:
                console.Error(error);
                System.Environment.ExitCode = CommandLine.UsageError;
                return;
            default:
                break;
        }

        using var stop = new StopSignals(cancellationToken);
        Orchestrator? orchestrator = null;
        try
        {
            await _host.StartAsync(stop.Requested).ConfigureAwait(false);
            orchestrator = await Orchestrator.CreateAsync(model, console, TimeProvider.System, stop.Requested).ConfigureAwait(false);
            await orchestrator.StartAsync(stop.Requested).ConfigureAwait(false);
            await orchestrator.WaitAsync(stop.Requested).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.Requested.IsCancellationRequested)
        {
            // Asked to stop, perhaps while still starting: that is the end below, not an error.
        }
        catch (DistributedApplicationException e)
        {
            console.Error(e.Message);
            System.Environment.ExitCode = CommandLine.StartError;
        }
        finally
        {
            if (orchestrator is not null)
            {
                console.Say(stop.Reason is { } reason ? $"stopping ({reason})" : "stopping");
                await orchestrator.StopAsync(stop.Insisted).ConfigureAwait(false);
                console.Say("stopped");
            }

            await _host.StopAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }
}
