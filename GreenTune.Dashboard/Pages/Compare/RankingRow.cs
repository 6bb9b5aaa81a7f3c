using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Compare;

/// <summary>One configuration in the ranking.</summary>
public sealed record RankingRow
{
    public required string Id { get; init; }

    public required ConfigurationName Name { get; init; }

    /// <summary>"1", or a dash where it is not ranked.</summary>
    public required string Rank { get; init; }

    public required bool Serves { get; init; }

    public required bool Pinned { get; init; }

    public required bool IsReference { get; init; }

    public required bool BelowFloor { get; init; }

    public required string Score { get; init; }

    /// <summary>The score's interval, or why there is none.</summary>
    public required string ScoreNote { get; init; }

    /// <summary>"16.6 mJ/token, 1 020 tokens/s".</summary>
    public required string Figures { get; init; }

    public required AxisBar Energy { get; init; }

    public required AxisBar Efficiency { get; init; }

    public required AxisBar Effectiveness { get; init; }

    public static IReadOnlyList<RankingRow> Of(ThreeEView view)
    {
        var energy = AxisScale.Of(view.Ranking.Select(r => r.Energy), logarithmic: true);
        var efficiency = AxisScale.Of(view.Ranking.Select(r => r.Efficiency), logarithmic: true);
        var effectiveness = AxisScale.Of(view.Ranking.Select(r => r.Effectiveness), logarithmic: false);
        return
        [
            .. view.Ranking.Select(score => new RankingRow
            {
                Id = score.ConfigurationId,
                Name = ConfigurationName.Parse(score.ConfigurationId),
                Rank = score.Rank?.ToString(CultureInfo.InvariantCulture) ?? "-",
                Serves = view.Auto.ConfigurationId == score.ConfigurationId,
                Pinned = view.Auto.Pinned && view.Auto.ConfigurationId == score.ConfigurationId,
                IsReference = score.IsReference,
                BelowFloor = score.BelowFloor,
                Score = score.Score is { } value ? Formatting.Figures.Ratio(value.Value) : "no score",
                ScoreNote = score.Score is { } range ? Formatting.Figures.RatioRange(range) : score.Reason ?? "an axis is missing",
                Figures = FiguresOf(score),
                Energy = energy.Bar(score.Energy, 2),
                Efficiency = efficiency.Bar(score.Efficiency, 2),
                Effectiveness = effectiveness.Bar(score.Effectiveness, 3),
            }),
        ];
    }

    /// <summary>The ranking as a table to export.</summary>
    public static ChartTable Table(ThreeEView view)
    {
        static ChartCell Cell(Interval? interval, Func<Interval, double> part, int decimals) => ChartCell.Number(interval is null ? null : part(interval), decimals);
        return new ChartTable(
            [
                new("Rank"), new("Configuration"), new("ThreeE", true), new("Low", true), new("High", true), new("Energy", true), new("Efficiency", true), new("Effectiveness", true),
                new("J/token", true), new("Tokens/s", true), new("p95, s", true), new("Task score", true), new("Below floor"), new("Quality"),
            ],
            [
                .. view.Ranking.Select(IReadOnlyList<ChartCell> (r) =>
                [
                    new(r.Rank?.ToString(CultureInfo.InvariantCulture) ?? string.Empty), new(r.ConfigurationId),
                    Cell(r.Score, i => i.Value, 3), Cell(r.Score, i => i.Low, 3), Cell(r.Score, i => i.High, 3),
                    Cell(r.Energy, i => i.Value, 3), Cell(r.Efficiency, i => i.Value, 3), Cell(r.Effectiveness, i => i.Value, 4),
                    Cell(r.JoulesPerToken, i => i.Value, 5), Cell(r.TokensPerSecond, i => i.Value, 1), Cell(r.P95Seconds, i => i.Value, 4), Cell(r.TaskScore, i => i.Value, 4),
                    new(r.BelowFloor ? "yes" : "no"), new(r.Quality.ToString().ToLowerInvariant()),
                ]),
            ]);
    }

    private static string FiguresOf(ThreeEScore score)
    {
        List<string> parts = [];
        if (score.JoulesPerToken is { } joules)
        {
            parts.Add($"{Formatting.Figures.Of(joules.Value, Unit.Joule)}/token");
        }

        if (score.TokensPerSecond is { } rate)
        {
            parts.Add($"{Formatting.Figures.Rate(rate.Value)} tokens/s");
        }

        return parts.Count > 0 ? string.Join(", ", parts) : Formatting.Figures.NotMeasured;
    }
}

/// <summary>A ratio to the reference as a bar, in percent of the bar's width.</summary>
/// <param name="Text">The ratio; "-" without one.</param>
/// <param name="PlusMinus">Half of its interval.</param>
/// <param name="From">Left end of the bar.</param>
/// <param name="Width">Length of the bar.</param>
/// <param name="Reference">Where 1 is.</param>
/// <param name="WhiskerFrom">Left end of the interval.</param>
/// <param name="WhiskerWidth">Length of the interval.</param>
public sealed record AxisBar(string Text, string PlusMinus, string From, string Width, string Reference, string WhiskerFrom, string WhiskerWidth);

/// <summary>One scale for all bars of an axis, so that they can be compared down the column.</summary>
internal sealed record AxisScale(double Min, double Max, bool Logarithmic)
{
    public static AxisScale Of(IEnumerable<Interval?> intervals, bool logarithmic)
    {
        List<double> ends = [1, .. intervals.OfType<Interval>().SelectMany(i => (double[])[i.Low, i.High, i.Value]).Where(v => double.IsFinite(v) && (!logarithmic || v > 0))];
        var (min, max) = (ends.Min(), ends.Max());
        // Room on both sides, so that no whisker ends at the edge; equal values still get a width.
        return logarithmic
            ? new(min / 1.2, Math.Max(max * 1.2, min * 1.5), true)
            : new(min - Math.Max(0.02, (max - min) * 0.08), max + Math.Max(0.02, (max - min) * 0.08), false);
    }

    public AxisBar Bar(Interval? interval, int decimals)
    {
        if (interval is null)
        {
            return new("-", string.Empty, "0%", "0%", Percent(At(1)), "0%", "0%");
        }

        var (value, reference) = (At(interval.Value), At(1));
        var (low, high) = (At(interval.Low), At(interval.High));
        return new(
            Figures.Ratio(interval.Value, decimals),
            Figures.RatioPlusMinus(interval, decimals),
            Percent(Math.Min(value, reference)),
            Percent(Math.Abs(value - reference)),
            Percent(reference),
            Percent(low),
            Percent(Math.Max(0, high - low)));
    }

    private double At(double value)
    {
        var share = Logarithmic ? Math.Log(Math.Max(value, Min) / Min) / Math.Log(Max / Min) : (value - Min) / (Max - Min);
        return Math.Clamp(share, 0, 1);
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.##}%");
}
