using System.Text.RegularExpressions;

namespace GreenTune.Models.Store;

/// <summary>Names that checkpoints may have here: they are folder names, parts of configurations' ids and of addresses.</summary>
public static partial class CheckpointNames
{
    /// <summary>What a folder is called while its files arrive.</summary>
    internal const string UnfinishedEnding = ".unfinished";

    public const string Expected = "letters, digits, dots, dashes and underscores are taken, at most 100, the first a letter or digit, for example smollm2-135m";

    public static bool IsName(string text) =>
        NamePattern().IsMatch(text) && !text.EndsWith('.') && !text.Contains(UnfinishedEnding, StringComparison.OrdinalIgnoreCase) && Download.HubFile.IsSafePath(text);

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
