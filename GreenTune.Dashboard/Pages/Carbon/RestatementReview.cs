using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Carbon;

/// <summary>What a restatement would change, said before it is made.</summary>
public sealed record RestatementReview
{
    public required RestatementInput Input { get; init; }

    /// <summary>"2026-10-01 00:00 to 2026-11-01 00:00 UTC, 744 hours".</summary>
    public required string Span { get; init; }

    /// <summary>What the span holds now.</summary>
    public required string Holds { get; init; }

    /// <summary>What each of its hours gets.</summary>
    public required string Gets { get; init; }

    /// <summary>What the total becomes as far as it can be said before.</summary>
    public required string Becomes { get; init; }

    /// <summary>Earlier restatements that lose hours to this one; null when there is none.</summary>
    public string? Supersedes { get; init; }

    /// <param name="input">What is asked for.</param>
    /// <param name="span">What the span cost as it was priced when it arrived.</param>
    /// <param name="inForce">The factor of now, for its PUE.</param>
    /// <param name="earlier">Restatements that are there.</param>
    public static RestatementReview Of(RestatementInput input, Summary span, CarbonFactor? inForce, IReadOnlyList<Restatement> earlier)
    {
        var metered = span.Requests - span.Unmetered;
        var overlapping = earlier.Where(r => r.SupersededBy is null && r.From < input.To && r.To > input.From).Select(r => Figures.Count(r.Number)).ToList();
        return new RestatementReview
        {
            Input = input,
            Span = $"{RestatementText.Span(input.From, input.To)}, {RestatementText.Hours((long)(input.To - input.From).TotalHours)}",
            Holds = span.Joules is { } joules
                ? $"{Figures.Count(metered)} metered requests: {Figures.Energy(new Joules(joules.Value))}, priced at {(span.CO2eGrams is { } grams ? Figures.Carbon(new GramsCO2e(grams.Value)).ToString() : "nothing yet")} when they arrived."
                    + (span.Unmetered > 0 ? $" {Figures.Count(span.Unmetered)} requests have no energy, and so no grams either way." : string.Empty)
                : "No metered request. Only hours in which devices idled change, which reports count.",
            Gets = RestatementText.Gets(input),
            Becomes = BecomesOf(input, span, inForce),
            Supersedes = overlapping.Count == 0 ? null : $"For the hours that they share it supersedes restatement {string.Join(" and ", overlapping)}, which stays in the list.",
        };
    }

    private static string BecomesOf(RestatementInput input, Summary span, CarbonFactor? inForce)
    {
        if (span.Joules is not { } joules)
        {
            return "No request's grams change.";
        }

        if (input.Factors == RestatementForm.Stated && (input.Pue ?? inForce?.Pue) is { } pue)
        {
            var grams = Figures.Carbon(OperationalCarbon.Of(new Joules(joules.Value), pue, new GramsPerKilowattHour(input.IntensityGramsPerKwh!.Value)));
            return input.Pue is null
                ? $"About {grams}, if the PUE was {Figures.Trimmed(pue)} in all hours, as it is now; each hour keeps its own."
                : $"{grams}.";
        }

        if (input is { Factors: RestatementForm.Keep, Pue: { } other } && inForce is not null && span.CO2eGrams is { } before)
        {
            return $"About {Figures.Carbon(new GramsCO2e(before.Value * other / inForce.Pue))}, if the PUE was {Figures.Trimmed(inForce.Pue)} in all hours, as it is now.";
        }

        return "Known once it is made: the intensity of every hour is looked up then, and both totals stand side by side.";
    }
}
