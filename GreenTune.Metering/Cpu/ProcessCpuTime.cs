using System.Runtime.InteropServices;

namespace GreenTune.Metering.Cpu;

/// <summary>CPU time of this process.</summary>
internal static partial class ProcessCpuTime
{
    private static readonly int? ClockId =
        OperatingSystem.IsLinux() ? 2 // CLOCK_PROCESS_CPUTIME_ID, linux/time.h
        : OperatingSystem.IsMacOS() ? 12 // _CLOCK_PROCESS_CPUTIME_ID, sys/_types/_clock_id.h
        : null;

    private static bool _clockWorks = ClockId is not null && nint.Size == 8;

    /// <summary>CPU-seconds of all threads since the process began: nanoseconds from the clock, else what the runtime offers.</summary>
    public static double Seconds()
    {
        if (_clockWorks)
        {
            try
            {
                if (clock_gettime(ClockId!.Value, out Timespec time) == 0)
                    return time.Seconds + time.Nanoseconds * 1e-9;
            }
            catch (Exception problem) when (problem is DllNotFoundException or EntryPointNotFoundException)
            {
                // No C library of that name: the runtime's own figure is as good but for its resolution.
            }
            _clockWorks = false;
        }
        return Environment.CpuUsage.TotalTime.TotalSeconds;
    }

    [LibraryImport("libc", SetLastError = false)]
    private static partial int clock_gettime(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
