namespace GreenTune.Models.Tokenization.Interpreter.Patterns;

/// <summary>Classes in brackets.</summary>
internal sealed partial class PatternParser
{
    /// <summary>Inside '[': the class up to its ']'.</summary>
    private CharacterSet Class(bool ignoreCase)
    {
        if (++_depth > DeepestGroup)
            throw Wrong("classes nested too deeply");
        var set = new CharacterSet();
        CharacterSet whole = set;
        bool negated = Take("^");
        bool first = true;
        while (true)
        {
            if (!More)
                throw Wrong("a missing ']'");
            if (Current == ']' && !first)
            {
                _at++;
                break;
            }
            first = false;
            if (Take("&&"))
            {
                var next = new CharacterSet();
                whole = new CharacterSet().Add(set).IntersectWith(next);
                Rest(next, ignoreCase);
                break;
            }
            ClassPart(set, ignoreCase);
        }
        _depth--;
        if (ignoreCase)
            whole.IgnoreCase();
        return negated ? whole.Negate() : whole;
    }

    /// <summary>What follows "&amp;&amp;", up to the class's end.</summary>
    private void Rest(CharacterSet set, bool ignoreCase)
    {
        while (More && Current != ']')
        {
            if (Take("&&"))
                throw Wrong("more than one && in a class");
            ClassPart(set, ignoreCase);
        }
        if (!Take("]"))
            throw Wrong("a missing ']'");
    }

    private void ClassPart(CharacterSet set, bool ignoreCase)
    {
        if (Take("[:"))
        {
            int close = expression.IndexOf(":]", _at, StringComparison.Ordinal);
            if (close < 0)
                throw Wrong("a [: without :]");
            string name = expression[_at..close];
            bool negated = name.StartsWith('^');
            CharacterSet named = CharacterClasses.Property(negated ? name[1..] : name) ?? throw Wrong($"the class [:{name}:], which is not known here");
            set.Add(negated ? named.Negate() : named);
            _at = close + 2;
            return;
        }
        if (Take("["))
        {
            set.Add(Class(ignoreCase));
            return;
        }
        if (Current == '\\' && EscapedSet() is { } escaped)
        {
            set.Add(escaped);
            return;
        }
        int from = Current == '\\' ? EscapedInClass() : ReadCodePoint();
        int to = from;
        if (_at + 1 < expression.Length && Current == '-' && expression[_at + 1] is not ']')
        {
            int dash = _at++;
            if (Current == '[' || (Current == '\\' && EscapedSet() is not null))
                _at = dash;
            else
                to = Current == '\\' ? EscapedInClass() : ReadCodePoint();
        }
        if (to < from)
            throw Wrong("a range that runs backwards");
        set.Add(from, to);
    }

    private int EscapedInClass()
    {
        if (_at + 1 < expression.Length && expression[_at + 1] == 'b')
        {
            _at += 2;
            return '\b';
        }
        return EscapedCharacter();
    }
}
