using GreenTune.Accounting.RollUps;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;
using GreenTune.Core.Units;

namespace GreenTune.Accounting.Summaries;

/// <summary>What a query groups by. What is not asked for is empty or nought.</summary>
internal sealed record GroupKey
{
    public string Group { get; init; } = "";

    public string Device { get; init; } = "";

    public EnergyQuality Quality { get; init; }

    public long Start { get; init; }
}

/// <summary>Sums of one group of one device and quality.</summary>
internal sealed class KeyedSums : RollUpSums
{
    public GroupKey Key { get; set; } = new();
}

/// <summary>Puts sums of several devices and qualities together into figures.</summary>
internal static class UsageSums
{
    private sealed class Sums : RollUpSums;

    /// <param name="parts">Sums by device and quality.</param>
    /// <param name="durations">Of the completed requests; null where they are not known.</param>
    public static UsageFigures Figures(IReadOnlyCollection<KeyedSums> parts, LogHistogram? durations)
    {
        var all = new Sums();
        foreach (KeyedSums part in parts)
        {
            all.Add(part);
        }

        Interval? joules = all.Metered > 0 ? Total(parts, part => part.JoulesSum) : null;
        Interval? grams = all.Metered > 0 ? Total(parts, part => part.GramsSum) : null;
        var reasons = new Dictionary<string, string>(StringComparer.Ordinal);
        if (all.Requests > 0 && joules is null)
        {
            reasons["joules"] = "No request of the span was metered.";
        }

        if (all.Requests > 0 && durations is null)
        {
            reasons["durationP95Seconds"] = "Durations are kept by tenant and configuration.";
        }

        return new UsageFigures
        {
            Requests = all.Requests,
            Cancelled = all.Cancelled,
            Failed = all.Failed,
            Degraded = all.Degraded,
            InputTokens = all.InputTokens,
            OutputTokens = all.OutputTokens,
            Unmetered = all.Requests - all.Metered,
            Joules = joules,
            ActiveJoules = Some(all.ActiveRecords, "activeJoules") ? Total(parts, part => part.ActiveSum) : null,
            PrefillJoules = Some(all.PhaseRecords, "prefillJoules") ? new Joules(all.PrefillJoules) : null,
            DecodeJoules = Some(all.PhaseRecords, "decodeJoules") ? new Joules(all.DecodeJoules) : null,
            Components = new ComponentJoules
            {
                Gpu = Some(all.GpuRecords, "components.gpu") ? new Joules(all.GpuJoules) : null,
                Cpu = Some(all.CpuRecords, "components.cpu") ? new Joules(all.CpuJoules) : null,
                Dram = Some(all.DramRecords, "components.dram") ? new Joules(all.DramJoules) : null,
            },
            CO2eGrams = grams,
            JoulesPerRequest = joules?.Per(all.Metered),
            JoulesPerOutputToken = joules?.Per(all.MeteredOutputTokens),
            CO2eGramsPerRequest = grams?.Per(all.Metered),
            CO2eGramsPerOutputToken = grams?.Per(all.MeteredOutputTokens),
            DurationP95Seconds = durations?.Quantile(0.95),
            Quality = Weakest(parts),
            Reasons = reasons,
        };

        bool Some(long records, string figure)
        {
            if (all.Metered > 0 && records < all.Metered)
            {
                reasons[figure] = records == 0 ? "No metered request has it." : FormattableString.Invariant($"Only {records} of {all.Metered} metered requests have it; the sum is theirs.");
            }

            return records > 0;
        }
    }

    /// <summary>The weakest quality of what was metered; none when nothing was.</summary>
    public static EnergyQuality Weakest(IEnumerable<KeyedSums> parts) =>
        parts.Where(part => part.Metered > 0).Select(part => (EnergyQuality?)part.Key.Quality).Min() ?? EnergyQuality.None;

    /// <summary>Linear within a device, in quadrature over devices.</summary>
    public static Interval Total(IEnumerable<KeyedSums> parts, Func<KeyedSums, UncertainSum> figure) => UncertainSum.Total(parts
        .GroupBy(part => part.Key.Device, figure, StringComparer.Ordinal)
        .Select(device => device.Aggregate((a, b) => a + b)));
}
