using System.Security.Cryptography;
using System.Text;
using GreenTune.Models.Tokenization;

namespace GreenTune.Models.Calibration;

/// <summary>
/// A text of several documents, each ended by a line <c>%%</c>. A document that begins with a line <c>@system</c>, <c>@user</c> or <c>@assistant</c> is a
/// conversation, whose turns begin with such lines each; every other document is plain text. A file without any mark is one plain document.
/// </summary>
public sealed class MarkedText
{
    private static readonly string[] Roles = ["@system", "@user", "@assistant"];

    private MarkedText(string name, string sha256, IReadOnlyList<MarkedDocument> documents) => (Name, Sha256, Documents) = (name, sha256, documents);

    /// <summary>What it is called in manifests and tables: "bundled calibration text", or a file's name.</summary>
    public string Name { get; }

    /// <summary>Of the bytes, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    public IReadOnlyList<MarkedDocument> Documents { get; }

    /// <exception cref="ArgumentException">The bytes are no UTF-8, or hold no document.</exception>
    public static MarkedText Of(string name, byte[] bytes)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF').ReplaceLineEndings("\n");
        }
        catch (DecoderFallbackException e)
        {
            throw new ArgumentException($"{name} is not UTF-8 text.", nameof(bytes), e);
        }
        MarkedDocument[] documents = [.. ("\n" + text).Split("\n%%\n").Select(d => d.Trim('\n')).Where(d => d.Length > 0).Select(MarkedDocument.Of)];
        return documents.Length > 0
            ? new MarkedText(name, Convert.ToHexStringLower(SHA256.HashData(bytes)), documents)
            : throw new ArgumentException($"{name} is empty; some kilobytes of plain text are expected, for example what the model is used for.", nameof(bytes));
    }

    /// <summary>Reads a file that somebody named.</summary>
    /// <exception cref="ModelFolderException">It is not there, cannot be read, or holds no text.</exception>
    public static MarkedText Open(string path)
    {
        try
        {
            return Of(Path.GetFileName(path), File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ModelFolderException(path, $"the calibration text cannot be used: {e.Message}", e);
        }
    }

    /// <summary>
    /// Token ids of documents: turns as the model's chat template writes them, plain documents as a user's turn, or all as plain text where there is no template. Long documents are cut into several
    /// sequences. Documents are drawn evenly over the whole text, so that a part of it holds of everything it has.
    /// </summary>
    /// <param name="tokenizer">The model's own.</param>
    /// <param name="tokens">How many tokens are wanted; null for all.</param>
    /// <param name="longest">Tokens of one sequence, at most.</param>
    public IReadOnlyList<int[]> Encode(ChatTokenizer tokenizer, int? tokens, int longest)
    {
        var sequences = new List<int[]>();
        int left = tokens ?? int.MaxValue;
        foreach (MarkedDocument document in Spread())
        {
            foreach (int[] chunk in document.Encode(tokenizer).Chunk(longest))
            {
                int[] part = chunk.Length <= left ? chunk : chunk[..left];
                // One token alone predicts nothing.
                if (part.Length > 1)
                    sequences.Add(part);
                left -= part.Length;
                if (left == 0)
                    return sequences;
            }
        }
        return sequences;
    }

    /// <summary>The documents in the order of the fractions of i x golden ratio, whose every beginning is spread evenly.</summary>
    private IEnumerable<MarkedDocument> Spread() =>
        Documents.Select((d, i) => (Document: d, Place: i * 0.6180339887498949 % 1)).OrderBy(d => d.Place).Select(d => d.Document);

    internal static string? Role(string line) => Array.Find(Roles, r => line == r)?[1..];
}

/// <summary>A part of a <see cref="MarkedText"/>.</summary>
/// <param name="Text">As it was written, without marks of turns.</param>
/// <param name="Turns">Turns of a conversation; empty for plain text.</param>
public sealed record MarkedDocument(string Text, IReadOnlyList<ChatMessage> Turns)
{
    internal static MarkedDocument Of(string document)
    {
        var turns = new List<(string Role, List<string> Lines)>();
        string[] lines = document.Split('\n');
        if (MarkedText.Role(lines[0]) is null)
            return new(document, []);
        foreach (string line in lines)
        {
            if (MarkedText.Role(line) is { } role)
                turns.Add((role, []));
            else
                turns[^1].Lines.Add(line);
        }
        ChatMessage[] messages = [.. turns.Select(t => new ChatMessage(t.Role, string.Join('\n', t.Lines).Trim('\n')))];
        return new(string.Join('\n', messages.Select(m => m.Content)), messages);
    }

    /// <summary>As the model's template writes it; a plain text is what a user says, since a chat model was trained on nothing outside turns.</summary>
    internal int[] Encode(ChatTokenizer tokenizer)
    {
        try
        {
            return tokenizer.EncodeChat(Turns.Count > 0 ? Turns : [new("user", Text)], addGenerationPrompt: false);
        }
        catch (TokenizerException)
        {
            // A model without a chat template, or whose template takes no such turns, was trained on plain text.
            return tokenizer.EncodeText(Text);
        }
    }
}
