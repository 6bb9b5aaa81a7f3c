using System.Text.RegularExpressions;

namespace GreenTune.Models.Download;

/// <summary>A repository at a revision.</summary>
/// <param name="Name">For example "HuggingFaceTB/SmolLM2-135M-Instruct".</param>
/// <param name="Revision">Branch, tag or commit; null where none was named.</param>
public sealed partial record HubRepository(string Name, string? Revision)
{
    public const string DefaultRevision = "main";

    public const string Expected = "org/name or org/name@revision, for example HuggingFaceTB/SmolLM2-135M-Instruct@main";

    /// <summary>The name without its owner.</summary>
    public string ShortName => Name[(Name.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <summary>Reads "org/name" or "org/name@revision"; null where it is neither.</summary>
    public static HubRepository? TryParse(string text)
    {
        int at = text.IndexOf('@', StringComparison.Ordinal);
        string name = at < 0 ? text : text[..at];
        string? revision = at < 0 ? null : text[(at + 1)..];
        return IsName(name) && (revision is null || IsRevision(revision)) ? new HubRepository(name, revision) : null;
    }

    /// <summary>Owner and name, each of letters, digits, dots, dashes and underscores.</summary>
    public static bool IsName(string text) => text.Length <= 200 && NamePattern().IsMatch(text) && !text.Contains("..", StringComparison.Ordinal);

    /// <summary>A branch (which may have slashes), tag or commit.</summary>
    public static bool IsRevision(string text) => text.Length is > 0 and <= 200 && RevisionPattern().IsMatch(text) && !text.Contains("..", StringComparison.Ordinal);

    public static bool IsCommit(string text) => text.Length == 40 && text.All(char.IsAsciiHexDigitLower);

    public override string ToString() => Revision is null ? Name : $"{Name}@{Revision}";

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*\\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._/-]*\\z", RegexOptions.CultureInvariant)]
    private static partial Regex RevisionPattern();
}
