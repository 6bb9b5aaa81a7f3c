using System.Globalization;
using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Services;

/// <summary>The response header <c>x-greentune-budget</c>: <c>degrade; budget="playground"; used=0.96; from="greentune-tiny-int4"</c>.</summary>
/// <param name="Action">What the budget did.</param>
/// <param name="Budget">Its name.</param>
/// <param name="Used">(settled + reserved) over its limit.</param>
/// <param name="From">The configuration that would have answered, when it was degraded.</param>
public sealed record BudgetNotice(BudgetAction Action, string? Budget, double? Used, string? From)
{
    /// <summary>Reads the header; null when it is missing or names no action.</summary>
    public static BudgetNotice? Parse(string? header)
    {
        if (string.IsNullOrWhiteSpace(header))
        {
            return null;
        }

        var parts = Split(header);
        if (!Enum.TryParse<BudgetAction>(parts[0].Trim(), ignoreCase: true, out var action) || !Enum.IsDefined(action))
        {
            return null;
        }

        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in parts.Skip(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                values[part[..equals].Trim()] = Unquote(part[(equals + 1)..].Trim());
            }
        }

        double? used = values.TryGetValue("used", out var text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
        return new(action, values.GetValueOrDefault("budget"), used, values.GetValueOrDefault("from"));
    }

    /// <summary>At semicolons, but not within quotes: a budget's name is free text.</summary>
    private static List<string> Split(string header)
    {
        var parts = new List<string>();
        var start = 0;
        var quoted = false;
        for (var at = 0; at < header.Length; at++)
        {
            if (quoted && header[at] == '\\')
            {
                at++;
            }
            else if (header[at] == '"')
            {
                quoted = !quoted;
            }
            else if (header[at] == ';' && !quoted)
            {
                parts.Add(header[start..at]);
                start = at + 1;
            }
        }

        parts.Add(header[start..]);
        return parts;
    }

    private static string Unquote(string value) =>
        value.Length >= 2 && value[0] == '"' && value[^1] == '"'
            ? value[1..^1].Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal)
            : value;
}
