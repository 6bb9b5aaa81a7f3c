using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Carbon;

/// <summary>Words and tables of restatements.</summary>
public static class RestatementText
{
    /// <summary>What can be chosen, best known first.</summary>
    public static IReadOnlyList<(string, string)> Choices { get; } =
    [
        (RestatementForm.Latest, "The sources' values as they are known now"),
        (RestatementForm.Table, "The yearly average of the site's zone"),
        (RestatementForm.Stated, "One intensity that I state"),
        (RestatementForm.Keep, "Each hour's own, with another PUE"),
    ];

    /// <summary>In UTC, because factors are of its hours: "1 Oct 2026, 00:00 to 1 Nov 2026, 00:00 UTC".</summary>
    public static string Span(DateTimeOffset from, DateTimeOffset to) => $"{Hour(from)} to {Hour(to)} UTC";

    /// <summary>"1 hour", "744 hours".</summary>
    public static string Hours(long hours) => hours == 1 ? "1 hour" : $"{Figures.Count(hours)} hours";

    /// <summary>What each hour gets, as a sentence.</summary>
    public static string Gets(RestatementInput input)
    {
        var intensity = input.Factors switch
        {
            RestatementForm.Latest => "the sources' values as they are known now, or the yearly average where they have none",
            RestatementForm.Table => "the yearly average of the zone that the site is set to now",
            RestatementForm.Stated => $"{CarbonText.Intensity(new GramsPerKilowattHour(input.IntensityGramsPerKwh ?? 0))}, stated by {input.Source}",
            _ => "the intensity that it has",
        };
        return $"Each hour gets {intensity}, {(input.Pue is { } pue ? $"and the PUE {Figures.Trimmed(pue)}" : "and keeps its PUE")}.";
    }

    /// <summary>"latest values", "yearly table", "stated", "PUE alone".</summary>
    public static string Factors(string factors) => factors switch
    {
        RestatementForm.Latest => "latest values",
        RestatementForm.Table => "yearly table",
        RestatementForm.Stated => "stated intensity",
        RestatementForm.Keep => "own intensity",
        _ => factors,
    };

    /// <summary>"+4.2 %"; what it is of stands in the column. Null when the original is nothing.</summary>
    public static string? Change(Restatement restatement)
    {
        if (restatement.OriginalGrams.Value <= 0)
        {
            return null;
        }

        var change = (restatement.RestatedGrams.Value / restatement.OriginalGrams.Value) - 1;
        return (change > 0 ? "+" : string.Empty) + Figures.Percent(change);
    }

    /// <summary>The scale in which all totals of the list stand, so that they can be compared.</summary>
    public static UnitScale Scale(IEnumerable<Restatement> restatements) =>
        UnitScale.ForColumn(restatements.SelectMany(r => (double?[])[r.OriginalGrams.Value, r.RestatedGrams.Value]), Unit.Gram);

    public static string Made(Restatement made)
    {
        var scale = UnitScale.For(Math.Max(made.OriginalGrams.Value, made.RestatedGrams.Value), Unit.Gram);
        return $"Restatement {Figures.Count(made.Number)} is made: {scale.Number(made.OriginalGrams.Value)} became {scale.Figure(made.RestatedGrams.Value)} over {Figures.Count(made.Records)} records.";
    }

    public static ChartTable Table(IReadOnlyList<Restatement> restatements, LocalTimes times) => new(
        [
            new("Number"), new("Id"), new("Made"), new("By"), new("Why"), new("From"), new("To"), new("Factors"), new("PUE", true), new("Records", true), new("Energy, J", true),
            new("Original, g", true), new("Restated, g", true), new("Hours changed", true), new("Hours unchanged", true), new("Superseded by"), new("Method"),
        ],
        [
            .. restatements.Select(IReadOnlyList<ChartCell> (r) =>
            [
                new(Whole(r.Number)), new(r.Id.ToString()), ChartCell.Time(r.At, times.Full(r.At)), new(r.By), new(r.Why), ChartCell.Time(r.From, Hour(r.From)), ChartCell.Time(r.To, Hour(r.To)), new(r.Factors),
                r.Pue is { } pue ? ChartCell.Number(pue, 2) : new(string.Empty), new(Whole(r.Records)), ChartCell.Number(r.Joules.Value, 1),
                ChartCell.Number(r.OriginalGrams.Value, 3), ChartCell.Number(r.RestatedGrams.Value, 3), new(Whole(r.ChangedHours)), new(Whole(r.UnchangedHours)), new(r.SupersededBy?.ToString() ?? string.Empty), new(r.MethodVersion),
            ]),
        ]);

    private static string Hour(DateTimeOffset at) => at.UtcDateTime.ToString("d MMM yyyy, HH:mm", CultureInfo.InvariantCulture);

    private static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);
}
