using GreenTune.Core.Units;

namespace GreenTune.Core.Carbon;

/// <summary>
/// Embodied share of hardware, by the Software Carbon Intensity specification 1.1 (ISO/IEC 21031:2024): M = TE x (TiR / EL) x (RR / ToR). It is scope 3
/// (categories 1 and 2), so it never stands in a scope 2 figure.
/// </summary>
public static class EmbodiedCarbon
{
    /// <summary>Expected life of a server where the site states none: 4 years, 35,040 h (Cloud Carbon Footprint).</summary>
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromHours(35_040);

    /// <summary>The embodied emissions that fall to a span.</summary>
    /// <param name="total">TE: emissions of making, moving and disposing of the hardware.</param>
    /// <param name="reserved">TiR: how long it was reserved.</param>
    /// <param name="lifetime">EL: its expected life.</param>
    /// <param name="resourcesReserved">RR: how much of it was reserved, in the unit of <paramref name="resourcesTotal"/>.</param>
    /// <param name="resourcesTotal">ToR: how much there is.</param>
    /// <exception cref="ArgumentOutOfRangeException">A figure is negative, the lifetime or the total is not above 0, or more is reserved than there is.</exception>
    public static GramsCO2e Share(GramsCO2e total, TimeSpan reserved, TimeSpan lifetime, double resourcesReserved = 1, double resourcesTotal = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(total.Value, nameof(total));
        ArgumentOutOfRangeException.ThrowIfLessThan(reserved, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegative(resourcesReserved);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(resourcesTotal);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(resourcesReserved, resourcesTotal);
        return total * (reserved / lifetime) * (resourcesReserved / resourcesTotal);
    }
}

/// <summary>Embodied emissions of one piece of hardware, with where the figure is from.</summary>
/// <param name="Id">Name in settings, for example "nvidia-h100".</param>
/// <param name="Name">In words.</param>
/// <param name="Total">TE for one piece.</param>
/// <param name="Year">Year of the publication; null when it does not say.</param>
/// <param name="Source">Who published it.</param>
/// <param name="IsEstimate">No product carbon footprint was published; the source or we inferred it.</param>
/// <param name="Low">Lower end where the literature has a range; null otherwise.</param>
/// <param name="High">Upper end.</param>
public sealed record EmbodiedHardware(string Id, string Name, GramsCO2e Total, int? Year, string Source, bool IsEstimate, GramsCO2e? Low = null, GramsCO2e? High = null);

/// <summary>A small table of hardware; a site's own figure, from its supplier's product carbon footprint, is always better.</summary>
public static class EmbodiedTable
{
    public static IReadOnlyList<EmbodiedHardware> All { get; } =
    [
        new("nvidia-a100", "NVIDIA A100 SXM", Kilograms(127.6), 2025, "arXiv 2509.00093", IsEstimate: true, Kilograms(127.6), Kilograms(318)),
        new("nvidia-h100", "NVIDIA H100 SXM", Kilograms(164), null, "NVIDIA HGX H100 product carbon footprint, 1,312 kg over 8 GPUs", IsEstimate: false),
        // Same die as the H100 with 141 GB instead of 80 GB of HBM, which is 42 % of the H100's footprint; bounded by the H100's and the B200's.
        new("nvidia-h200", "NVIDIA H200 SXM", Kilograms(224), null, "no footprint published: midpoint of NVIDIA's H100 (164 kg) and B200 (284 kg)", IsEstimate: true, Kilograms(164), Kilograms(284.25)),
        new("nvidia-b200", "NVIDIA B200 SXM", Kilograms(284.25), null, "NVIDIA HGX B200 product carbon footprint, 2,274 kg over 8 GPUs", IsEstimate: false),
        new("server-8-gpu", "Server for 8 GPUs, without them", Kilograms(5_700), null, "Boavizta, p5.48xlarge, as EcoLogits uses it", IsEstimate: true),
    ];

    /// <summary>The entry of that id, whatever the case; null when there is none.</summary>
    public static EmbodiedHardware? Find(string id) => All.FirstOrDefault(hardware => string.Equals(hardware.Id, id.Trim(), StringComparison.OrdinalIgnoreCase));

    private static GramsCO2e Kilograms(double kilograms) => new(kilograms * 1000);
}
