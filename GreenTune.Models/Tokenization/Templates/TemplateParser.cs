namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Reads a template's statements; expressions are in the other part.</summary>
internal sealed partial class TemplateParser
{
    private const int Deepest = 150;

    private readonly List<TemplateToken> _tokens;
    private int _at;
    private int _depth;

    private TemplateParser(List<TemplateToken> tokens) => _tokens = tokens;

    /// <exception cref="TemplateException">The template is not valid.</exception>
    public static BodyStatement Parse(string source)
    {
        var parser = new TemplateParser(TemplateLexer.Read(source));
        return parser.Body();
    }

    private TemplateToken Current => _tokens[_at];

    private TemplateToken Ahead => _tokens[Math.Min(_at + 1, _tokens.Count - 1)];

    private TemplateToken Take() => _tokens[_at < _tokens.Count - 1 ? _at++ : _at];

    private TemplateException Wrong(string message) => TemplateException.At(Current.Line, message);

    private TemplateException Unexpected() => Wrong(Current.Kind == TokenKind.End ? "unexpected end of template" : $"unexpected '{Describe(Current)}'");

    private static string Describe(TemplateToken token) => token.Kind switch
    {
        TokenKind.BlockEnd => "%}",
        TokenKind.VariableEnd => "}}",
        TokenKind.BlockBegin => "{%",
        TokenKind.VariableBegin => "{{",
        _ => token.Text,
    };

    private bool TakeName(string name)
    {
        if (!Current.IsName(name))
            return false;
        Take();
        return true;
    }

    private bool TakeOperator(string text)
    {
        if (!Current.IsOperator(text))
            return false;
        Take();
        return true;
    }

    private void Expect(string text)
    {
        if (!TakeOperator(text))
            throw Wrong($"expected '{text}', got '{Describe(Current)}'");
    }

    private void Expect(TokenKind kind)
    {
        if (Current.Kind != kind)
            throw Unexpected();
        Take();
    }

    private string Name()
    {
        if (Current.Kind != TokenKind.Name)
            throw Wrong($"expected a name, got '{Describe(Current)}'");
        return Take().Text;
    }

    private void Enter()
    {
        if (++_depth > Deepest)
            throw Wrong("the template nests too deeply");
    }

    /// <summary>Statements up to a block that begins with one of the names; that name is the current token then.</summary>
    private BodyStatement Body(params ReadOnlySpan<string> ends)
    {
        Enter();
        var parts = new List<Statement>();
        while (true)
        {
            switch (Current.Kind)
            {
                case TokenKind.Data:
                    parts.Add(new DataStatement(Take().Text));
                    break;
                case TokenKind.VariableBegin:
                    Take();
                    parts.Add(new PrintStatement(TupleExpression()));
                    Expect(TokenKind.VariableEnd);
                    break;
                case TokenKind.BlockBegin:
                    Take();
                    if (Current.Kind == TokenKind.Name && ends.Contains(Current.Text))
                    {
                        _depth--;
                        return new BodyStatement([.. parts]);
                    }
                    parts.Add(Block());
                    Expect(TokenKind.BlockEnd);
                    break;
                case TokenKind.End when ends.IsEmpty:
                    _depth--;
                    return new BodyStatement([.. parts]);
                default:
                    throw Current.Kind == TokenKind.End ? Wrong($"unexpected end of template, expected '{ends[^1]}'") : Unexpected();
            }
        }
    }

    /// <summary>A body and the name that ends it, with the rest of the block that opened it before.</summary>
    private BodyStatement BodyTo(string end)
    {
        Expect(TokenKind.BlockEnd);
        BodyStatement body = Body(end);
        Take();
        return body;
    }

    private Statement Block()
    {
        string name = Name();
        switch (name)
        {
            case "if":
                return If();
            case "for":
                return For();
            case "set":
                return Set();
            case "macro":
                return new MacroStatement(Name(), MacroRest("endmacro"));
            case "call":
                return CallBlock();
            case "filter":
                FilterExpression[] filters = FilterNames(inline: true);
                return new FilterBlockStatement(filters, BodyTo("endfilter"));
            case "with":
                return With();
            case "generation":
                return new WithStatement([], BodyTo("endgeneration"));
            case "print":
                return new PrintStatement(TupleExpression());
            case "break":
                return new JumpStatement(Flow.Breaks);
            case "continue":
                return new JumpStatement(Flow.Continues);
            case "autoescape":
                Expression();
                return new WithStatement([], BodyTo("endautoescape"));
            case "block":
                Name();
                TakeName("scoped");
                TakeName("required");
                BodyStatement body = BodyTo("endblock");
                if (Current.Kind == TokenKind.Name)
                    Take();
                return new WithStatement([], body);
            case "include" or "import" or "from" or "extends":
                throw Wrong($"'{name}' needs other templates; a chat template stands alone");
            default:
                throw Wrong($"Encountered unknown tag '{name}'.");
        }
    }

    private IfStatement If()
    {
        var branches = new List<(Expression, BodyStatement)>();
        BodyStatement? otherwise = null;
        while (true)
        {
            Expression condition = TupleExpression(withCondition: false);
            Expect(TokenKind.BlockEnd);
            branches.Add((condition, Body("elif", "else", "endif")));
            string end = Name();
            if (end == "elif")
                continue;
            if (end == "else")
                otherwise = BodyTo("endif");
            return new IfStatement([.. branches], otherwise);
        }
    }

    private ForStatement For()
    {
        Target target = ReadTarget(withAttribute: false);
        if (!TakeName("in"))
            throw Wrong($"expected 'in', got '{Describe(Current)}'");
        Expression items = TupleExpression(withCondition: false, end: "recursive");
        Expression? condition = TakeName("if") ? Expression() : null;
        bool recursive = TakeName("recursive");
        Expect(TokenKind.BlockEnd);
        BodyStatement body = Body("endfor", "else");
        BodyStatement? otherwise = Name() == "else" ? BodyTo("endfor") : null;
        return new ForStatement(target, items, condition, body, otherwise, recursive);
    }

    private Statement Set()
    {
        Target target = ReadTarget(withAttribute: true);
        if (TakeOperator("="))
            return new SetStatement(target, TupleExpression());
        FilterExpression[] filters = FilterNames(inline: false);
        return new SetBlockStatement(target, filters, BodyTo("endset"));
    }

    private WithStatement With()
    {
        var values = new List<(Target, Expression)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (values.Count > 0)
                Expect(",");
            Target target = ReadTarget(withAttribute: false, single: true);
            Expect("=");
            values.Add((target, Expression()));
        }
        return new WithStatement([.. values], BodyTo("endwith"));
    }

    private CallBlockStatement CallBlock()
    {
        (string[] parameters, Expression?[] defaults) = Current.IsOperator("(") ? Signature() : ([], []);
        if (Expression() is not CallExpression call)
            throw Wrong("expected call");
        return new CallBlockStatement(new Macro(parameters, defaults, BodyTo("endcall")), call);
    }

    private Macro MacroRest(string end)
    {
        (string[] parameters, Expression?[] defaults) = Signature();
        return new Macro(parameters, defaults, BodyTo(end));
    }

    private (string[] Parameters, Expression?[] Defaults) Signature()
    {
        var parameters = new List<string>();
        var defaults = new List<Expression?>();
        Expect("(");
        while (!Current.IsOperator(")"))
        {
            if (parameters.Count > 0)
                Expect(",");
            parameters.Add(Name());
            if (TakeOperator("="))
                defaults.Add(Expression());
            else if (defaults.Count > 0 && defaults[^1] is not null)
                throw Wrong("non-default argument follows default argument");
            else
                defaults.Add(null);
        }
        Expect(")");
        return ([.. parameters], [.. defaults]);
    }

    /// <summary>a, a.b, or (a, b).</summary>
    private Target ReadTarget(bool withAttribute, bool single = false)
    {
        bool inParentheses = !single && TakeOperator("(");
        string first = TargetName();
        if (withAttribute && !inParentheses && TakeOperator("."))
            return new Target(first, Name());
        var names = new List<string> { first };
        bool several = false;
        while (!single && TakeOperator(","))
        {
            several = true;
            if (Current.Kind == TokenKind.Name && !Current.IsName("in"))
                names.Add(TargetName());
        }
        if (inParentheses)
            Expect(")");
        return new Target([.. names], several);
    }

    private string TargetName() => Name() is var name && name is not ("true" or "false" or "none" or "True" or "False" or "None") ? name : throw Wrong($"can't assign to '{name}'");
}
