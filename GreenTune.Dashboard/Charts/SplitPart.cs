namespace GreenTune.Dashboard.Charts;

/// <summary>One part of a <see cref="SplitBar"/>.</summary>
/// <param name="Key">Name by which tests find it.</param>
/// <param name="Label">Its name.</param>
/// <param name="Text">Its figure with unit, or why there is none.</param>
/// <param name="Share">Its share of the whole, 0 to 1; 0 when it is not known.</param>
/// <param name="Colour">A colour token.</param>
/// <param name="Known">False when there is no figure.</param>
public sealed record SplitPart(string Key, string Label, string Text, double Share, string Colour, bool Known = true);
