using System.Runtime.InteropServices;

namespace GreenTune.Metering.Cpu;

/// <summary>Windows: GetSystemTimes for the machine.</summary>
internal sealed partial class WindowsCpuTimes : ICpuTimes
{
    // FILETIME counts in 100 ns.
    private const double TicksPerSecond = 1e7;

    public double? MachineBusySeconds() =>
        // Kernel time includes idle time.
        GetSystemTimes(out long idle, out long kernel, out long user) ? (kernel - idle + user) / TicksPerSecond : null;

    public double ProcessSeconds() => ProcessCpuTime.Seconds();

    [LibraryImport("kernel32", SetLastError = false)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetSystemTimes(out long idle, out long kernel, out long user);
}

/// <summary>macOS: host_statistics for the machine.</summary>
internal sealed unsafe partial class MacCpuTimes : ICpuTimes
{
    private const int HostCpuLoadInfo = 3;

    // CPU_STATE_USER, SYSTEM, IDLE, NICE: 32-bit counts of 10 ms, which wrap.
    private const int States = 4;
    private const double TicksPerSecond = 100;

    private readonly uint _host = mach_host_self();
    private readonly uint[] _last = new uint[States];
    private double _busy;
    private bool _started;

    public double? MachineBusySeconds()
    {
        uint* ticks = stackalloc uint[States];
        uint count = States;
        if (host_statistics(_host, HostCpuLoadInfo, ticks, ref count) != 0 || count < States)
            return null;
        for (int state = 0; state < States; state++)
        {
            if (_started && state != 2)
                _busy += unchecked(ticks[state] - _last[state]) / TicksPerSecond;
            _last[state] = ticks[state];
        }
        _started = true;
        return _busy;
    }

    public double ProcessSeconds() => ProcessCpuTime.Seconds();

    [LibraryImport("libSystem.dylib")]
    private static partial uint mach_host_self();

    [LibraryImport("libSystem.dylib")]
    private static partial int host_statistics(uint host, int flavor, uint* info, ref uint count);
}

/// <summary>Elsewhere: this process alone.</summary>
internal sealed class ProcessOnlyCpuTimes : ICpuTimes
{
    public double? MachineBusySeconds() => null;

    public double ProcessSeconds() => ProcessCpuTime.Seconds();
}

/// <summary>Picks the way of this operating system.</summary>
public static class CpuTimes
{
    public static ICpuTimes ForThisSystem() =>
        OperatingSystem.IsLinux() ? new LinuxCpuTimes()
        : OperatingSystem.IsWindows() ? new WindowsCpuTimes()
        : OperatingSystem.IsMacOS() ? new MacCpuTimes()
        : new ProcessOnlyCpuTimes();
}
