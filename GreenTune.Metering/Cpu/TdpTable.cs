using System.Text.RegularExpressions;

namespace GreenTune.Metering.Cpu;

/// <summary>A CPU model's cores and thermal design power.</summary>
/// <param name="Model">As the CPU names itself, without trademarks, for example "Xeon Platinum 8480+".</param>
/// <param name="Cores">Physical cores of one package.</param>
/// <param name="TdpWatts">Thermal design power of one package; Intel's "processor base power" where it replaced TDP.</param>
/// <param name="Server">A server or workstation part.</param>
public sealed record CpuTdp(string Model, int Cores, double TdpWatts, bool Server);

/// <summary>
/// Thermal design power of common CPUs. Source: the vendors' specification pages (Intel product specifications,
/// https://www.intel.com/content/www/us/en/products/specifications/; AMD, https://www.amd.com/en/products/specifications/), read off model by model.
/// Parts made for one cloud and listed by no vendor are left out: the default applies to them.
/// </summary>
public static partial class TdpTable
{
    private static readonly CpuTdp[] Entries =
    [
        // Intel Xeon 6, 5th and 4th generation
        Server("Xeon 6980P", 128, 500), Server("Xeon 6972P", 96, 500), Server("Xeon 6960P", 72, 500), Server("Xeon 6780E", 144, 330),
        Server("Xeon Platinum 8592+", 64, 350), Server("Xeon Platinum 8580", 60, 350), Server("Xeon Platinum 8570", 56, 350), Server("Xeon Platinum 8568Y+", 48, 350),
        Server("Xeon Platinum 8558", 48, 330), Server("Xeon Platinum 8490H", 60, 350), Server("Xeon Platinum 8480+", 56, 350), Server("Xeon Platinum 8480C", 56, 350),
        Server("Xeon Platinum 8470", 52, 350), Server("Xeon Platinum 8468", 48, 350), Server("Xeon Platinum 8462Y+", 32, 300), Server("Xeon Platinum 8460Y+", 40, 300),
        Server("Xeon Gold 6448Y", 32, 225), Server("Xeon Gold 6442Y", 24, 225), Server("Xeon Gold 6438Y+", 32, 205), Server("Xeon Gold 6430", 32, 270),
        Server("Xeon Gold 5418Y", 24, 185), Server("Xeon Silver 4416+", 20, 165), Server("Xeon Silver 4410Y", 12, 150),
        Server("Xeon w9-3495X", 56, 350), Server("Xeon w7-2495X", 24, 225),
        // Intel Xeon, 3rd generation
        Server("Xeon Platinum 8380", 40, 270), Server("Xeon Platinum 8368", 38, 270), Server("Xeon Platinum 8358", 32, 250), Server("Xeon Platinum 8352Y", 32, 205),
        Server("Xeon Gold 6354", 18, 205), Server("Xeon Gold 6348", 28, 235), Server("Xeon Gold 6338", 32, 205), Server("Xeon Gold 6330", 28, 205),
        Server("Xeon Gold 5318Y", 24, 165), Server("Xeon Silver 4316", 20, 150), Server("Xeon Silver 4314", 16, 135), Server("Xeon Silver 4310", 12, 120),
        // Intel Xeon, 2nd and 1st generation
        Server("Xeon Platinum 8280", 28, 205), Server("Xeon Platinum 8276", 28, 165), Server("Xeon Platinum 8270", 26, 205), Server("Xeon Platinum 8268", 24, 205),
        Server("Xeon Platinum 8260", 24, 165), Server("Xeon Platinum 8180", 28, 205), Server("Xeon Platinum 8176", 28, 165), Server("Xeon Platinum 8168", 24, 205),
        Server("Xeon Platinum 8160", 24, 150), Server("Xeon Gold 6258R", 28, 205), Server("Xeon Gold 6252", 24, 150), Server("Xeon Gold 6248R", 24, 205),
        Server("Xeon Gold 6248", 20, 150), Server("Xeon Gold 6240", 18, 150), Server("Xeon Gold 6230", 20, 125), Server("Xeon Gold 6154", 18, 200),
        Server("Xeon Gold 6148", 20, 150), Server("Xeon Gold 6130", 16, 125), Server("Xeon Gold 6126", 12, 125), Server("Xeon Gold 5220", 18, 125),
        Server("Xeon Gold 5218", 16, 125), Server("Xeon Silver 4216", 16, 100), Server("Xeon Silver 4214", 12, 85), Server("Xeon Silver 4210", 10, 85),
        Server("Xeon Silver 4114", 10, 85), Server("Xeon Silver 4110", 8, 85), Server("Xeon W-3275", 28, 205), Server("Xeon W-2295", 18, 165), Server("Xeon W-2245", 8, 155),
        // Intel Xeon E5
        Server("Xeon E5-2699 v4", 22, 145), Server("Xeon E5-2698 v4", 20, 135), Server("Xeon E5-2690 v4", 14, 135), Server("Xeon E5-2680 v4", 14, 120),
        Server("Xeon E5-2650 v4", 12, 105), Server("Xeon E5-2620 v4", 8, 85), Server("Xeon E5-2690 v3", 12, 135), Server("Xeon E5-2680 v3", 12, 120),
        Server("Xeon E5-2670 v3", 12, 120), Server("Xeon E5-2650 v3", 10, 105), Server("Xeon E5-2680 v2", 10, 115), Server("Xeon E5-2670 v2", 10, 115),
        // AMD EPYC
        Server("EPYC 9965", 192, 500), Server("EPYC 9755", 128, 500), Server("EPYC 9655", 96, 400), Server("EPYC 9575F", 64, 400), Server("EPYC 9555", 64, 360),
        Server("EPYC 9754", 128, 360), Server("EPYC 9734", 112, 340), Server("EPYC 9684X", 96, 400), Server("EPYC 9654", 96, 360), Server("EPYC 9554", 64, 360),
        Server("EPYC 9534", 64, 280), Server("EPYC 9474F", 48, 360), Server("EPYC 9454", 48, 290), Server("EPYC 9374F", 32, 320), Server("EPYC 9354", 32, 280),
        Server("EPYC 9334", 32, 210), Server("EPYC 9254", 24, 200), Server("EPYC 9224", 24, 200), Server("EPYC 9124", 16, 200),
        Server("EPYC 7773X", 64, 280), Server("EPYC 7763", 64, 280), Server("EPYC 7713", 64, 225), Server("EPYC 7663", 56, 240), Server("EPYC 7643", 48, 225),
        Server("EPYC 7543", 32, 225), Server("EPYC 7513", 32, 200), Server("EPYC 7453", 28, 225), Server("EPYC 7443", 24, 200), Server("EPYC 7413", 24, 180),
        Server("EPYC 7343", 16, 190), Server("EPYC 7313", 16, 155), Server("EPYC 7H12", 64, 280), Server("EPYC 7742", 64, 225), Server("EPYC 7702", 64, 200),
        Server("EPYC 7662", 64, 225), Server("EPYC 7642", 48, 225), Server("EPYC 7552", 48, 200), Server("EPYC 7542", 32, 225), Server("EPYC 7502", 32, 180),
        Server("EPYC 7452", 32, 155), Server("EPYC 7402", 24, 180), Server("EPYC 7302", 16, 155), Server("EPYC 7282", 16, 120), Server("EPYC 7601", 32, 180),
        Server("EPYC 7551", 32, 180), Server("EPYC 7451", 24, 180), Server("EPYC 7251", 8, 120),
        Server("Ryzen Threadripper PRO 7995WX", 96, 350), Server("Ryzen Threadripper 7980X", 64, 350), Server("Ryzen Threadripper 7970X", 32, 350),
        Server("Ryzen Threadripper PRO 5995WX", 64, 280), Server("Ryzen Threadripper 3990X", 64, 280), Server("Ryzen Threadripper 3970X", 32, 280),
        // AMD desktop and laptop
        Client("Ryzen 9 9950X", 16, 170), Client("Ryzen 9 9900X", 12, 120), Client("Ryzen 7 9700X", 8, 65), Client("Ryzen 5 9600X", 6, 65),
        Client("Ryzen 9 7950X", 16, 170), Client("Ryzen 9 7950X3D", 16, 120), Client("Ryzen 9 7900X", 12, 170), Client("Ryzen 9 7900", 12, 65),
        Client("Ryzen 7 7800X3D", 8, 120), Client("Ryzen 7 7700X", 8, 105), Client("Ryzen 5 7600X", 6, 105), Client("Ryzen 9 5950X", 16, 105),
        Client("Ryzen 9 5900X", 12, 105), Client("Ryzen 7 5800X", 8, 105), Client("Ryzen 7 5800X3D", 8, 105), Client("Ryzen 7 5700X", 8, 65),
        Client("Ryzen 5 5600X", 6, 65), Client("Ryzen 5 5600", 6, 65), Client("Ryzen 9 3950X", 16, 105), Client("Ryzen 9 3900X", 12, 105),
        Client("Ryzen 7 3800X", 8, 105), Client("Ryzen 7 3700X", 8, 65), Client("Ryzen 5 3600X", 6, 95), Client("Ryzen 5 3600", 6, 65),
        Client("Ryzen 7 7840U", 8, 28), Client("Ryzen 7 6800H", 8, 45), Client("Ryzen 7 5800H", 8, 45), Client("Ryzen 9 5900HX", 8, 45),
        Client("Ryzen 7 5800U", 8, 15), Client("Ryzen 7 5700U", 8, 15), Client("Ryzen AI 9 HX 370", 12, 28),
        // Intel desktop and laptop
        Client("Core Ultra 9 285K", 24, 125), Client("Core Ultra 7 265K", 20, 125), Client("Core Ultra 5 245K", 14, 125), Client("Core i9-14900K", 24, 125),
        Client("Core i7-14700K", 20, 125), Client("Core i5-14600K", 14, 125), Client("Core i9-13900K", 24, 125), Client("Core i7-13700K", 16, 125),
        Client("Core i5-13600K", 14, 125), Client("Core i9-12900K", 16, 125), Client("Core i7-12700K", 12, 125), Client("Core i5-12600K", 10, 125),
        Client("Core i5-12400", 6, 65), Client("Core i9-11900K", 8, 125), Client("Core i7-11700K", 8, 125), Client("Core i9-10900K", 10, 125),
        Client("Core i7-10700K", 8, 125), Client("Core i9-9900K", 8, 95), Client("Core i7-9700K", 8, 95), Client("Core i7-8700K", 6, 95),
        Client("Core i7-8700", 6, 65), Client("Core i5-8400", 6, 65), Client("Core i7-7700K", 4, 91), Client("Core i7-6700K", 4, 91),
        Client("Core Ultra 9 185H", 16, 45), Client("Core Ultra 7 155H", 16, 28), Client("Core Ultra 5 125H", 14, 28), Client("Core i9-13900H", 14, 45),
        Client("Core i7-13700H", 14, 45), Client("Core i7-1360P", 12, 28), Client("Core i5-1340P", 12, 28), Client("Core i7-12700H", 14, 45),
        Client("Core i7-1260P", 12, 28), Client("Core i5-1240P", 12, 28), Client("Core i7-11800H", 8, 45), Client("Core i7-1185G7", 4, 28),
        Client("Core i7-1165G7", 4, 28), Client("Core i5-1135G7", 4, 28), Client("Core i7-10750H", 6, 45), Client("Core i7-10510U", 4, 15),
        Client("Core i5-10210U", 4, 15), Client("Core i7-9750H", 6, 45), Client("Core i9-9880H", 8, 45), Client("Core i7-8750H", 6, 45),
        Client("Core i7-8565U", 4, 15), Client("Core i7-8550U", 4, 15), Client("Core i5-8250U", 4, 15), Client("N100", 4, 6),
        Client("Celeron N5105", 4, 10), Client("Celeron J4125", 4, 10),
    ];

    private static readonly string[] ServerNames = ["Xeon", "EPYC", "Opteron", "Threadripper", "Neoverse", "Altra", "Graviton", "POWER"];

    /// <summary>All entries.</summary>
    public static IReadOnlyList<CpuTdp> All => Entries;

    /// <summary>
    /// TDP per core of a server part that is not in the table: the median of the table's server parts, in watts.
    /// </summary>
    public static double DefaultServerWattsPerCore { get; } = Median(Entries.Where(entry => entry.Server));

    /// <summary>TDP per core of a desktop or laptop part that is not in the table: the median of the table's, in watts.</summary>
    public static double DefaultClientWattsPerCore { get; } = Median(Entries.Where(entry => !entry.Server));

    /// <summary>The longest entry whose model occurs in a CPU's name as whole words; null when there is none.</summary>
    /// <param name="name">As the CPU names itself, for example "Intel(R) Xeon(R) Platinum 8480+".</param>
    public static CpuTdp? Find(string name)
    {
        string plain = Normalise(name);
        return Entries.Where(entry => Contains(plain, entry.Model)).MaxBy(entry => entry.Model.Length);
    }

    /// <summary>Whether a name that is not in the table looks like a server's.</summary>
    public static bool LooksLikeServer(string name) => ServerNames.Any(server => name.Contains(server, StringComparison.OrdinalIgnoreCase));

    /// <summary>"Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz" becomes "Intel Xeon Gold 6248 @ 2.50GHz".</summary>
    private static string Normalise(string name) => Spaces().Replace(Noise().Replace(name, " "), " ").Trim();

    private static bool Contains(string name, string model)
    {
        for (int at = name.IndexOf(model, StringComparison.OrdinalIgnoreCase); at >= 0; at = name.IndexOf(model, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            int end = at + model.Length;
            if ((at == 0 || !char.IsLetterOrDigit(name[at - 1])) && (end == name.Length || !(char.IsLetterOrDigit(name[end]) || name[end] == '+')))
                return true;
        }
        return false;
    }

    private static double Median(IEnumerable<CpuTdp> entries)
    {
        double[] perCore = [.. entries.Select(entry => entry.TdpWatts / entry.Cores).Order()];
        return (perCore[(perCore.Length - 1) / 2] + perCore[perCore.Length / 2]) / 2;
    }

    private static CpuTdp Server(string model, int cores, double watts) => new(model, cores, watts, true);

    private static CpuTdp Client(string model, int cores, double watts) => new(model, cores, watts, false);

    [GeneratedRegex(@"\((?:R|TM|C)\)|\b(?:CPU|Processor)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Noise();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
