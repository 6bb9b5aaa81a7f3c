using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GreenTune.Models.Tokenization;

/// <summary>
/// Text to tokens and back, and a model's chat template, for a model folder. Safe for concurrent use.
/// </summary>
/// <remarks>
/// Conversations are encoded by <see cref="EncodeChat"/>: the texts of control tokens inside a message stay text there, so that nobody can close
/// his own turn or write another role's. NUL characters are dropped everywhere: the library's texts end at them.
/// </remarks>
public sealed class ChatTokenizer : IDisposable
{
    private const string TokenizerFile = "tokenizer.json";
    private const string ConfigFile = "tokenizer_config.json";

    private readonly OrtxTokenizer _tokenizer;
    private readonly OrtxTokenizer _literal;
    private readonly SpecialTokens _special;
    private readonly TokenTable _table;

    private ChatTokenizer(OrtxTokenizer tokenizer, OrtxTokenizer literal, SpecialTokens special, TokenTable table)
    {
        _tokenizer = tokenizer;
        _literal = literal;
        _special = special;
        _table = table;
    }

    /// <param name="folder">A model folder with tokenizer.json and tokenizer_config.json.</param>
    /// <exception cref="ModelFolderException">A file is missing, not valid, or not understood by the library.</exception>
    public static ChatTokenizer Open(string folder)
    {
        folder = Path.GetFullPath(folder);
        byte[] config = Read(folder, ConfigFile);
        byte[] vocabulary = Read(folder, TokenizerFile);
        OrtxTokenizer? tokenizer = null;
        try
        {
            using (JsonDocument.Parse(config))
            {
                // The library ends the process on a file that is not JSON.
            }
            JsonObject json = JsonNode.Parse(vocabulary) as JsonObject ?? throw new JsonException("it is not a JSON object");
            TokenTable table = TokenTable.Read(json);
            SpecialTokens special = SpecialTokens.TakeFrom(json);
            tokenizer = OrtxTokenizer.Open(folder);
            return new ChatTokenizer(tokenizer, OrtxTokenizer.FromMemory(config, Encoding.UTF8.GetBytes(json.ToJsonString())), special, table);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or TokenizerException)
        {
            tokenizer?.Dispose();
            throw new ModelFolderException(folder, $"{TokenizerFile} or {ConfigFile} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>
    /// Tokens of a text in which control tokens are meant, such as one that <see cref="ApplyChatTemplate"/> made of trusted messages.
    /// </summary>
    /// <exception cref="TokenizerException">The library does not take the text.</exception>
    public int[] Encode(string text) => _tokenizer.Encode(WithoutNul(text));

    /// <summary>Tokens of a text that somebody wrote: control tokens' texts stay text.</summary>
    /// <exception cref="TokenizerException">The library does not take the text.</exception>
    public int[] EncodeText(string text) => _literal.Encode(WithoutNul(text));

    /// <summary>Number of tokens of a text that somebody wrote.</summary>
    public int CountTokens(string text) => EncodeText(text).Length;

    /// <summary>The tokens' text without control tokens. Bytes that are no UTF-8 become U+FFFD.</summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        IncrementalDetokenizer stream = CreateStream();
        var text = new StringBuilder(ids.Length * 4);
        foreach (int id in ids)
            text.Append(stream.Append(id));
        return text.Append(stream.Flush()).ToString();
    }

    /// <summary>Turns one answer's tokens into text as they come.</summary>
    public IncrementalDetokenizer CreateStream() => new(_table);

    /// <summary>The conversation as the model's template writes it. A message's text goes in as it is: use <see cref="EncodeChat"/> for messages from outside.</summary>
    /// <param name="messages">Turns, oldest first.</param>
    /// <param name="addGenerationPrompt">Begin the assistant's turn.</param>
    /// <exception cref="TokenizerException">The template refuses the conversation; the message is its own.</exception>
    public string ApplyChatTemplate(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartArray();
            foreach (ChatMessage message in messages)
            {
                writer.WriteStartObject();
                writer.WriteString("role", Clean(message.Role));
                writer.WriteString("content", Clean(message.Content));
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        stream.WriteByte(0);
        return _tokenizer.ApplyChatTemplate(stream.GetBuffer().AsSpan(0, (int)stream.Length), addGenerationPrompt);
    }

    /// <summary>Tokens of a conversation. Only the template can make control tokens, never a message's text or role.</summary>
    /// <inheritdoc cref="ApplyChatTemplate"/>
    public int[] EncodeChat(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        if (!messages.Any(m => _special.AreIn(m.Content) || _special.AreIn(m.Role)))
            return Encode(ApplyChatTemplate(messages, addGenerationPrompt));
        var guard = new ControlTextGuard(_special, messages);
        string prompt = ApplyChatTemplate(guard.Messages, addGenerationPrompt);
        return guard.Encode(prompt, _tokenizer, _literal);
    }

    public void Dispose()
    {
        _tokenizer.Dispose();
        _literal.Dispose();
    }

    private static byte[] Read(string folder, string name)
    {
        string path = FolderPaths.Inside(folder, name);
        return File.Exists(path) ? File.ReadAllBytes(path) : throw new ModelFolderException(folder, $"{name} is missing");
    }

    private static string WithoutNul(string text) => text.Replace("\0", "", StringComparison.Ordinal);

    /// <summary>Halves of surrogate pairs become U+FFFD, as in every other encoding to UTF-8; JSON writers refuse them.</summary>
    private static string Clean(string text)
    {
        text = WithoutNul(text);
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
    }
}
