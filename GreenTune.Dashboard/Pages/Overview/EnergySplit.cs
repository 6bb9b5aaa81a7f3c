using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Overview;

/// <summary>Where the devices' energy went, as parts of one bar.</summary>
public static class EnergySplit
{
    public static IReadOnlyList<SplitPart> Of(EnergyBuckets buckets)
    {
        // One unit for all parts, with as many decimals as the smallest needs to be seen.
        var scale = UnitScale.For(buckets.Total.Value, Unit.Joule);
        var smallest = new[] { buckets.Active, buckets.IdleShare, buckets.Idle, buckets.Unattributed, buckets.Other }
            .Select(j => Math.Abs(j.Value) / scale.Factor).Where(v => v > 0).DefaultIfEmpty(1).Min();
        scale = scale with { Decimals = Math.Clamp((int)Math.Ceiling(-Math.Log10(smallest)), 1, 2) };
        List<SplitPart> parts =
        [
            Part("active", "Active: caused by requests", buckets.Active, "var(--c3)"),
            Part("idle-share", "Idle share of requests", buckets.IdleShare, "var(--c1)"),
            Part("idle", "Idle, nobody served", buckets.Idle, "var(--c6)"),
            Part("unattributed", "Unattributed", buckets.Unattributed, "var(--c2)"),
        ];
        if (buckets.Other.Value != 0)
        {
            parts.Add(Part("other", "Other processes", buckets.Other, "var(--c5)"));
        }

        return parts;

        SplitPart Part(string key, string label, Joules joules, string colour) => new(
            key,
            label,
            scale.Figure(joules.Value).ToString(),
            buckets.Total.Value > 0 ? Math.Max(0, joules.Value / buckets.Total.Value) : 0,
            colour);
    }

    /// <summary>The finding in one sentence, and what follows from it; null when nothing stands out.</summary>
    public static (string Finding, string Advice)? Finding(EnergyBuckets buckets)
    {
        if (!(buckets.Total.Value > 0))
        {
            return null;
        }

        var idle = buckets.Idle.Value / buckets.Total.Value;
        var unattributed = buckets.Active.Value > 0 ? buckets.Unattributed.Value / buckets.Active.Value : 0;
        return idle switch
        {
            >= 0.5 => ($"{Figures.Percent(idle)} was idle.", "Fewer resident hours save more than a smaller model."),
            _ when unattributed > 0.02 => ($"{Figures.Percent(unattributed)} of active is unattributed.", "Above 2 %, something else runs on the device."),
            _ => ($"{Figures.Percent((buckets.Active.Value + buckets.IdleShare.Value) / buckets.Total.Value)} went to requests.", "A smaller configuration or fewer tokens would save most."),
        };
    }
}
