using Microsoft.AspNetCore.WebUtilities;

namespace GreenTune.Dashboard.Shell;

/// <summary>What a page keeps in the address, so that a link leads to the same view.</summary>
internal static class QueryState
{
    /// <summary>The value of a query parameter; null when it is missing or empty.</summary>
    public static string? Value(string uri, string name)
    {
        var query = new Uri(uri, UriKind.RelativeOrAbsolute) is { IsAbsoluteUri: true } absolute ? absolute.Query : uri[Math.Max(0, uri.IndexOf('?', StringComparison.Ordinal))..];
        return QueryHelpers.ParseQuery(query).TryGetValue(name, out var values) && values.FirstOrDefault() is { Length: > 0 } value ? value : null;
    }
}
