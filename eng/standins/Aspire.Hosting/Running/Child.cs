using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Aspire.Hosting.Running;

/// <summary>A running child process. Its standard input stays open as long as AppHost lives, and is never written to.</summary>
internal sealed partial class Child : IDisposable
{
    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly Task _output;

    private Child(Process process, Task output, TaskCompletionSource exited)
    {
        _process = process;
        _output = output;
        Exited = exited.Task;
    }

    /// <summary>Completes when the process has ended.</summary>
    public Task Exited { get; }

    public int Id => _process.Id;

    public int ExitCode => _process.ExitCode;

    public static Child Start(LaunchPlan plan, AppHostConsole console)
    {
        var start = new ProcessStartInfo(plan.Program, plan.Arguments)
        {
            WorkingDirectory = plan.WorkingDirectory,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var (name, value) in plan.Environment)
        {
            start.Environment[name] = value;
        }

        var exited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.Exited += (_, _) => exited.TrySetResult();
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            process.Dispose();
            throw new DistributedApplicationException($"'{plan.Name}' cannot start: {plan.Program} {string.Join(' ', plan.Arguments)}: {e.Message}", e);
        }

        var output = Task.WhenAll(
            PrefixAsync(process.StandardOutput, line => console.Line(plan.Name, line, toError: false)),
            PrefixAsync(process.StandardError, line => console.Line(plan.Name, line, toError: true)));
        return new Child(process, output, exited);
    }

    /// <summary>Waits for the last lines. A grandchild may hold the output open, so not for long.</summary>
    public Task DrainAsync() => Task.WhenAny(_output, Task.Delay(TimeSpan.FromMilliseconds(500)));

    /// <summary>Asks the process to stop: SIGTERM, or on Windows, which has none, the end of its lifeline.</summary>
    public void AskToStop()
    {
        if (Exited.IsCompleted)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            _process.StandardInput.Close();
        }
        else
        {
            _ = Signal(_process.Id, SigTerm);
        }
    }

    /// <summary>Kills the process and what it started.</summary>
    public void Kill()
    {
        try
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
            }
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended by itself meanwhile.
        }
    }

    public void Dispose() => _process.Dispose();

    private static async Task PrefixAsync(StreamReader reader, Action<string> write)
    {
        try
        {
            while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                write(line);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The process is gone and its pipe with it.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Signal(int process, int signal);
}
