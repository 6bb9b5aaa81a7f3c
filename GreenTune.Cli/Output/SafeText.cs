using System.Text;

namespace GreenTune.Cli.Output;

/// <summary>Text from models and services on its way to a terminal, which would obey control characters in it.</summary>
internal static class SafeText
{
    /// <summary>Keeps line ends and tabs of control characters.</summary>
    public static string Block(string text) => Replace(text, keepLines: true);

    /// <summary>One line.</summary>
    public static string Line(string text) => Replace(text.ReplaceLineEndings(" "), keepLines: false);

    private static string Replace(string text, bool keepLines)
    {
        if (!text.Any(char.IsControl))
            return text;
        var safe = new StringBuilder(text.Length);
        foreach (char c in text)
            safe.Append(!char.IsControl(c) || (keepLines && c is '\n' or '\t') ? c : '\uFFFD');
        return safe.ToString();
    }
}
