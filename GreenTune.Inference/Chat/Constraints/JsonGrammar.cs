using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace GreenTune.Inference.Chat.Constraints;

/// <summary>A JSON schema as a grammar over a model's tokens, from which each choice gets a constraint of its own.</summary>
internal sealed unsafe class JsonGrammar : SafeHandle
{
    /// <summary>LlgConstraintInit has 88 bytes in version 1; room for more.</summary>
    private const int InitBytes = 512;

    /// <summary>Where LlgConstraintInit has log_stderr_level.</summary>
    private const int LogLevel = 12;

    /// <summary>
    /// Spaces behind ',' and ':' as in most texts, and nowhere else: where white space is free, a model may write it until max_tokens, and each of it costs energy.
    /// </summary>
    private const string Spacing = """{"whitespace_flexible": false, "item_separator": ", ", "key_separator": ": "}""";

    private readonly GuidanceLibrary _library;
    private readonly GuidanceTokenizer _tokenizer;

    /// <param name="library">The grammar library.</param>
    /// <param name="tokenizer">The model's tokens.</param>
    /// <param name="schema">A JSON schema; references to other documents are not followed.</param>
    /// <exception cref="FormatException">The schema is none, or says what cannot be held; the message is the library's.</exception>
    public JsonGrammar(GuidanceLibrary library, GuidanceTokenizer tokenizer, string schema)
        : base(0, ownsHandle: true)
    {
        _library = library;
        _tokenizer = tokenizer;
        byte* init = stackalloc byte[InitBytes];
        new Span<byte>(init, InitBytes).Clear();
        library.SetDefaults(init, tokenizer.DangerousGetHandle());
        *(uint*)(init + LogLevel) = 0;
        fixed (byte* kind = "json\0"u8)
        fixed (byte* text = Encoding.UTF8.GetBytes(Spaced(schema) + '\0'))
        {
            SetHandle(library.NewMatcher(init, kind, text));
        }

        if (IsInvalid)
        {
            throw new FormatException("the grammar library took no grammar.");
        }

        if (library.Error(handle) is not null and var error)
        {
            string message = Marshal.PtrToStringUTF8((nint)error)!;
            Dispose();
            throw new FormatException(message);
        }
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>A constraint for one choice.</summary>
    public TokenConstraint Begin() => new(_library, _tokenizer, _library.CloneMatcher(handle));

    protected override bool ReleaseHandle()
    {
        _library.FreeMatcher(handle);
        return true;
    }

    private static string Spaced(string schema)
    {
        JsonNode? node = JsonNode.Parse(schema);
        if (node is JsonObject root)
        {
            root["x-guidance"] = JsonNode.Parse(Spacing);
        }

        return node?.ToJsonString() ?? "null";
    }
}
