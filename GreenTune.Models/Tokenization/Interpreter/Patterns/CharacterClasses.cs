using System.Globalization;
using static System.Globalization.UnicodeCategory;

namespace GreenTune.Models.Tokenization.Interpreter.Patterns;

/// <summary>The classes that a regular expression can name, with the contents that Oniguruma gives them for Unicode text.</summary>
internal static class CharacterClasses
{
    private static readonly Dictionary<string, uint> Categories = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Lu"] = Mask(UppercaseLetter),
        ["Ll"] = Mask(LowercaseLetter),
        ["Lt"] = Mask(TitlecaseLetter),
        ["Lm"] = Mask(ModifierLetter),
        ["Lo"] = Mask(OtherLetter),
        ["L"] = Letters,
        ["Letter"] = Letters,
        ["Mn"] = Mask(NonSpacingMark),
        ["Mc"] = Mask(SpacingCombiningMark),
        ["Me"] = Mask(EnclosingMark),
        ["M"] = Marks,
        ["Mark"] = Marks,
        ["Nd"] = Mask(DecimalDigitNumber),
        ["Nl"] = Mask(LetterNumber),
        ["No"] = Mask(OtherNumber),
        ["N"] = Numbers,
        ["Number"] = Numbers,
        ["Pc"] = Mask(ConnectorPunctuation),
        ["Pd"] = Mask(DashPunctuation),
        ["Ps"] = Mask(OpenPunctuation),
        ["Pe"] = Mask(ClosePunctuation),
        ["Pi"] = Mask(InitialQuotePunctuation),
        ["Pf"] = Mask(FinalQuotePunctuation),
        ["Po"] = Mask(OtherPunctuation),
        ["P"] = Punctuations,
        ["Punctuation"] = Punctuations,
        ["Sm"] = Mask(MathSymbol),
        ["Sc"] = Mask(CurrencySymbol),
        ["Sk"] = Mask(ModifierSymbol),
        ["So"] = Mask(OtherSymbol),
        ["S"] = Symbols,
        ["Symbol"] = Symbols,
        ["Zs"] = Mask(SpaceSeparator),
        ["Zl"] = Mask(LineSeparator),
        ["Zp"] = Mask(ParagraphSeparator),
        ["Z"] = Separators,
        ["Separator"] = Separators,
        ["Cc"] = Mask(Control),
        ["Cf"] = Mask(Format),
        ["Cs"] = Mask(Surrogate),
        ["Co"] = Mask(PrivateUse),
        ["Cn"] = Mask(OtherNotAssigned),
        ["C"] = Mask(Control, Format, Surrogate, PrivateUse, OtherNotAssigned),
    };

    /// <summary>Scripts that published tokenizers name; ranges of Unicode 15.1's Scripts.txt.</summary>
    private static readonly Dictionary<string, (int First, int Last)[]> Scripts = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Han"] =
        [
            (0x2E80, 0x2E99), (0x2E9B, 0x2EF3), (0x2F00, 0x2FD5), (0x3005, 0x3005), (0x3007, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
            (0xF900, 0xFA6D), (0xFA70, 0xFAD9), (0x16FE2, 0x16FE3), (0x16FF0, 0x16FF1), (0x20000, 0x2A6DF), (0x2A700, 0x2B739), (0x2B740, 0x2B81D), (0x2B820, 0x2CEA1),
            (0x2CEB0, 0x2EBE0), (0x2EBF0, 0x2EE5D), (0x2F800, 0x2FA1D), (0x30000, 0x3134A), (0x31350, 0x323AF),
        ],
        ["Hiragana"] = [(0x3041, 0x3096), (0x309D, 0x309F), (0x1B001, 0x1B11F), (0x1B132, 0x1B132), (0x1B150, 0x1B152), (0x1F200, 0x1F200)],
        ["Katakana"] =
        [
            (0x30A1, 0x30FA), (0x30FD, 0x30FF), (0x31F0, 0x31FF), (0x32D0, 0x32FE), (0x3300, 0x3357), (0xFF66, 0xFF6F), (0xFF71, 0xFF9D), (0x1AFF0, 0x1AFF3), (0x1AFF5, 0x1AFFB),
            (0x1AFFD, 0x1AFFE), (0x1B000, 0x1B000), (0x1B120, 0x1B122), (0x1B155, 0x1B155), (0x1B164, 0x1B167),
        ],
    };

    private static uint Letters => Mask(UppercaseLetter, LowercaseLetter, TitlecaseLetter, ModifierLetter, OtherLetter);

    private static uint Marks => Mask(NonSpacingMark, SpacingCombiningMark, EnclosingMark);

    private static uint Numbers => Mask(DecimalDigitNumber, LetterNumber, OtherNumber);

    private static uint Punctuations =>
        Mask(ConnectorPunctuation, DashPunctuation, OpenPunctuation, ClosePunctuation, InitialQuotePunctuation, FinalQuotePunctuation, OtherPunctuation);

    private static uint Symbols => Mask(MathSymbol, CurrencySymbol, ModifierSymbol, OtherSymbol);

    private static uint Separators => Mask(SpaceSeparator, LineSeparator, ParagraphSeparator);

    /// <summary>\s: tab to carriage return, next line, and every separator.</summary>
    public static CharacterSet Space() => CharacterSet.OfCategories(Separators).Add('\t', '\r').Add(0x85, 0x85);

    /// <summary>\d.</summary>
    public static CharacterSet Digit() => CharacterSet.OfCategories(Mask(DecimalDigitNumber));

    /// <summary>\w: letters, marks, decimal digits, connectors.</summary>
    public static CharacterSet Word() => CharacterSet.OfCategories(Letters | Marks | Mask(DecimalDigitNumber, ConnectorPunctuation));

    /// <summary>\h.</summary>
    public static CharacterSet HexDigit() => new CharacterSet().Add('0', '9').Add('a', 'f').Add('A', 'F');

    /// <summary>What \p{name} means; null for a name that is not known.</summary>
    public static CharacterSet? Property(string name)
    {
        name = name.Replace("_", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
        if (Categories.TryGetValue(name, out uint mask))
            return CharacterSet.OfCategories(mask);
        if (Scripts.TryGetValue(name, out (int First, int Last)[]? ranges))
        {
            var set = new CharacterSet();
            foreach ((int first, int last) in ranges)
                set.Add(first, last);
            return set;
        }
        return name.ToLowerInvariant() switch
        {
            "alpha" => CharacterSet.OfCategories(Letters | Mask(LetterNumber)),
            "alnum" => CharacterSet.OfCategories(Letters | Marks | Mask(DecimalDigitNumber)),
            "digit" => Digit(),
            "space" => Space(),
            "upper" => CharacterSet.OfCategories(Mask(UppercaseLetter)),
            "lower" => CharacterSet.OfCategories(Mask(LowercaseLetter)),
            "punct" => CharacterSet.OfCategories(Punctuations).Add('$', '$').Add('+', '+').Add('<', '>').Add('^', '^').Add('`', '`').Add('|', '|').Add('~', '~'),
            "word" => Word(),
            "xdigit" => HexDigit(),
            "any" => CharacterSet.OfCategories(CharacterSet.AllCategories),
            _ => null,
        };
    }

    private static uint Mask(params ReadOnlySpan<UnicodeCategory> categories) => CharacterSet.Mask(categories);
}
