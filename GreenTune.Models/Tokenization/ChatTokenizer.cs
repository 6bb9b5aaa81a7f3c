using System.Text;
using System.Text.Json;
using GreenTune.Models.Tokenization.Interpreter;
using GreenTune.Models.Tokenization.Templates;

namespace GreenTune.Models.Tokenization;

/// <summary>
/// Text to tokens and back, and a model's chat template, for a model folder: what tokenizer.json and the template say, with the ids and texts that Hugging
/// Face's tokenizers and transformers give. Safe for concurrent use.
/// </summary>
/// <remarks>
/// Conversations are encoded by <see cref="EncodeChat"/>: the texts of control tokens inside a message stay text there, so that nobody can close
/// his own turn or write another role's.
/// </remarks>
public sealed class ChatTokenizer : IDisposable
{
    private const string TokenizerFile = "tokenizer.json";

    private readonly TokenizerInterpreter _interpreter;
    private readonly TokenizerConfig _config;
    private readonly TimeProvider _time;
    private bool _disposed;

    private ChatTokenizer(TokenizerInterpreter interpreter, TokenizerConfig config, TimeProvider time)
    {
        _interpreter = interpreter;
        _config = config;
        _time = time;
    }

    /// <summary>One more than the highest id that the tokenizer has.</summary>
    public int VocabularySize => _interpreter.Table.Count;

    /// <summary>Whether the folder has a chat template; without one <see cref="ApplyChatTemplate"/> throws.</summary>
    public bool HasChatTemplate => _config.HasTemplate;

    internal TokenizerInterpreter Interpreter => _interpreter;

    /// <param name="folder">A model folder with tokenizer.json and tokenizer_config.json; special_tokens_map.json and chat_template.jinja are read where they are.</param>
    /// <param name="time">What a template's strftime_now shows; null for the system's clock.</param>
    /// <exception cref="ModelFolderException">A file is missing or not valid, or its tokenizer is of a kind that is not known; the message names file and field.</exception>
    public static ChatTokenizer Open(string folder, TimeProvider? time = null)
    {
        folder = Path.GetFullPath(folder);
        TokenizerConfig config = TokenizerConfig.Read(folder);
        byte[] file = TokenizerFiles.Read(folder, TokenizerFile) ?? throw new ModelFolderException(folder, $"{TokenizerFile} is missing");
        try
        {
            return new ChatTokenizer(TokenizerInterpreter.Read(file), config, time ?? TimeProvider.System);
        }
        catch (Exception e) when (e is JsonException or TokenizerException)
        {
            throw new ModelFolderException(folder, $"{TokenizerFile} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>
    /// Tokens of a text in which control tokens are meant, such as one that <see cref="ApplyChatTemplate"/> made of trusted messages. None are added.
    /// </summary>
    /// <exception cref="TokenizerException">The tokenizer's regular expression takes too many steps on the text.</exception>
    public int[] Encode(string text) => Live.Encode(text, withFrame: false);

    /// <summary>
    /// Tokens of a plain prompt, with the special tokens that the tokenizer itself puts around a text (add_special_tokens), such as a first &lt;s&gt;.
    /// </summary>
    /// <param name="text">The prompt.</param>
    /// <param name="controlTokens">Texts of control tokens in it are control tokens, as in Hugging Face's tokenizers; false: they stay text.</param>
    /// <exception cref="TokenizerException">The tokenizer's regular expression takes too many steps on the text.</exception>
    public int[] EncodePrompt(string text, bool controlTokens = true) => Live.Encode(text, withFrame: true, controlTokens ? null : Everywhere);

    /// <summary>Tokens of a text that somebody wrote: control tokens' texts stay text.</summary>
    /// <exception cref="TokenizerException">The tokenizer's regular expression takes too many steps on the text.</exception>
    public int[] EncodeText(string text) => Live.Encode(text, withFrame: false, Everywhere);

    /// <summary>Number of tokens of a text that somebody wrote.</summary>
    public int CountTokens(string text) => EncodeText(text).Length;

    /// <summary>The tokens' text. Bytes that are no UTF-8 become U+FFFD; ids that the tokenizer does not have are left out.</summary>
    /// <param name="ids">Tokens.</param>
    /// <param name="skipSpecialTokens">Leave control tokens out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        IncrementalDetokenizer stream = CreateStream(skipSpecialTokens);
        var text = new StringBuilder(ids.Length * 4);
        foreach (int id in ids)
            text.Append(stream.Append(id));
        return text.Append(stream.Flush()).ToString();
    }

    /// <summary>The bytes that a token stands for inside a text, a control token's being its name; none for ids that the tokenizer does not have.</summary>
    public ReadOnlySpan<byte> TokenBytes(int id) => _interpreter.Table.Bytes(id, first: false);

    /// <summary>Whether a token is a control token, which is no part of a text.</summary>
    public bool IsControl(int id) => _interpreter.Table.IsSpecial(id);

    /// <summary>Turns one answer's tokens into text as they come.</summary>
    /// <param name="skipSpecialTokens">Leave control tokens out.</param>
    public IncrementalDetokenizer CreateStream(bool skipSpecialTokens = true) => new(_interpreter.Table, skipSpecialTokens);

    /// <summary>The conversation as the model's template writes it. A message's text goes in as it is: use <see cref="EncodeChat"/> for messages from outside.</summary>
    /// <param name="messages">Turns, oldest first.</param>
    /// <param name="addGenerationPrompt">Begin the assistant's turn.</param>
    /// <param name="tools">Tools that the model may call, a JSON array as in OpenAI's API; null for none.</param>
    /// <exception cref="TokenizerException">There is no template, or it refuses the conversation; the message is its own.</exception>
    public string ApplyChatTemplate(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, JsonElement? tools = null) =>
        Render(messages, addGenerationPrompt, tools, static text => text);

    /// <summary>Tokens of a conversation. Only the template can make control tokens, never a message's, a tool's or a role's text.</summary>
    /// <inheritdoc cref="ApplyChatTemplate"/>
    public int[] EncodeChat(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, JsonElement? tools = null)
    {
        TokenizerInterpreter interpreter = Live;
        var guard = new ControlTextGuard(interpreter.ControlTexts, messages, tools);
        string prompt = guard.Restore(Render(messages, addGenerationPrompt, tools, guard.Mark), out List<(int Start, int End)> places);
        return interpreter.Encode(prompt, withFrame: false, places.Count == 0 ? null : ControlTextGuard.Touches(places));
    }

    public void Dispose() => _disposed = true;

    private static bool Everywhere(int start, int end) => true;

    private TokenizerInterpreter Live
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _interpreter;
        }
    }

    private string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, JsonElement? tools, Func<string, string> change)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        (PythonList turns, object? toolValues) = Conversation.ToValues(messages, tools, change);
        ChatTemplate template = _config.Template(withTools: toolValues is not null);
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["messages"] = turns,
            ["tools"] = toolValues,
            ["documents"] = null,
            ["add_generation_prompt"] = addGenerationPrompt,
        };
        foreach ((string name, string text) in _config.Tokens)
            values[name] = text;
        try
        {
            return template.Render(values, _time);
        }
        catch (TemplateException e)
        {
            throw new TokenizerException($"The model's chat template does not take this conversation: {e.Message}", e);
        }
    }
}
