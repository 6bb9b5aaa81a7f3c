using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Shell;

/// <summary>One place to go to.</summary>
/// <param name="Text">What is matched and shown.</param>
/// <param name="Kind">What it is: "page", "configuration", "tenant", "record".</param>
/// <param name="Href">Where it leads.</param>
/// <param name="Tenant">A tenant to switch to instead of going anywhere.</param>
/// <param name="Admin">It takes the role admin.</param>
public sealed record PaletteEntry(string Text, string Kind, string Href, string? Tenant = null, bool Admin = false);

/// <summary>What the command palette offers.</summary>
public static class PaletteEntries
{
    private const int Most = 12;

    private static readonly PaletteEntry[] Pages =
    [
        new("Overview", "page", ""),
        new("Requests", "page", "requests"),
        new("Playground", "page", "playground"),
        new("Compare", "page", "compare"),
        new("Budgets", "page", "budgets"),
        new("Models", "page", "models"),
        new("Carbon", "page", "carbon"),
        new("Access keys", "page", "keys", Admin: true),
        new("Webhooks", "page", "webhooks", Admin: true),
        new("New budget", "action", "budgets?edit=new"),
        new("New access key", "action", "keys?edit=new", Admin: true),
        new("New webhook", "action", "webhooks?edit=new", Admin: true),
        new("Restate a span", "action", "carbon?restate=new"),
        new("Greenest hours ahead", "action", "carbon"),
        new("Measure configurations", "action", "compare?measure=true"),
        new("Compare two configurations side by side", "action", "playground?mode=side"),
    ];

    /// <summary>
    /// Entries whose text holds every word that was typed; with nothing typed, the pages. What takes the role admin is there for those who have it. A text that looks like a record's id leads to that
    /// record, known here or not.
    /// </summary>
    public static IReadOnlyList<PaletteEntry> Find(
        string text,
        IReadOnlyList<ConfigurationView> configurations,
        IReadOnlyList<string> tenants,
        IReadOnlyList<RecordView> records,
        LocalTimes times,
        bool admin)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var all = Pages.Where(page => admin || !page.Admin)
            .Concat(configurations.Select(c => new PaletteEntry(ConfigurationName.Parse(c.Id).Full, "requests of configuration", "requests?configuration=" + Uri.EscapeDataString(c.Id))))
            .Concat(tenants.Select(t => new PaletteEntry(t, "switch to tenant", string.Empty, t)))
            .Concat(records.Select(r => new PaletteEntry($"{r.Record.Id}, {times.Clock(r.Record.StartedAt)}", "record", RecordHref(r.Record.Id))));
        var found = all.Where(e => words.All(w => e.Text.Contains(w, StringComparison.OrdinalIgnoreCase))).Take(Most).ToList();
        if (words is [{ Length: >= 8 } id] && LooksLikeRecord(id) && found.All(e => e.Href != RecordHref(id)))
        {
            found.Add(new PaletteEntry(id, "open record", RecordHref(id)));
        }

        return found;
    }

    private static string RecordHref(string id) => "requests?record=" + Uri.EscapeDataString(id);

    /// <summary>8 to 64 characters of [A-Za-z0-9._-] with a digit among them, as records are named.</summary>
    private static bool LooksLikeRecord(string text) =>
        text.Length <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') && text.Any(char.IsAsciiDigit);
}
