using System.Globalization;
using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Pages.Compare;

/// <summary>Settings as the reader has them on the screen; nothing of it holds until it is saved.</summary>
/// <param name="Weights">Weights of the axes.</param>
/// <param name="Floor">Quality floor, 0 to 1.</param>
/// <param name="Reference">Reference configuration; null takes the plan's.</param>
/// <param name="Pinned">Pinned configuration; null lets the scores decide.</param>
public sealed record CompareDraft(ThreeEWeights Weights, double Floor, string? Reference, string? Pinned)
{
    public static CompareDraft Of(ThreeESettings settings) => new(settings.Weights, settings.Floor, settings.Reference, settings.Pinned);

    public bool SameAs(ThreeESettings settings) =>
        WeightMoves.Same(Weights, settings.Weights) && Math.Abs(Floor - settings.Floor) < 1e-9 && Reference == settings.Reference && Pinned == settings.Pinned;

    public ThreeESettingsInput ToInput(long? version) => new() { Weights = Weights, Floor = Floor, Reference = Reference, Pinned = Pinned, Version = version };

    /// <summary>As the address keeps it: "0.5,0.3,0.2".</summary>
    public string WeightsQuery => string.Create(CultureInfo.InvariantCulture, $"{Weights.Energy:0.####},{Weights.Efficiency:0.####},{Weights.Effectiveness:0.####}");

    /// <summary>Reads weights from an address; null when they are not three numbers.</summary>
    public static ThreeEWeights? ParseWeights(string? query)
    {
        var parts = (query ?? string.Empty).Split(',');
        double[] values = [.. parts.Select(p => double.TryParse(p, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : double.NaN)];
        return values.Length == 3 && values.All(double.IsFinite) ? WeightMoves.Normalise(values[0], values[1], values[2]) : null;
    }
}
