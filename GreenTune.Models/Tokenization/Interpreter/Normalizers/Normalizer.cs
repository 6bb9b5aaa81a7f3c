using System.Globalization;
using System.Text;

namespace GreenTune.Models.Tokenization.Interpreter.Normalizers;

/// <summary>What is done to a text before it is split: "normalizer" of tokenizer.json.</summary>
internal abstract class Normalizer
{
    public abstract string Apply(string text);

    /// <summary>Null when the file has no normaliser.</summary>
    /// <exception cref="System.Text.Json.JsonException">The kind is not known, or a field is wrong.</exception>
    public static Normalizer? Read(JsonField field)
    {
        if (field.IsNull)
            return null;
        return field.Type switch
        {
            "Sequence" => new SequenceNormalizer([.. field["normalizers"].Items().Select(f => Read(f) ?? throw f.Wrong("is null"))]),
            "NFC" => new FormNormalizer(NormalizationForm.FormC),
            "NFD" => new FormNormalizer(NormalizationForm.FormD),
            "NFKC" => new FormNormalizer(NormalizationForm.FormKC),
            "NFKD" => new FormNormalizer(NormalizationForm.FormKD),
            "Prepend" => new PrependNormalizer(field["prepend"].Text),
            "Replace" => new ReplaceNormalizer(PatternField.Read(field["pattern"]), field["content"].Text),
            "Lowercase" => new LowercaseNormalizer(),
            "Strip" => new StripNormalizer(field["strip_left"].Flag(true), field["strip_right"].Flag(true)),
            "StripAccents" => new StripAccentsNormalizer(),
            "BertNormalizer" => BertNormalizer.Read(field),
            "ByteLevel" => new ByteLevelNormalizer(),
            string other => throw field["type"].Wrong($"is {other}; known are Sequence, NFC, NFD, NFKC, NFKD, Prepend, Replace, Lowercase, Strip, StripAccents, BertNormalizer and ByteLevel"),
        };
    }
}

internal sealed class SequenceNormalizer(Normalizer[] parts) : Normalizer
{
    public override string Apply(string text) => parts.Aggregate(text, (t, part) => part.Apply(t));
}

internal sealed class FormNormalizer(NormalizationForm form) : Normalizer
{
    public override string Apply(string text) => UnicodeNormalization.Normalize(text, form);
}

internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override string Apply(string text) => text.Length == 0 ? text : prefix + text;
}

internal sealed class ReplaceNormalizer(PatternField pattern, string content) : Normalizer
{
    public override string Apply(string text)
    {
        if (pattern.Literal is { Length: > 0 } literal)
            return text.Replace(literal, content, StringComparison.Ordinal);
        var matches = new List<(int Start, int End)>();
        pattern.Matches(text, matches);
        if (matches.Count == 0)
            return text;
        var result = new StringBuilder(text.Length);
        int start = 0;
        foreach ((int from, int to) in matches)
        {
            result.Append(text, start, from - start).Append(content);
            start = to;
        }
        return result.Append(text, start, text.Length - start).ToString();
    }
}

internal sealed class LowercaseNormalizer : Normalizer
{
    // The one letter whose lower case is two characters.
    public override string Apply(string text) => text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();
}

internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override string Apply(string text)
    {
        text = left ? text.TrimStart() : text;
        return right ? text.TrimEnd() : text;
    }
}

internal sealed class StripAccentsNormalizer : Normalizer
{
    public override string Apply(string text)
    {
        if (Ascii.IsValid(text))
            return text;
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
                result.Append(rune.ToString());
        }
        return result.ToString();
    }
}

internal sealed class ByteLevelNormalizer : Normalizer
{
    public override string Apply(string text) => ByteAlphabet.Encode(text);
}
