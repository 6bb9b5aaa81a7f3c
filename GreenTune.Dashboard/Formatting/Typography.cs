namespace GreenTune.Dashboard.Formatting;

/// <summary>Characters that the figures are set with.</summary>
public static class Typography
{
    /// <summary>Between a number and its unit (U+00A0).</summary>
    public const char NoBreakSpace = '\u00A0';

    /// <summary>Between groups of three digits (U+202F).</summary>
    public const char ThinSpace = '\u202F';

    /// <summary>A minus as wide as the digits (U+2212).</summary>
    public const char Minus = '\u2212';

    /// <summary>Stands between a figure and its 95 % half-width.</summary>
    public const char PlusMinus = '\u00B1';
}
