using System.Globalization;
using System.Text;

namespace GreenTune.Models.Tokenization.Interpreter.Normalizers;

/// <summary>BERT's: control characters out, white space to spaces, spaces around CJK characters, accents and cases off as asked.</summary>
internal sealed class BertNormalizer(bool clean, bool spaceChinese, bool stripAccents, bool lowercase) : Normalizer
{
    private readonly StripAccentsNormalizer _accents = new();

    public static new BertNormalizer Read(JsonField field)
    {
        bool lowercase = field["lowercase"].Flag(true);
        return new BertNormalizer(field["clean_text"].Flag(true), field["handle_chinese_chars"].Flag(true), field["strip_accents"].Flag(lowercase), lowercase);
    }

    public override string Apply(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (clean && (rune.Value is 0 or 0xFFFD || IsControl(rune)))
                continue;
            if (clean && Rune.IsWhiteSpace(rune))
                result.Append(' ');
            else if (spaceChinese && IsChinese(rune.Value))
                result.Append(' ').Append(rune.ToString()).Append(' ');
            else
                result.Append(rune.ToString());
        }
        text = result.ToString();
        if (stripAccents)
            text = _accents.Apply(UnicodeNormalization.Normalize(text, NormalizationForm.FormD));
        return lowercase ? new LowercaseNormalizer().Apply(text) : text;
    }

    private static bool IsControl(Rune rune) => rune.Value is not ('\t' or '\n' or '\r')
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse;

    private static bool IsChinese(int c) => c is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F
        or >= 0x2B740 and <= 0x2B81F or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;
}
