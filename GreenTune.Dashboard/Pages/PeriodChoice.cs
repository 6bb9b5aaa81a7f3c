namespace GreenTune.Dashboard.Pages;

/// <summary>A span of time that the reader can choose.</summary>
/// <param name="Query">As the address and Accounting name it.</param>
/// <param name="Label">As the button names it.</param>
/// <param name="Phrase">As a sentence names it.</param>
public sealed record PeriodChoice(string Query, string Label, string Phrase)
{
    public static PeriodChoice Today { get; } = new("today", "Today", "today");

    public static PeriodChoice Week { get; } = new("7d", "7 days", "in the last 7 days");

    public static PeriodChoice Month { get; } = new("30d", "30 days", "in the last 30 days");

    public static IReadOnlyList<PeriodChoice> All { get; } = [Today, Week, Month];

    /// <summary>The period that the address names; today when it names none.</summary>
    public static PeriodChoice Parse(string? query) => All.FirstOrDefault(p => p.Query == query) ?? Today;
}
