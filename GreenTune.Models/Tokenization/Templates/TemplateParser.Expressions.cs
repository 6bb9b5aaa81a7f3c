using System.Globalization;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Expressions, loosest first: if, or, and, not, comparison, + -, ~, * / // %, **, sign, primary with . [] (), then filters and tests.</summary>
internal sealed partial class TemplateParser
{
    private Expression Expression(bool withCondition = true)
    {
        Enter();
        Expression value = Or();
        while (withCondition && TakeName("if"))
        {
            Expression condition = Or();
            value = new ConditionExpression(condition, value, TakeName("else") ? Expression() : null);
        }
        _depth--;
        return value;
    }

    /// <summary>An expression, or several with commas between: a tuple.</summary>
    private Expression TupleExpression(bool withCondition = true, string? end = null, bool inParentheses = false)
    {
        var items = new List<Expression>();
        bool tuple = false;
        while (true)
        {
            if (items.Count > 0)
                Expect(",");
            if (Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || Current.IsOperator(")") || (end is not null && Current.IsName(end)))
                break;
            items.Add(Expression(withCondition));
            if (!Current.IsOperator(","))
                break;
            tuple = true;
        }
        if (tuple || (items.Count == 0 && inParentheses))
            return new ListExpression([.. items], PythonListKind.Tuple);
        return items.Count == 1 ? items[0] : throw Wrong($"Expected an expression, got '{Describe(Current)}'");
    }

    private Expression Or()
    {
        Expression left = And();
        while (TakeName("or"))
            left = new LogicExpression(left, And(), isAnd: false);
        return left;
    }

    private Expression And()
    {
        Expression left = Not();
        while (TakeName("and"))
            left = new LogicExpression(left, Not(), isAnd: true);
        return left;
    }

    private Expression Not()
    {
        if (!TakeName("not"))
            return Comparison();
        Enter();
        Expression inner = Not();
        _depth--;
        return new NotExpression(inner);
    }

    private Expression Comparison()
    {
        Expression first = Sum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (Current.Kind == TokenKind.Operator && Current.Text is "==" or "!=" or "<" or "<=" or ">" or ">=")
            {
                string symbol = Take().Text;
                rest.Add((symbol, Sum()));
            }
            else if (TakeName("in"))
            {
                rest.Add(("in", Sum()));
            }
            else if (Current.IsName("not") && Ahead.IsName("in"))
            {
                Take();
                Take();
                rest.Add(("not in", Sum()));
            }
            else
            {
                return rest.Count == 0 ? first : new CompareExpression(first, [.. rest]);
            }
        }
    }

    private Expression Sum()
    {
        Expression left = Concatenation();
        while (Current.Kind == TokenKind.Operator && Current.Text is "+" or "-")
        {
            string symbol = Take().Text;
            left = new BinaryExpression(symbol, left, Concatenation());
        }
        return left;
    }

    private Expression Concatenation()
    {
        Expression first = Product();
        if (!Current.IsOperator("~"))
            return first;
        var parts = new List<Expression> { first };
        while (TakeOperator("~"))
            parts.Add(Product());
        return new ConcatenationExpression([.. parts]);
    }

    private Expression Product()
    {
        Expression left = Power();
        while (Current.Kind == TokenKind.Operator && Current.Text is "*" or "/" or "//" or "%")
        {
            string symbol = Take().Text;
            left = new BinaryExpression(symbol, left, Power());
        }
        return left;
    }

    private Expression Power()
    {
        Expression left = Sign();
        while (TakeOperator("**"))
            left = new BinaryExpression("**", left, Sign());
        return left;
    }

    private Expression Sign(bool withFilter = true)
    {
        Expression value;
        if (Current.Kind == TokenKind.Operator && Current.Text is "-" or "+")
        {
            bool negative = Take().Text == "-";
            Enter();
            value = new SignExpression(Sign(withFilter: false), negative);
            _depth--;
        }
        else
        {
            value = Primary();
        }
        value = Postfix(value);
        return withFilter ? FiltersAndTests(value) : value;
    }

    private Expression Primary()
    {
        TemplateToken token = Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                Take();
                return token.Text switch
                {
                    "true" or "True" => new ConstantExpression(true),
                    "false" or "False" => new ConstantExpression(false),
                    "none" or "None" => new ConstantExpression(null),
                    _ => new NameExpression(token.Text),
                };
            case TokenKind.String:
                string text = Take().Text;
                while (Current.Kind == TokenKind.String)
                    text += Take().Text;
                return new ConstantExpression(text);
            case TokenKind.Integer:
                Take();
                return new ConstantExpression(long.Parse(token.Text, CultureInfo.InvariantCulture));
            case TokenKind.Float:
                Take();
                return new ConstantExpression(double.Parse(token.Text, CultureInfo.InvariantCulture));
            case TokenKind.Operator when token.Text == "(":
                Take();
                Expression inner = TupleExpression(inParentheses: true);
                Expect(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                Take();
                return new ListExpression(Items("]"), PythonListKind.List);
            case TokenKind.Operator when token.Text == "{":
                Take();
                return Dictionary();
            default:
                throw Unexpected();
        }
    }

    private Expression[] Items(string close)
    {
        var items = new List<Expression>();
        while (!TakeOperator(close))
        {
            if (items.Count > 0)
            {
                Expect(",");
                if (TakeOperator(close))
                    break;
            }
            items.Add(Expression());
        }
        return [.. items];
    }

    private DictionaryExpression Dictionary()
    {
        var items = new List<(Expression, Expression)>();
        while (!TakeOperator("}"))
        {
            if (items.Count > 0)
            {
                Expect(",");
                if (TakeOperator("}"))
                    break;
            }
            Expression key = Expression();
            Expect(":");
            items.Add((key, Expression()));
        }
        return new DictionaryExpression([.. items]);
    }

    private Expression Postfix(Expression value)
    {
        for (int links = 0; ; links++)
        {
            // Each link is one more level to evaluate.
            if (links > Deepest)
                throw Wrong("the template nests too deeply");
            if (TakeOperator("."))
            {
                value = Current.Kind == TokenKind.Integer
                    ? new ItemExpression(value, new ConstantExpression(long.Parse(Take().Text, CultureInfo.InvariantCulture)))
                    : new AttributeExpression(value, Name());
            }
            else if (TakeOperator("["))
            {
                value = Subscript(value);
            }
            else if (Current.IsOperator("("))
            {
                value = new CallExpression(value, Arguments());
            }
            else
            {
                return value;
            }
        }
    }

    private Expression Subscript(Expression of)
    {
        if (Current.IsOperator("]"))
            throw Wrong("expected subscript expression");
        Expression? start = Current.IsOperator(":") ? null : TupleOrOne();
        if (TakeOperator("]"))
            return new ItemExpression(of, start!);
        Expect(":");
        Expression? stop = Current.IsOperator(":") || Current.IsOperator("]") ? null : Expression();
        Expression? step = TakeOperator(":") && !Current.IsOperator("]") ? Expression() : null;
        Expect("]");
        return new SliceExpression(of, start, stop, step);
    }

    private Expression TupleOrOne()
    {
        Expression first = Expression();
        if (!Current.IsOperator(","))
            return first;
        var items = new List<Expression> { first };
        while (TakeOperator(",") && !Current.IsOperator("]"))
            items.Add(Expression());
        return new ListExpression([.. items], PythonListKind.Tuple);
    }

    private ArgumentList Arguments()
    {
        Expect("(");
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? morePositional = null;
        Expression? moreNamed = null;
        bool first = true;
        while (!TakeOperator(")"))
        {
            if (!first)
            {
                Expect(",");
                if (TakeOperator(")"))
                    break;
            }
            first = false;
            if (TakeOperator("*"))
                morePositional = morePositional is null ? Expression() : throw Wrong("invalid syntax for function call expression");
            else if (TakeOperator("**"))
                moreNamed = moreNamed is null ? Expression() : throw Wrong("invalid syntax for function call expression");
            else if (Current.Kind == TokenKind.Name && Ahead.IsOperator("="))
                named.Add((Take().Text, AfterEquals()));
            else if (named.Count > 0 || morePositional is not null || moreNamed is not null)
                throw Wrong("invalid syntax for function call expression");
            else
                positional.Add(Expression());
        }
        return new ArgumentList([.. positional], [.. named], morePositional, moreNamed);
    }

    private Expression AfterEquals()
    {
        Take();
        return Expression();
    }

    private Expression FiltersAndTests(Expression value)
    {
        for (int links = 0; ; links++)
        {
            if (links > Deepest)
                throw Wrong("the template nests too deeply");
            if (TakeOperator("|"))
            {
                string name = DottedName();
                value = new FilterExpression(value, name, Current.IsOperator("(") ? Arguments() : ArgumentList.None);
            }
            else if (TakeName("is"))
            {
                value = Test(value);
            }
            else if (Current.IsOperator("("))
            {
                value = new CallExpression(value, Arguments());
            }
            else
            {
                return value;
            }
        }
    }

    private Expression Test(Expression value)
    {
        bool negated = TakeName("not");
        string name = DottedName();
        ArgumentList arguments = ArgumentList.None;
        if (Current.IsOperator("("))
        {
            arguments = Arguments();
        }
        else if ((Current.Kind is TokenKind.Name or TokenKind.String or TokenKind.Integer or TokenKind.Float || Current.IsOperator("[") || Current.IsOperator("{"))
            && !(Current.Kind == TokenKind.Name && Current.Text is "else" or "or" or "and" or "if"))
        {
            if (Current.IsName("is"))
                throw Wrong("You cannot chain multiple tests with is");
            if (!Current.IsName("not") && !Current.IsName("in"))
                arguments = new ArgumentList([Postfix(Primary())], [], null, null);
        }
        var test = new TestExpression(value, name, arguments);
        return negated ? new NotExpression(test) : test;
    }

    private string DottedName()
    {
        string name = Name();
        while (TakeOperator("."))
            name += "." + Name();
        return name;
    }

    /// <summary>Filters of a set or filter block: "| trim | upper".</summary>
    private FilterExpression[] FilterNames(bool inline)
    {
        var filters = new List<FilterExpression>();
        while (inline || TakeOperator("|"))
        {
            inline = false;
            string name = DottedName();
            filters.Add(new FilterExpression(null, name, Current.IsOperator("(") ? Arguments() : ArgumentList.None));
        }
        return [.. filters];
    }
}
