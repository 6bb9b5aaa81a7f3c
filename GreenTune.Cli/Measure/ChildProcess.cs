using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using GreenTune.Cli.CommandLine;

namespace GreenTune.Cli.Measure;

/// <summary>The command could not be started.</summary>
internal sealed class CommandNotStartedException(string message, int exitCode) : Exception(message)
{
    /// <summary>126 or 127, as shells answer.</summary>
    public int ExitCode { get; } = exitCode;
}

/// <summary>
/// The command that is measured: it has this process's standard streams and its signals. A signal that the terminal sends to all its programs at once (Ctrl-C) has
/// reached the command already and is not sent a second time.
/// </summary>
internal sealed partial class ChildProcess : IDisposable
{
    private const int NotThere = 2;
    private const int NotPermitted = 13;
    private const int NoProgram = 8;
    private const int OwnChildren = -1;

    private readonly Process _process;
    private readonly IDisposable? _taken;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly double? _childrenBefore;

    private ChildProcess(Process process, double? childrenBefore, Interrupts interrupts)
    {
        _process = process;
        _childrenBefore = childrenBefore;
        _taken = interrupts.HandOver(Pass);
        if (OperatingSystem.IsWindows())
            return;
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGHUP, PosixSignal.SIGQUIT, User(1), User(2)])
            _registrations.Add(PosixSignalRegistration.Create(signal, interrupts.Receive));
    }

    public int Id => _process.Id;

    /// <exception cref="CommandNotStartedException">It is not there, or cannot be executed.</exception>
    public static ChildProcess Start(IReadOnlyList<string> command, Interrupts interrupts)
    {
        try
        {
            // Before it starts: a short command has ended and been waited for when this goes on.
            double? before = ChildrenSeconds();
            // Nothing is redirected, so that its streams are ours, to the last escape sequence.
            return new ChildProcess(Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { UseShellExecute = false })!, before, interrupts);
        }
        catch (Win32Exception e)
        {
            throw e.NativeErrorCode == NotThere
                ? new CommandNotStartedException($"there is no command {command[0]}: it is neither a file nor on the PATH", ExitCodes.NotFound)
                : new CommandNotStartedException($"{command[0]} cannot be executed: {Reason(e)}", ExitCodes.CannotExecute);
        }
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code; 128 and the signal's number for one that a signal ended.</returns>
    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    /// <summary>CPU time of the command and of its descendants that were waited for, in seconds; null where the system does not tell. Known after its end.</summary>
    public double? Seconds()
    {
        if (ChildrenSeconds() is { } now && _childrenBefore is { } before)
            return now - before;
        try
        {
            return _process.TotalProcessorTime.TotalSeconds;
        }
        catch (Exception e) when (e is InvalidOperationException or NotSupportedException or Win32Exception)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _taken?.Dispose();
        _registrations.ForEach(registration => registration.Dispose());
        _process.Dispose();
    }

    private static string Reason(Win32Exception problem) => problem.NativeErrorCode switch
    {
        NotPermitted => "this user may not execute it (chmod +x makes a file executable)",
        NoProgram => "it is no program, nor a script that names its interpreter in the first line",
        _ => problem.Message,
    };

    private void Pass(PosixSignal signal)
    {
        // On Windows a console's Ctrl-C reaches every program on it.
        if (OperatingSystem.IsWindows() || (signal is PosixSignal.SIGINT or PosixSignal.SIGQUIT && IsInForeground()))
            return;
        if (!_process.HasExited)
            _ = kill(_process.Id, Number(signal));
    }

    /// <summary>SIGUSR1 and SIGUSR2 have no name there, and their own numbers: signal(7).</summary>
    private static PosixSignal User(int which) => (PosixSignal)(OperatingSystem.IsLinux() ? (which == 1 ? 10 : 12) : which == 1 ? 30 : 31);

    private static int Number(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGQUIT => 3,
        PosixSignal.SIGTERM => 15,
        _ => (int)signal,
    };

    /// <summary>The terminal's keys go to this process and the command alike.</summary>
    private static bool IsInForeground()
    {
        for (int stream = 0; stream <= 2; stream++)
        {
            int foreground = tcgetpgrp(stream);
            if (foreground > 0)
                return foreground == getpgrp();
        }
        return false;
    }

    private static unsafe double? ChildrenSeconds()
    {
        if (OperatingSystem.IsWindows() || nint.Size != 8)
            return null;
        // struct rusage begins with two timevals, user and system; macOS' microseconds are 32 bits in the place of 64.
        long* usage = stackalloc long[64];
        if (getrusage(OwnChildren, usage) != 0)
            return null;
        return usage[0] + usage[2] + ((uint)usage[1] + (uint)usage[3]) * 1e-6;
    }

    [LibraryImport("libc", SetLastError = false)]
    private static partial int kill(int process, int signal);

    [LibraryImport("libc", SetLastError = false)]
    private static unsafe partial int getrusage(int who, long* usage);

    [LibraryImport("libc", SetLastError = false)]
    private static partial int tcgetpgrp(int stream);

    [LibraryImport("libc", SetLastError = false)]
    private static partial int getpgrp();
}
