using System.Globalization;

namespace GreenTune.Models.Tokenization.Interpreter.Patterns;

/// <summary>A set of code points: ranges, Unicode categories and other sets, as a regular expression's class names them.</summary>
internal sealed class CharacterSet
{
    private const int CategoryCount = 30;

    private readonly List<(int First, int Last)> _ranges = [];
    private readonly List<CharacterSet> _parts = [];
    private readonly List<CharacterSet> _all = [];
    private uint _categories;
    private bool _negated;
    private bool _ignoreCase;
    private ulong _low;
    private ulong _high;
    private bool _sealed;

    public static CharacterSet Of(int codePoint) => new CharacterSet().Add(codePoint, codePoint);

    public static CharacterSet OfCategories(uint categories) => new() { _categories = categories };

    public static uint Mask(params ReadOnlySpan<UnicodeCategory> categories)
    {
        uint mask = 0;
        foreach (UnicodeCategory category in categories)
            mask |= 1u << (int)category;
        return mask;
    }

    public static uint AllCategories => (1u << CategoryCount) - 1;

    public CharacterSet Add(int first, int last)
    {
        _ranges.Add((first, last));
        return this;
    }

    public CharacterSet Add(CharacterSet set)
    {
        _parts.Add(set);
        return this;
    }

    /// <summary>Only what is also in <paramref name="set"/> stays ("&amp;&amp;" of Oniguruma).</summary>
    public CharacterSet IntersectWith(CharacterSet set)
    {
        _all.Add(set);
        return this;
    }

    public CharacterSet Negate()
    {
        _negated = !_negated;
        return this;
    }

    public CharacterSet IgnoreCase()
    {
        _ignoreCase = true;
        return this;
    }

    /// <summary>Ends the building: ASCII goes into a bit map.</summary>
    public CharacterSet Seal()
    {
        for (int c = 0; c < 128; c++)
        {
            if (!Decide(c))
                continue;
            if (c < 64)
                _low |= 1ul << c;
            else
                _high |= 1ul << (c - 64);
        }
        _sealed = true;
        return this;
    }

    public bool Contains(int codePoint)
    {
        if (_sealed && codePoint < 128)
            return ((codePoint < 64 ? _low : _high) >> (codePoint & 63) & 1) != 0;
        return Decide(codePoint);
    }

    private bool Decide(int codePoint)
    {
        bool inside = Has(codePoint);
        if (!inside && _ignoreCase)
            inside = CaseFolds.Any(codePoint, this, static (set, other) => set.Has(other));
        return inside != _negated;
    }

    private bool Has(int codePoint)
    {
        foreach ((int first, int last) in _ranges)
        {
            if (codePoint >= first && codePoint <= last)
                return Intersects(codePoint);
        }
        if (_categories != 0 && (_categories >> (int)CharUnicodeInfo.GetUnicodeCategory(codePoint) & 1) != 0)
            return Intersects(codePoint);
        foreach (CharacterSet part in _parts)
        {
            if (part.Contains(codePoint))
                return Intersects(codePoint);
        }
        return false;
    }

    private bool Intersects(int codePoint)
    {
        foreach (CharacterSet set in _all)
        {
            if (!set.Contains(codePoint))
                return false;
        }
        return true;
    }
}

/// <summary>Other cases of a character, by Unicode's simple case folding.</summary>
internal static class CaseFolds
{
    public static bool Any<T>(int codePoint, T state, Func<T, int, bool> test)
    {
        if (codePoint is >= 0xD800 and <= 0xDFFF)
            return false;
        var rune = new System.Text.Rune(codePoint);
        int lower = System.Text.Rune.ToLowerInvariant(rune).Value;
        int upper = System.Text.Rune.ToUpperInvariant(rune).Value;
        if ((lower != codePoint && test(state, lower)) || (upper != codePoint && test(state, upper)))
            return true;
        // Long s, the Kelvin and Angstrom signs fold to letters that do not map back to them.
        return codePoint switch
        {
            0x17F => test(state, 's') || test(state, 'S'),
            0x212A => test(state, 'k') || test(state, 'K'),
            0x212B => test(state, 0xE5) || test(state, 0xC5),
            's' or 'S' => test(state, 0x17F),
            'k' or 'K' => test(state, 0x212A),
            0xE5 or 0xC5 => test(state, 0x212B),
            _ => false,
        };
    }
}
