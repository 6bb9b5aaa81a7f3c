using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Overview;

/// <summary>One figure of the strip on top of Overview, ready to be shown.</summary>
/// <param name="Key">Name by which tests find it.</param>
/// <param name="Label">What it is.</param>
/// <param name="Value">The figure; null when it is not known, with the reason in <paramref name="Note"/>.</param>
/// <param name="Range">Its interval, or what belongs right under it.</param>
/// <param name="Quality">Its provenance.</param>
/// <param name="Note">What it is compared with or made of.</param>
/// <param name="Hero">Set apart.</param>
public sealed record OverviewKpi(string Key, string Label, Figure? Value, string? Range, EnergyQuality? Quality, string? Note, bool Hero = false);

/// <summary>Writes a summary as figures.</summary>
public static class OverviewKpis
{
    public static IReadOnlyList<OverviewKpi> Of(Summary? summary, PeriodChoice period) => summary is null
        ? [.. Names.Select(n => new OverviewKpi(n.Key, n.Label, null, null, null, null, n.Key == "saved"))]
        : [Energy(summary, period), Carbon(summary), PerToken(summary), Requests(summary), Saved(summary)];

    private static IReadOnlyList<(string Key, string Label)> Names { get; } =
        [("energy", "Energy"), ("carbon", "CO2e"), ("per-token", "Energy per token"), ("requests", "Requests"), ("saved", "Saved vs reference")];

    private static OverviewKpi Energy(Summary summary, PeriodChoice period)
    {
        var note = summary.Joules is null ? Missing(summary)
            : summary.Unmetered > 0 ? $"{Figures.Count(summary.Unmetered)} requests not metered, left out"
            : Change(summary.Joules.Value, summary.PreviousJoules, period);
        return new("energy", "Energy", Of(summary.Joules, Unit.Joule), Range(summary.Joules, Unit.Joule), summary.Quality, note);
    }

    private static OverviewKpi Carbon(Summary summary)
    {
        var factor = summary.Factor;
        var zone = factor.Zone == "WORLD" ? "world average" : factor.ZoneName;
        var note = summary.CO2eGrams is null
            ? Missing(summary)
            : $"{Figures.Significant(factor.Intensity.Value)} g/kWh {zone}, PUE {Figures.Trimmed(factor.Pue)}";
        return new("carbon", "CO2e", Of(summary.CO2eGrams, Unit.Gram), Range(summary.CO2eGrams, Unit.Gram), summary.Quality, note);
    }

    private static OverviewKpi PerToken(Summary summary)
    {
        var note = summary.JoulesPerOutputToken is null ? Missing(summary) : $"{Figures.ShortCount(summary.OutputTokens)} output tokens";
        return new("per-token", "Energy per token", Of(summary.JoulesPerOutputToken, Unit.Joule), Range(summary.JoulesPerOutputToken, Unit.Joule), summary.Quality, note);
    }

    private static OverviewKpi Requests(Summary summary)
    {
        List<string> parts = [];
        void Add(long count, string what)
        {
            if (count > 0)
            {
                parts.Add($"{Figures.Count(count)} {what}");
            }
        }

        Add(summary.Cancelled, "cancelled");
        Add(summary.Failed, "failed");
        Add(summary.Refused, "refused");
        var range = parts.Count > 0 ? string.Join(", ", parts) : summary.Requests > 0 ? "all completed" : "none yet";
        var note = summary.DurationP95Seconds is { } p95 ? $"p95 {Figures.Duration(p95)}" : null;
        // Counted, not estimated: the badge is about the figure it stands under.
        return new("requests", "Requests", new Figure(Figures.Count(summary.Requests), string.Empty), range, summary.Requests > 0 ? EnergyQuality.Measured : null, note);
    }

    private static OverviewKpi Saved(Summary summary)
    {
        if (summary.Saving is not { } saving)
        {
            return new("saved", "Saved vs reference", null, null, null, summary.Requests == 0 ? "no requests yet" : "Measure configurations on Compare to have a reference", Hero: true);
        }

        var reference = ConfigurationName.Parse(saving.ReferenceConfigurationId).Label;
        return new(
            "saved",
            "Saved vs reference",
            Figures.Percent(saving.Fraction.Value),
            $"{Figures.PercentRange(saving.Fraction)}, {Figures.Energy(saving.Joules)}",
            summary.Quality,
            $"against {reference}, plan {saving.PlanNumber}",
            Hero: true);
    }

    private static string? Change(double joules, Joules? previous, PeriodChoice period)
    {
        if (previous is not { Value: > 0 } before)
        {
            return null;
        }

        var change = (joules / before.Value) - 1;
        var than = period == PeriodChoice.Today ? "yesterday, same hour" : $"the {period.Label} before";
        if (change >= 2)
        {
            return $"{Figures.Significant(change + 1, 2)} times {than}";
        }

        return Math.Abs(change) < 0.005 ? $"as {than}" : $"{Figures.Percent(Math.Abs(change))} {(change < 0 ? "below" : "above")} {than}";
    }

    private static string Missing(Summary summary) => summary.Requests == 0 ? "no requests yet" : "none of the requests was metered";

    private static Figure? Of(Interval? interval, Unit unit) => interval is null ? null : Figures.Of(interval.Value, unit);

    private static string? Range(Interval? interval, Unit unit) => interval is null ? null : Figures.Range(interval, unit);
}
