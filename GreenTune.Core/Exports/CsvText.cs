using System.Globalization;

namespace GreenTune.Core.Exports;

/// <summary>Cells of comma-separated values by RFC 4180. What is not known is an empty cell, never 0.</summary>
public static class CsvText
{
    /// <summary>RFC 4180 ends lines so.</summary>
    public const string LineEnd = "\r\n";

    /// <summary>
    /// A text as a cell: quoted where it must be, and with an apostrophe in front where a spreadsheet would take it for a formula
    /// (OWASP, "CSV Injection": = + - @, tab, carriage return; line feed too, which some programs strip).
    /// </summary>
    public static string Cell(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        if (text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n')
            text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>As many digits as bring the same number back; empty where it is not known or not finite.</summary>
    public static string Cell(double? number) => number is { } known && double.IsFinite(known) ? known.ToString("R", CultureInfo.InvariantCulture) : "";

    /// <inheritdoc cref="Cell(double?)"/>
    public static string Cell(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";
}
