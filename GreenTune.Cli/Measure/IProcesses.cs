using System.Globalization;
using System.Runtime.InteropServices;

namespace GreenTune.Cli.Measure;

/// <summary>Processes of the machine. A seam for tests.</summary>
internal interface IProcesses
{
    /// <summary>Null for a process that is gone.</summary>
    ProcessStat? Stat(int id);

    /// <summary>CPU time of a living process's threads in nanoseconds' resolution; null where the system does not tell.</summary>
    double? PreciseSeconds(int id);

    /// <summary>Ids of a process's children, as far as they are known at once; null where only a look at all processes tells.</summary>
    IReadOnlyList<int>? Children(int id);

    /// <summary>Ids of all processes.</summary>
    IEnumerable<int> All();
}

/// <summary>Linux: /proc.</summary>
internal sealed partial class LinuxProcesses : IProcesses
{
    // CONFIG_PROC_CHILDREN, which distributions have on.
    private readonly bool _tellsChildren = File.Exists($"/proc/{Environment.ProcessId}/task/{Environment.ProcessId}/children");

    public ProcessStat? Stat(int id) => Read($"/proc/{id}/stat") is { } text ? ProcessStat.Parse(text) : null;

    public double? PreciseSeconds(int id)
    {
        // The CPU clock of a process by its id: linux/posix-timers.h, MAKE_PROCESS_CPUCLOCK(id, CPUCLOCK_SCHED).
        int clock = unchecked((~id << 3) | 2);
        return nint.Size == 8 && clock_gettime(clock, out Timespec time) == 0 ? time.Seconds + time.Nanoseconds * 1e-9 : null;
    }

    public IReadOnlyList<int>? Children(int id)
    {
        if (!_tellsChildren)
            return null;
        var children = new List<int>();
        try
        {
            foreach (string task in Directory.EnumerateDirectories($"/proc/{id}/task"))
            {
                if (Read($"{task}/children") is { } text)
                    children.AddRange(text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(child => int.Parse(child, CultureInfo.InvariantCulture)));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile.
        }
        return children;
    }

    public IEnumerable<int> All() => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : 0)
        .Where(id => id > 0);

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
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
