using System.Buffers.Text;

namespace GreenTune.Metering.Rapl;

/// <summary>What a zone of the powercap subtree measures.</summary>
internal enum RaplDomain
{
    /// <summary>A whole processor package, or a die of one: cores, caches, and what else is on it.</summary>
    Package,

    /// <summary>The memory that hangs on a package, which is not in the package's own figure.</summary>
    Dram,

    /// <summary>The whole platform. It contains the packages.</summary>
    Platform,

    /// <summary>Part of a package ("core", "uncore"): in its figure already.</summary>
    Part,
}

/// <summary>
/// One zone of /sys/class/powercap, such as intel-rapl:0 with the files name ("package-0"), energy_uj ("262143328850") and max_energy_range_uj.
/// AMD's processors appear under the same names. intel-rapl-mmio:0 shows a package's counter a second time.
/// </summary>
/// <param name="Folder">Such as "intel-rapl:0:1".</param>
/// <param name="Name">What the kernel calls it, such as "package-0-die-1", "dram" or "psys".</param>
internal sealed record RaplZone(string Folder, string Name)
{
    public RaplDomain Domain => Name.StartsWith("package", StringComparison.Ordinal) ? RaplDomain.Package
        : Name.StartsWith("dram", StringComparison.Ordinal) ? RaplDomain.Dram
        : Name.StartsWith("psys", StringComparison.Ordinal) ? RaplDomain.Platform
        : RaplDomain.Part;

    /// <summary>
    /// The zones whose energies add up to a machine's: all packages and their memory. Where there is no package, the platform. The platform is never
    /// added to packages, nor a package's parts, nor its second appearance.
    /// </summary>
    public static IReadOnlyList<RaplZone> Additive(IReadOnlyList<RaplZone> zones)
    {
        RaplZone[] registers = [.. zones.Where(zone => zone.Folder.StartsWith("intel-rapl:", StringComparison.Ordinal))];
        RaplZone[] of = registers.Any(zone => zone.Domain is RaplDomain.Package or RaplDomain.Platform) ? registers : [.. zones];
        RaplZone[] packages = [.. of.Where(zone => zone.Domain == RaplDomain.Package)];
        IEnumerable<RaplZone> chosen = packages.Length > 0
            ? packages.Concat(of.Where(zone => zone.Domain == RaplDomain.Dram))
            : of.Where(zone => zone.Domain == RaplDomain.Platform).Take(1);
        return [.. chosen.OrderBy(zone => zone.Folder, StringComparer.Ordinal)];
    }

    /// <summary>Microjoules of energy_uj: digits and a line feed; null for anything else.</summary>
    public static ulong? ParseMicrojoules(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty && text[^1] is (byte)'\n' or (byte)' ' or 0)
            text = text[..^1];
        return Utf8Parser.TryParse(text, out ulong value, out int used) && used == text.Length ? value : null;
    }
}

/// <summary>
/// Turns a counter that starts again at 0 above its range into one that only grows. Pure: the caller says what was read, and when.
/// </summary>
/// <param name="rangeMicrojoules">max_energy_range_uj; 0 when it is not known.</param>
internal sealed class WrappingCounter(ulong rangeMicrojoules)
{
    /// <summary>No package and no memory of one draws more for seconds: what would need more was no wrap.</summary>
    public const double MostWatts = 2000;

    private ulong? _last;
    private double _lastSeconds;

    /// <summary>Energy since the last reading, in joules; 0 for the first; null when the counter was reset or may have wrapped more than once.</summary>
    public double? Advance(ulong microjoules, double seconds)
    {
        ulong? before = _last;
        double elapsed = seconds - _lastSeconds;
        (_last, _lastSeconds) = (microjoules, seconds);
        if (before is not { } last)
            return 0;
        // After a long pause the counter may have gone round any number of times.
        if (rangeMicrojoules > 0 && elapsed * MostWatts * 1e6 >= rangeMicrojoules)
            return null;
        if (microjoules >= last)
            return (microjoules - last) * 1e-6;
        if (rangeMicrojoules < last)
            return null;
        double wrapped = (rangeMicrojoules - last + microjoules) * 1e-6;
        return wrapped <= Math.Max(elapsed, 0.001) * MostWatts + 1 ? wrapped : null;
    }
}
