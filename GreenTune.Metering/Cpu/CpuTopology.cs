using System.Globalization;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace GreenTune.Metering.Cpu;

/// <summary>The CPU as this machine sees it.</summary>
/// <param name="Name">As the CPU names itself.</param>
/// <param name="LogicalCpus">Hardware threads that the operating system schedules on.</param>
/// <param name="PhysicalCores">Cores behind them; the same number where the system does not tell.</param>
/// <param name="Virtual">Runs under a hypervisor, which shows some of a host's cores.</param>
public sealed record CpuTopology(string Name, int LogicalCpus, int PhysicalCores, bool Virtual)
{
    /// <summary>Finds out; what the system does not tell is taken from the runtime.</summary>
    public static CpuTopology Detect()
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                return ParseCpuInfo(File.ReadAllText("/proc/cpuinfo")) with { LogicalCpus = LinuxCpuTimes.CountCpus() ?? Environment.ProcessorCount };
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // Some sandboxes hide /proc; the CPU itself still answers.
            }
        }
        return new(BrandString() ?? "unknown CPU", Environment.ProcessorCount, Environment.ProcessorCount, Virtual: false);
    }

    /// <summary>
    /// Reads Linux' /proc/cpuinfo: paragraphs of "model name : Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", "physical id : 0", "core id : 3" and
    /// "flags : fpu ... hypervisor" on x86, "CPU implementer : 0x41" and "CPU part : 0xd40" on Arm.
    /// </summary>
    public static CpuTopology ParseCpuInfo(string text)
    {
        string? name = null, implementer = null, part = null, package = null;
        int logical = 0;
        bool isVirtual = false;
        var cores = new HashSet<(string, string)>();
        foreach (string line in text.Split('\n'))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
                continue;
            string key = line[..colon].Trim(), value = line[(colon + 1)..].Trim();
            switch (key)
            {
                case "processor":
                    logical++;
                    package = null;
                    break;
                case "model name":
                    name ??= value;
                    break;
                case "physical id":
                    package = value;
                    break;
                case "core id":
                    cores.Add((package ?? "0", value));
                    break;
                case "CPU implementer":
                    implementer ??= value;
                    break;
                case "CPU part":
                    part ??= value;
                    break;
                case "flags":
                    isVirtual |= value.Contains("hypervisor", StringComparison.Ordinal);
                    break;
                default:
                    break;
            }
        }
        logical = Math.Max(1, logical);
        return new(name ?? ArmName(implementer, part) ?? BrandString() ?? "unknown CPU", logical, cores.Count > 0 ? Math.Min(cores.Count, logical) : logical, isVirtual);
    }

    /// <summary>Arm's core designs by the part numbers of its manuals (main ID register).</summary>
    private static string? ArmName(string? implementer, string? part) => (implementer, part) switch
    {
        ("0x41", "0xd0c") => "Arm Neoverse-N1",
        ("0x41", "0xd40") => "Arm Neoverse-V1",
        ("0x41", "0xd49") => "Arm Neoverse-N2",
        ("0x41", "0xd4f") => "Arm Neoverse-V2",
        ("0xc0", _) => "Ampere Altra or AmpereOne (Neoverse class)",
        (null, _) => null,
        _ => string.Create(CultureInfo.InvariantCulture, $"Arm CPU {implementer} {part}"),
    };

    /// <summary>The 48 characters of CPUID leaves 0x80000002 to 0x80000004.</summary>
    private static string? BrandString()
    {
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < 0x80000004u)
            return null;
        var text = new StringBuilder(48);
        for (uint leaf = 0x80000002; leaf <= 0x80000004; leaf++)
        {
            (int a, int b, int c, int d) = X86Base.CpuId(unchecked((int)leaf), 0);
            foreach (int register in (int[])[a, b, c, d])
            {
                for (int shift = 0; shift < 32; shift += 8)
                    text.Append((char)((register >> shift) & 0xff));
            }
        }
        string brand = text.ToString().Trim('\0', ' ');
        return brand.Length > 0 ? brand : null;
    }
}
