using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Records;

/// <summary>One unit per column for a set of rows, as their headings name it.</summary>
/// <param name="Joules">Scale of the energy column.</param>
/// <param name="Grams">Scale of the CO2e column.</param>
/// <param name="Seconds">Scale of the duration columns.</param>
public sealed record RecordColumns(UnitScale Joules, UnitScale Grams, UnitScale Seconds)
{
    public static RecordColumns Of(IReadOnlyCollection<RecordRow> rows) => new(
        UnitScale.ForColumn(rows.Select(r => r.Joules), Unit.Joule),
        UnitScale.ForColumn(rows.Select(r => r.Grams), Unit.Gram),
        UnitScale.ForColumn(rows.Select(r => (double?)r.DurationSeconds), Unit.Second));

    /// <summary>The rows as a table to export, in base units, with times and ids in full.</summary>
    public static ChartTable Table(IEnumerable<RecordRow> rows, LocalTimes times)
    {
        var (joules, grams, seconds) = (new UnitScale("J", 1, 6), new UnitScale("g", 1, 9), new UnitScale("s", 1, 6));
        return new ChartTable(
            [
                new("Record"), new("Time"), new("Configuration"), new("Tenant"), new("Input tokens", true), new("Output tokens", true), new("Duration, s", true),
                new("Time to first token, s", true), new("Energy, J", true), new("Energy 95 % half-width, J", true), new("CO2e, g", true), new("Quality"), new("Outcome"),
            ],
            [
                .. rows.Select(IReadOnlyList<ChartCell> (r) =>
                [
                    new(r.Id), ChartCell.Time(r.StartedAt, times.Full(r.StartedAt)), new(r.Configuration.Id), new(r.Tenant),
                    ChartCell.Number(r.InputTokens, 0), ChartCell.Number(r.OutputTokens, 0), ChartCell.Number(r.DurationSeconds, seconds),
                    ChartCell.Number(r.FirstTokenSeconds, seconds), ChartCell.Number(r.Joules, joules), ChartCell.Number(r.JoulesHalfWidth, joules),
                    ChartCell.Number(r.Grams, grams), new(r.Quality.ToString().ToLowerInvariant()), new(r.Outcome),
                ]),
            ]);
    }
}
