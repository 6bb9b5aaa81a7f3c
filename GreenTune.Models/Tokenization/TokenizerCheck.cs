using System.Text.Json;
using GreenTune.Models.Tokenization.Interpreter;

namespace GreenTune.Models.Tokenization;

/// <summary>A string for which a tokenizer gives something else than expected.</summary>
/// <param name="Text">The string.</param>
/// <param name="Field">What differs: "ids", "ids_with_special" or "decoded".</param>
/// <param name="Expected">What was expected; ids separated by spaces.</param>
/// <param name="Got">What the tokenizer gives.</param>
public sealed record TokenizerDifference(string Text, string Field, string Expected, string Got);

/// <summary>Outcome of <see cref="TokenizerCheck.Compare"/>.</summary>
/// <param name="Strings">Strings that were compared.</param>
/// <param name="Differences">Every difference, in the file's order.</param>
public sealed record TokenizerCheckResult(int Strings, IReadOnlyList<TokenizerDifference> Differences)
{
    /// <summary>At least one string was compared and none differs.</summary>
    public bool Agrees => Strings > 0 && Differences.Count == 0;
}

/// <summary>Compares a tokenizer with what another implementation gives for the same strings.</summary>
public static class TokenizerCheck
{
    /// <param name="folder">Folder with tokenizer.json and tokenizer_config.json.</param>
    /// <param name="expectedFile">
    /// A JSON array: <c>[{"text": "Hello", "ids": [1, 2], "ids_with_special": [0, 1, 2], "decoded": "Hello"}]</c>. ids are those without the special tokens that the
    /// tokenizer adds; decoded is the text of ids, control tokens shown. ids_with_special and decoded may be left out.
    /// </param>
    /// <exception cref="ModelFolderException">The tokenizer cannot be opened, or the expected file is missing or not what it should be.</exception>
    public static TokenizerCheckResult Compare(string folder, string expectedFile)
    {
        using ChatTokenizer tokenizer = ChatTokenizer.Open(folder);
        string file = Path.GetFullPath(expectedFile);
        string where = Path.GetDirectoryName(file) ?? folder;
        if (!File.Exists(file))
            throw new ModelFolderException(where, $"{Path.GetFileName(file)} is missing");
        var differences = new List<TokenizerDifference>();
        int strings = 0;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (JsonField item in new JsonField(document.RootElement, "").Items())
            {
                string text = item["text"].Text;
                int[] ids = Ids(item["ids"]);
                Differ(text, "ids", Join(ids), Join(tokenizer.Encode(text)));
                if (!item["ids_with_special"].IsNull)
                    Differ(text, "ids_with_special", Join(Ids(item["ids_with_special"])), Join(tokenizer.EncodePrompt(text)));
                if (item["decoded"].TextOrNull is { } decoded)
                    Differ(text, "decoded", decoded, tokenizer.Decode(ids, skipSpecialTokens: false));
                strings++;
            }
        }
        catch (Exception e) when (e is JsonException or TokenizerException)
        {
            throw new ModelFolderException(where, $"{Path.GetFileName(file)} cannot be compared: {e.Message}", e);
        }
        return new TokenizerCheckResult(strings, differences);

        void Differ(string text, string field, string expected, string got)
        {
            if (!string.Equals(expected, got, StringComparison.Ordinal))
                differences.Add(new TokenizerDifference(text, field, expected, got));
        }
    }

    private static int[] Ids(JsonField field) => [.. field.Items().Select(i => i.Integer)];

    private static string Join(int[] ids) => string.Join(' ', ids);
}
