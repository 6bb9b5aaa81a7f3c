using System.Globalization;

namespace GreenTune.Models.Tokenization.Interpreter.Patterns;

/// <summary>Reads a regular expression in Oniguruma's Ruby syntax.</summary>
internal sealed partial class PatternParser(string expression)
{
    private const int DeepestGroup = 100;
    private const int MostRepetitions = 100_000;
    private const int LongestExpression = 4000;

    private int _at;
    private int _depth;

    /// <summary>Number of groups that repeat.</summary>
    public int Loops { get; private set; }

    private bool More => _at < expression.Length;

    private char Current => expression[_at];

    public PatternNode Parse()
    {
        if (expression.Length > LongestExpression)
            throw Wrong("too many characters");
        Chain chain = Alternatives(ignoreCase: false);
        return More ? throw Wrong("an unexpected ')'") : chain.First;
    }

    /// <summary>The expression's text itself.</summary>
    public PatternNode Literal()
    {
        var chain = new Chain();
        while (More)
            chain.Add(Once(Character(ReadCodePoint(), ignoreCase: false)));
        return chain.First;
    }

    /// <summary>Parts in a row. Each is one element; the last one's continuation is set when the row is linked to what follows.</summary>
    private sealed class Chain
    {
        private readonly List<PatternNode> _tails = [];

        public PatternNode First { get; private set; } = new EmptyNode();

        /// <summary>Code points that the row matches, when that is always the same number.</summary>
        public int? Width { get; private set; } = 0;

        public bool IsEmpty { get; private set; } = true;

        public void Add(Element element)
        {
            if (IsEmpty)
                First = element.Node;
            LinkTo(element.Node);
            IsEmpty = false;
            _tails.Clear();
            _tails.AddRange(element.Tails);
            Width += element.Width;
        }

        public void LinkTo(PatternNode next)
        {
            foreach (PatternNode tail in _tails)
                tail.Next = next;
        }

        public Element AsElement()
        {
            if (IsEmpty)
                Add(new Element(First, [First], 0));
            return new Element(First, [.. _tails], Width);
        }
    }

    private sealed record Element(PatternNode Node, PatternNode[] Tails, int? Width, CharacterSet? Set = null);

    private static Element Once(CharacterSet set)
    {
        var node = new CharactersNode(set, 1, 1, Repetition.Possessive);
        return new Element(node, [node], 1, set);
    }

    private static Element Single(PatternNode node, int? width) => new(node, [node], width);

    private Chain Alternatives(bool ignoreCase)
    {
        if (++_depth > DeepestGroup)
            throw Wrong("groups nested too deeply");
        List<Chain> branches = [Row(ref ignoreCase)];
        while (More && Current == '|')
        {
            _at++;
            branches.Add(Row(ref ignoreCase));
        }
        _depth--;
        if (branches.Count == 1)
        {
            branches[0].AsElement();
            return branches[0];
        }
        Element[] elements = [.. branches.Select(b => b.AsElement())];
        int? width = elements.Select(e => e.Width).Distinct().Count() == 1 ? elements[0].Width : null;
        var chain = new Chain();
        chain.Add(new Element(new BranchesNode([.. elements.Select(e => e.Node)]), [.. elements.SelectMany(e => e.Tails)], width));
        return chain;
    }

    private Chain Row(ref bool ignoreCase)
    {
        var chain = new Chain();
        while (More && Current is not ('|' or ')'))
        {
            if (Atom(ref ignoreCase) is { } atom)
                chain.Add(Repeated(atom));
        }
        return chain;
    }

    private Element? Atom(ref bool ignoreCase)
    {
        char c = Current;
        switch (c)
        {
            case '(':
                return Group(ref ignoreCase);
            case '[':
                _at++;
                CharacterSet set = Class(ignoreCase);
                return Once(set.Seal());
            case '.':
                _at++;
                return Once(CharacterSet.Of('\n').Negate().Seal());
            case '^' or '$':
                _at++;
                return Single(new PlaceNode(c), 0);
            case '\\':
                return Escaped(ignoreCase);
            case '*' or '+' or '?':
                throw Wrong($"a '{c}' with nothing to repeat");
            default:
                return Once(Character(ReadCodePoint(), ignoreCase));
        }
    }

    private Element? Group(ref bool ignoreCase)
    {
        _at++;
        AloneKind? alone = null;
        bool inside = ignoreCase;
        if (Take("?:"))
        {
        }
        else if (Take("?>"))
        {
            alone = AloneKind.Atomic;
        }
        else if (Take("?="))
        {
            alone = AloneKind.Ahead;
        }
        else if (Take("?!"))
        {
            alone = AloneKind.NotAhead;
        }
        else if (Take("?<="))
        {
            alone = AloneKind.Behind;
        }
        else if (Take("?<!"))
        {
            alone = AloneKind.NotBehind;
        }
        else if (More && Current == '?' && _at + 1 < expression.Length && expression[_at + 1] is 'i' or '-')
        {
            _at++;
            inside = !Take("-");
            if (!Take("i"))
                throw Wrong("a group option other than i");
            if (Take(")"))
            {
                // (?i) alone holds for the rest of the group around it.
                ignoreCase = inside;
                return null;
            }
            if (!Take(":"))
                throw Wrong("a group option other than i");
        }
        else if (Take("?"))
        {
            throw Wrong("a kind of group that is not known here");
        }
        Chain body = Alternatives(inside);
        if (!Take(")"))
            throw Wrong("a missing ')'");
        if (alone is not { } kind)
            return body.AsElement();
        if (kind is AloneKind.Behind or AloneKind.NotBehind && body.Width is null)
            throw Wrong("a look-behind without a fixed length");
        return Single(new AloneNode(body.First, kind, body.Width ?? 0), kind == AloneKind.Atomic ? body.Width : 0);
    }

    private Element Repeated(Element atom)
    {
        while (More)
        {
            int start = _at;
            bool interval = Current == '{';
            if (!Quantifier(out int least, out int most))
            {
                _at = start;
                return atom;
            }
            Repetition repetition = Repetition.Greedy;
            if (Take("?"))
            {
                // Ruby reads a{2}? as (?:a{2})?.
                if (interval && least == most)
                {
                    atom = Repeat(Repeat(atom, least, most, Repetition.Greedy), 0, 1, Repetition.Greedy);
                    continue;
                }
                repetition = Repetition.Lazy;
            }
            else if (!interval && Take("+"))
            {
                // Behind an interval '+' repeats the interval instead.
                repetition = Repetition.Possessive;
            }
            atom = Repeat(atom, least, most, repetition);
        }
        return atom;
    }

    private Element Repeat(Element atom, int least, int most, Repetition repetition)
    {
        int? width = least == most ? atom.Width * least : null;
        if (atom.Set is { } set)
            return Single(new CharactersNode(set, least, most, repetition), width);
        var loop = new LoopNode(Loops++, least, most, repetition == Repetition.Lazy) { Body = atom.Node };
        PatternNode again = loop.Again;
        foreach (PatternNode tail in atom.Tails)
            tail.Next = again;
        return repetition == Repetition.Possessive ? Single(new AloneNode(loop, AloneKind.Atomic), width) : Single(loop, width);
    }

    private bool Quantifier(out int least, out int most)
    {
        (least, most) = (0, int.MaxValue);
        switch (Current)
        {
            case '*':
                _at++;
                return true;
            case '+':
                _at++;
                least = 1;
                return true;
            case '?':
                _at++;
                most = 1;
                return true;
            case '{':
                _at++;
                int? from = Number();
                int? to = from;
                if (Take(","))
                    to = Number();
                else if (from is null)
                    return false;
                if (!Take("}") || (from is null && to is null))
                    return false;
                least = from ?? 0;
                most = to ?? int.MaxValue;
                if (least > MostRepetitions || most < least)
                    throw Wrong("a repetition that cannot be");
                return true;
            default:
                return false;
        }
    }

    private int? Number()
    {
        int start = _at;
        while (More && char.IsAsciiDigit(Current))
            _at++;
        if (_at == start)
            return null;
        return int.TryParse(expression.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : throw Wrong("a number that is too large");
    }

    private Element Escaped(bool ignoreCase)
    {
        if (_at + 1 < expression.Length && expression[_at + 1] is 'A' or 'z' or 'Z' or 'b' or 'B')
        {
            _at += 2;
            return Single(new PlaceNode(expression[_at - 1]), 0);
        }
        CharacterSet? set = EscapedSet();
        return Once(set is not null ? (ignoreCase ? set.IgnoreCase() : set).Seal() : Character(EscapedCharacter(), ignoreCase));
    }

    /// <summary>\s, \p{L} and the like; null when the escape is a character.</summary>
    private CharacterSet? EscapedSet()
    {
        if (_at + 1 >= expression.Length)
            throw Wrong("a '\\' at the end");
        char c = expression[_at + 1];
        CharacterSet? set = c switch
        {
            's' or 'S' => CharacterClasses.Space(),
            'd' or 'D' => CharacterClasses.Digit(),
            'w' or 'W' => CharacterClasses.Word(),
            'h' or 'H' => CharacterClasses.HexDigit(),
            'p' or 'P' => null,
            >= '1' and <= '9' => throw Wrong("a back reference"),
            'R' or 'X' or 'k' or 'g' or 'G' or 'K' => throw Wrong($"the escape \\{c}"),
            _ => null,
        };
        if (set is not null)
        {
            _at += 2;
            return char.IsAsciiLetterUpper(c) ? set.Negate() : set;
        }
        if (c is not ('p' or 'P'))
            return null;
        int close = expression.IndexOf('}', _at);
        if (_at + 2 >= expression.Length || expression[_at + 2] != '{' || close < 0)
            throw Wrong("a \\p without {name}");
        string name = expression[(_at + 3)..close];
        bool negated = name.StartsWith('^');
        set = CharacterClasses.Property(negated ? name[1..] : name) ?? throw Wrong($"the class \\p{{{name}}}, which is not known here");
        _at = close + 1;
        return negated != (c == 'P') ? set.Negate() : set;
    }

    private int EscapedCharacter()
    {
        _at++;
        int c = ReadCodePoint();
        switch (c)
        {
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'v':
                return '\v';
            case 'f':
                return '\f';
            case 'a':
                return '\a';
            case 'e':
                return 0x1B;
            case '0':
                return 0;
            case 'u':
                return Hexadecimal(4);
            case 'x' when More && Current == '{':
                int close = expression.IndexOf('}', _at);
                if (close < 0)
                    throw Wrong("a \\x{ without }");
                _at++;
                int value = Hexadecimal(close - _at);
                _at++;
                return value;
            case 'x':
                return Hexadecimal(2);
            default:
                return c;
        }
    }

    private int Hexadecimal(int digits)
    {
        if (_at + digits > expression.Length || digits > 6 || !int.TryParse(expression.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) || value > 0x10FFFF)
            throw Wrong("a character's number that is not valid");
        _at += digits;
        return value;
    }

    private static CharacterSet Character(int codePoint, bool ignoreCase)
    {
        CharacterSet set = CharacterSet.Of(codePoint);
        return (ignoreCase ? set.IgnoreCase() : set).Seal();
    }

    private int ReadCodePoint()
    {
        if (!More)
            throw Wrong("an unexpected end");
        int c = char.IsSurrogatePair(expression, _at) ? char.ConvertToUtf32(expression, _at) : expression[_at];
        _at += c > 0xFFFF ? 2 : 1;
        return c;
    }

    private bool Take(string text)
    {
        if (string.CompareOrdinal(expression, _at, text, 0, text.Length) != 0)
            return false;
        _at += text.Length;
        return true;
    }

    private FormatException Wrong(string what) => new($"the regular expression {(expression.Length > 80 ? expression[..80] + "..." : expression)} has {what} at character {_at + 1}");
}
