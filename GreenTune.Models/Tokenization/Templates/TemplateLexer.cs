using System.Globalization;
using System.Text;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>
/// Cuts a Jinja template into tokens, with trim_blocks and lstrip_blocks on, as transformers sets them: the newline behind a block is dropped, and so is
/// white space between a line's begin and a block.
/// </summary>
internal sealed class TemplateLexer
{
    private static readonly string[] Operators = ["//", "**", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", ".", ":", "|", ",", "(", ")", "[", "]", "{", "}"];

    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private int _line = 1;
    private int _counted;

    private TemplateLexer(string source) => _source = source;

    /// <exception cref="TemplateException">The template is not valid.</exception>
    public static List<TemplateToken> Read(string source)
    {
        source = source.ReplaceLineEndings("\n");
        // A last newline is no part of the text (keep_trailing_newline is off).
        var lexer = new TemplateLexer(source.EndsWith('\n') ? source[..^1] : source);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        bool lineStarts = true;
        while (_at < _source.Length)
        {
            int open = NextTag(_at);
            if (open < 0)
            {
                AddData(_source[_at..]);
                break;
            }
            char kind = _source[open + 1];
            char sign = open + 2 < _source.Length && _source[open + 2] is '-' or '+' ? _source[open + 2] : ' ';
            string text = _source[_at..open];
            if (sign == '-')
                text = PythonText.Strip(text, left: false, right: true);
            else if (sign == ' ' && kind != '{')
                text = WithoutIndent(text, lineStarts);
            AddData(text);
            Count(open);
            _at = open + (sign == ' ' ? 2 : 3);
            switch (kind)
            {
                case '#':
                    SkipComment();
                    break;
                case '%' when IsRaw():
                    Raw();
                    break;
                default:
                    Inside(kind);
                    break;
            }
            lineStarts = _source[_at - 1] == '\n';
        }
        _tokens.Add(new TemplateToken(TokenKind.End, "", _line));
    }

    private int NextTag(int from)
    {
        while ((from = _source.IndexOf('{', from)) >= 0 && from + 1 < _source.Length)
        {
            if (_source[from + 1] is '{' or '%' or '#')
                return from;
            from++;
        }
        return -1;
    }

    private static string WithoutIndent(string text, bool lineStarts)
    {
        int start = text.LastIndexOf('\n') + 1;
        return (start > 0 || lineStarts) && text.AsSpan(start).IsWhiteSpace() ? text[..start] : text;
    }

    private void AddData(string text)
    {
        if (text.Length > 0)
            _tokens.Add(new TemplateToken(TokenKind.Data, text, _line));
    }

    private void SkipComment()
    {
        int close = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (close < 0)
            throw TemplateException.At(_line, "Missing end of comment tag");
        char sign = close > _at ? _source[close - 1] : ' ';
        _at = close + 2;
        AfterBlock(sign);
    }

    /// <summary>Behind a block or comment: "-" takes all white space, "+" nothing, otherwise one newline goes.</summary>
    private void AfterBlock(char sign)
    {
        if (sign == '-')
            SkipSpace();
        else if (sign != '+' && _at < _source.Length && _source[_at] == '\n')
            _at++;
        Count(_at);
    }

    private bool IsRaw() => TagEnd("raw", _at, out _, out _);

    /// <summary>Whether "name %}" stands at a place.</summary>
    private bool TagEnd(string name, int at, out int end, out char sign)
    {
        (end, sign) = (0, ' ');
        while (at < _source.Length && char.IsWhiteSpace(_source[at]))
            at++;
        if (string.CompareOrdinal(_source, at, name, 0, name.Length) != 0)
            return false;
        at += name.Length;
        while (at < _source.Length && char.IsWhiteSpace(_source[at]))
            at++;
        if (at < _source.Length && _source[at] is '-' or '+')
            sign = _source[at++];
        end = at + 2;
        return string.CompareOrdinal(_source, at, "%}", 0, 2) == 0;
    }

    private void Raw()
    {
        TagEnd("raw", _at, out _at, out char begin);
        if (begin == '-')
            SkipSpace();
        for (int open = _at; (open = _source.IndexOf("{%", open, StringComparison.Ordinal)) >= 0; open++)
        {
            int name = open + 2;
            char sign = name < _source.Length && _source[name] is '-' or '+' ? _source[name++] : ' ';
            if (!TagEnd("endraw", name, out int end, out char endSign))
                continue;
            string text = _source[_at..open];
            AddData(sign == '-' ? PythonText.Strip(text, left: false, right: true) : sign == ' ' ? WithoutIndent(text, lineStarts: false) : text);
            _at = end;
            AfterBlock(endSign);
            return;
        }
        throw TemplateException.At(_line, "Missing end of raw directive");
    }

    /// <summary>A variable or a block, up to its end.</summary>
    private void Inside(char kind)
    {
        bool block = kind == '%';
        _tokens.Add(new TemplateToken(block ? TokenKind.BlockBegin : TokenKind.VariableBegin, "", _line));
        string close = block ? "%}" : "}}";
        int depth = 0;
        while (true)
        {
            SkipSpace();
            Count(_at);
            if (_at >= _source.Length)
                throw TemplateException.At(_line, $"unexpected end of template, expected '{close}'");
            int start = _at;
            char sign = _source[start];
            int end = sign == '-' || (block && sign == '+') ? _at + 1 : _at;
            if (depth == 0 && string.CompareOrdinal(_source, end, close, 0, 2) == 0)
            {
                _at = end + 2;
                _tokens.Add(new TemplateToken(block ? TokenKind.BlockEnd : TokenKind.VariableEnd, "", _line));
                if (block)
                    AfterBlock(end > start ? sign : ' ');
                else if (sign == '-')
                    SkipSpace();
                return;
            }
            Word(ref depth);
        }
    }

    private void Word(ref int depth)
    {
        char c = _source[_at];
        if (char.IsAsciiDigit(c))
        {
            Number();
        }
        else if (c == '_' || char.IsLetter(c))
        {
            int start = _at;
            while (_at < _source.Length && (_source[_at] == '_' || char.IsLetterOrDigit(_source[_at])))
                _at++;
            _tokens.Add(new TemplateToken(TokenKind.Name, _source[start.._at], _line));
        }
        else if (c is '\'' or '"')
        {
            Text(c);
        }
        else
        {
            string? found = Array.Find(Operators, o => string.CompareOrdinal(_source, _at, o, 0, o.Length) == 0);
            if (found is null)
                throw TemplateException.At(_line, $"unexpected char '{c}'");
            depth += found is "(" or "[" or "{" ? 1 : found is ")" or "]" or "}" ? -1 : 0;
            if (depth < 0)
                throw TemplateException.At(_line, $"unexpected '{found}'");
            _at += found.Length;
            _tokens.Add(new TemplateToken(TokenKind.Operator, found, _line));
        }
    }

    /// <summary>Whole numbers and decimals, with "_" between digits.</summary>
    private void Number()
    {
        int start = _at;
        Digits();
        bool isFloat = false;
        if (_at + 1 < _source.Length && _source[_at] == '.' && char.IsAsciiDigit(_source[_at + 1]))
        {
            isFloat = true;
            _at++;
            Digits();
        }
        if (_at < _source.Length && _source[_at] is 'e' or 'E')
        {
            int exponent = _at + 1;
            if (exponent < _source.Length && _source[exponent] is '+' or '-')
                exponent++;
            if (exponent < _source.Length && char.IsAsciiDigit(_source[exponent]))
            {
                isFloat = true;
                _at = exponent;
                Digits();
            }
        }
        string text = _source[start.._at].Replace("_", "", StringComparison.Ordinal);
        if (!isFloat && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            throw TemplateException.At(_line, $"the number {text} is too large");
        _tokens.Add(new TemplateToken(isFloat ? TokenKind.Float : TokenKind.Integer, text, _line));
    }

    private void Digits()
    {
        while (_at < _source.Length && (char.IsAsciiDigit(_source[_at]) || (_source[_at] == '_' && _at + 1 < _source.Length && char.IsAsciiDigit(_source[_at + 1]))))
            _at++;
    }

    /// <summary>A quoted text with Python's escapes.</summary>
    private void Text(char quote)
    {
        int line = _line;
        var text = new StringBuilder();
        for (_at++; _at < _source.Length; _at++)
        {
            char c = _source[_at];
            if (c == quote)
            {
                _at++;
                _tokens.Add(new TemplateToken(TokenKind.String, text.ToString(), line));
                return;
            }
            if (c != '\\')
            {
                text.Append(c);
                continue;
            }
            if (++_at >= _source.Length)
                break;
            Escape(_source[_at], text);
        }
        throw TemplateException.At(line, "a text without its closing quote");
    }

    private void Escape(char c, StringBuilder text)
    {
        switch (c)
        {
            case 'n':
                text.Append('\n');
                break;
            case 't':
                text.Append('\t');
                break;
            case 'r':
                text.Append('\r');
                break;
            case 'b':
                text.Append('\b');
                break;
            case 'f':
                text.Append('\f');
                break;
            case 'v':
                text.Append('\v');
                break;
            case 'a':
                text.Append('\a');
                break;
            case '\n':
                break;
            case '\\' or '\'' or '"':
                text.Append(c);
                break;
            case >= '0' and <= '7':
                int value = 0;
                int end = Math.Min(_at + 3, _source.Length);
                for (; _at < end && _source[_at] is >= '0' and <= '7'; _at++)
                    value = value * 8 + _source[_at] - '0';
                _at--;
                text.Append((char)value);
                break;
            case 'x' or 'u' or 'U':
                int digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
                if (_at + digits >= _source.Length || !int.TryParse(_source.AsSpan(_at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int point) || point is < 0 or > 0x10FFFF)
                    throw TemplateException.At(_line, $"an escape \\{c} without its {digits} digits");
                text.Append(point > 0xFFFF ? char.ConvertFromUtf32(point) : ((char)point).ToString());
                _at += digits;
                break;
            default:
                text.Append('\\').Append(c);
                break;
        }
    }

    private void SkipSpace()
    {
        while (_at < _source.Length && char.IsWhiteSpace(_source[_at]))
            _at++;
    }

    private void Count(int to)
    {
        if (to <= _counted)
            return;
        _line += _source.AsSpan(_counted, to - _counted).Count('\n');
        _counted = to;
    }
}
