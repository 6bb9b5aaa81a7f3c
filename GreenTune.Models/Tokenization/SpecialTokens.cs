using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace GreenTune.Models.Tokenization;

/// <summary>The control tokens of a tokenizer: texts that encode to one id each, such as "&lt;|im_end|&gt;".</summary>
internal sealed class SpecialTokens
{
    private readonly Dictionary<string, SpecialToken> _tokens;
    private readonly Regex? _pattern;

    private SpecialTokens(Dictionary<string, SpecialToken> tokens)
    {
        _tokens = tokens;
        // Longest first: one token's text may begin another's.
        if (tokens.Count > 0)
            _pattern = new Regex(string.Join('|', tokens.Keys.OrderByDescending(t => t.Length).Select(Regex.Escape)), RegexOptions.CultureInvariant);
    }

    public SpecialToken this[string text] => _tokens[text];

    /// <summary>Where control tokens' texts are.</summary>
    public IEnumerable<Match> In(string text) => _pattern?.Matches(text) ?? Enumerable.Empty<Match>();

    public bool AreIn(string text) => _pattern?.IsMatch(text) ?? false;

    /// <summary>Reads added_tokens of a tokenizer.json and takes the control tokens out of it, so that it encodes their texts as text.</summary>
    /// <remarks>Sample: <c>{"id": 2, "content": "&lt;|im_end|&gt;", "lstrip": false, "rstrip": false, "special": true, ...}</c></remarks>
    /// <exception cref="JsonException">The file is not what tokenizers write.</exception>
    public static SpecialTokens TakeFrom(JsonObject tokenizer)
    {
        var tokens = new Dictionary<string, SpecialToken>(StringComparer.Ordinal);
        var others = new JsonArray();
        foreach (JsonNode? entry in tokenizer["added_tokens"] as JsonArray ?? [])
        {
            if (entry is not JsonObject token)
                throw new JsonException("added_tokens holds something that is no token");
            if (!Flag(token, "special"))
            {
                others.Add(token.DeepClone());
                continue;
            }
            string text = token["content"]?.GetValue<string>() ?? "";
            if (text.Length > 0)
                tokens[text] = new SpecialToken(token["id"]?.GetValue<int>() ?? throw new JsonException($"the added token {text} has no id"), Flag(token, "lstrip"), Flag(token, "rstrip"));
        }
        tokenizer["added_tokens"] = others;
        return new SpecialTokens(tokens);
    }

    private static bool Flag(JsonObject token, string name) => token[name]?.GetValue<bool>() ?? false;
}

/// <summary>A control token.</summary>
/// <param name="Id">Its id.</param>
/// <param name="StripsLeft">It takes the white space before it along.</param>
/// <param name="StripsRight">It takes the white space behind it along.</param>
internal sealed record SpecialToken(int Id, bool StripsLeft, bool StripsRight);
