using Microsoft.Win32.SafeHandles;

namespace GreenTune.Metering.Cpu;

/// <summary>Linux: /proc/stat for the machine.</summary>
internal sealed class LinuxCpuTimes : ICpuTimes, IDisposable
{
    private const string StatPath = "/proc/stat";

    // USER_HZ: the unit of /proc/stat on every architecture Linux runs .NET on.
    private const double TicksPerSecond = 100;

    private readonly byte[] _buffer = new byte[512];
    private readonly SafeFileHandle? _stat;

    public LinuxCpuTimes()
    {
        try
        {
            _stat = File.OpenHandle(StatPath);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // A sandbox without /proc: this process alone is known.
        }
    }

    public double? MachineBusySeconds()
    {
        if (_stat is null)
            return null;
        try
        {
            int read = RandomAccess.Read(_stat, _buffer, 0);
            return ParseBusy(_buffer.AsSpan(0, read)) / TicksPerSecond;
        }
        catch (IOException)
        {
            return null;
        }
    }

    public double ProcessSeconds() => ProcessCpuTime.Seconds();

    public void Dispose() => _stat?.Dispose();

    /// <summary>
    /// Busy ticks of the first line, "cpu  47385 0 5902 429256 1035 0 402 144 0 0": user, nice, system, idle, iowait, irq, softirq, steal, guest,
    /// guest_nice. Busy is user + nice + system + irq + softirq: guest time is inside user, and what the hypervisor took (steal) is no work of this
    /// machine. Old kernels leave out later columns.
    /// </summary>
    /// <returns>Null when the line is not of that form.</returns>
    internal static double? ParseBusy(ReadOnlySpan<byte> text)
    {
        if (!text.StartsWith("cpu "u8))
            return null;
        int end = text.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = end < 0 ? text[4..] : text[4..end];
        Span<double> columns = stackalloc double[7];
        int column = 0, at = 0;
        while (column < columns.Length && at < line.Length)
        {
            if (line[at] == (byte)' ')
            {
                at++;
                continue;
            }
            if (!System.Buffers.Text.Utf8Parser.TryParse(line[at..], out ulong value, out int used))
                return null;
            columns[column++] = value;
            at += used;
        }
        return column < 4 ? null : columns[0] + columns[1] + columns[2] + columns[5] + columns[6];
    }

    /// <summary>CPUs that are online: lines "cpu0", "cpu1" ... of /proc/stat, which are not limited by this process's affinity.</summary>
    internal static int? CountCpus()
    {
        try
        {
            int count = 0;
            foreach (string line in File.ReadLines(StatPath))
            {
                if (!line.StartsWith("cpu", StringComparison.Ordinal))
                    break;
                if (line.Length > 3 && char.IsAsciiDigit(line[3]))
                    count++;
            }
            return count > 0 ? count : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
