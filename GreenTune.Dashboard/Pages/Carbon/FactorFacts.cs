using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Carbon;

/// <summary>Where a factor is from, as lines of a name and a value.</summary>
public static class FactorFacts
{
    public static IReadOnlyList<(string Name, string Value)> Of(CarbonFactor factor, DateTimeOffset now, LocalTimes times)
    {
        var facts = new List<(string, string)>
        {
            ("Zone", factor.ZoneName == factor.Zone ? factor.Zone : $"{factor.ZoneName} ({factor.Zone})"),
            ("Of", Of(factor, times)),
            ("Source", $"{factor.Source}, licence {factor.Licence}"),
        };
        if (factor.FetchedAt is { } fetched)
        {
            facts.Add(("Asked", $"{times.Recent(fetched, now)}, {CarbonText.Ago(fetched, now)}"));
        }

        if (factor.UpdatedAt is { } updated)
        {
            facts.Add(("Changed there", $"{times.Recent(updated, now)}, {CarbonText.Ago(updated, now)}"));
        }

        facts.Add(("Counts", $"{(factor.FactorType == "direct" ? "direct emissions of the plants" : "the whole life cycle")}, {(factor.GasBasis == "CO2" ? "CO2 alone" : "all greenhouse gases as " + factor.GasBasis)}"));
        facts.Add(("PUE", factor.PueAssumed
            ? $"{Figures.Trimmed(factor.Pue)}, assumed: set Carbon__Pue, for example 1.2; until then grams are a lower bound"
            : $"{Figures.Trimmed(factor.Pue)}, stated by the site"));
        facts.Add(("Value", (factor.Forecast, factor.Method, factor.Estimated) switch
        {
            (true, _, _) => "forecast",
            (_, { } method, _) => $"estimated by the source ({method})",
            (_, _, true) => "stand-in",
            _ when factor.ValidFrom is not null => "measured or final, as the source gives it",
            _ => "published yearly average",
        }));
        if (factor.Provisional)
        {
            facts.Add(("May change", "a better value of this hour may still come; records that were priced keep theirs"));
        }

        facts.Add(("Method", factor.MethodVersion));
        return facts;
    }

    private static string Of(CarbonFactor factor, LocalTimes times) => (factor.ValidFrom, factor.ValidTo, factor.Year) switch
    {
        ({ } from, { } to, _) => $"{times.Day(from)}, {times.HourMinute(from)} to {times.HourMinute(to)}",
        (_, _, { } year) => string.Create(CultureInfo.InvariantCulture, $"the year {year}"),
        _ => "the source does not say",
    };
}
