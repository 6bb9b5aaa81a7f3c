namespace GreenTune.Dashboard.Formatting;

/// <summary>A number written for the reader and its unit, kept apart because the unit is set smaller.</summary>
/// <param name="Value">The number, grouped by narrow no-break spaces.</param>
/// <param name="Unit">The unit with its SI prefix; empty for a count.</param>
public readonly record struct Figure(string Value, string Unit)
{
    /// <summary>Number and unit on one line, joined by a no-break space.</summary>
    public override string ToString() => Unit.Length == 0 ? Value : Value + Typography.NoBreakSpace + Unit;
}
