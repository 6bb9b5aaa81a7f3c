namespace GreenTune.Models.Tokenization.Templates;

/// <summary>An expression of a template.</summary>
internal abstract class Expression
{
    public object? Evaluate(Frame frame)
    {
        frame.Work.Step();
        WorkBudget.EnsureStack();
        return Value(frame);
    }

    protected abstract object? Value(Frame frame);
}

internal sealed class ConstantExpression(object? value) : Expression
{
    public object? Constant => value;

    protected override object? Value(Frame frame) => value;
}

internal sealed class NameExpression(string name) : Expression
{
    public string Name => name;

    protected override object? Value(Frame frame) =>
        frame.Scope.TryGet(name, out object? value) ? value : Globals.Find(name, frame.Rendering) ?? (object)Undefined.Name(name);
}

internal sealed class ListExpression(Expression[] items, PythonListKind kind) : Expression
{
    public IReadOnlyList<Expression> Parts => items;

    public PythonListKind Kind => kind;

    protected override object? Value(Frame frame)
    {
        var values = new List<object?>(items.Length);
        foreach (Expression item in items)
            values.Add(item.Evaluate(frame));
        return new PythonList(values, kind);
    }
}

internal sealed class DictionaryExpression((Expression Key, Expression Value)[] items) : Expression
{
    protected override object? Value(Frame frame)
    {
        var result = new PythonDictionary();
        foreach ((Expression key, Expression value) in items)
            result.Set(key.Evaluate(frame), value.Evaluate(frame));
        return result;
    }
}

/// <summary>a if condition else b; undefined without else.</summary>
internal sealed class ConditionExpression(Expression condition, Expression then, Expression? otherwise) : Expression
{
    protected override object? Value(Frame frame) => PythonCompare.IsTrue(condition.Evaluate(frame))
        ? then.Evaluate(frame)
        : otherwise is null ? new Undefined("the inline if-expression evaluated to false and no else section was defined.") : otherwise.Evaluate(frame);
}

/// <summary>and, or: the value that decided.</summary>
internal sealed class LogicExpression(Expression left, Expression right, bool isAnd) : Expression
{
    protected override object? Value(Frame frame)
    {
        object? first = left.Evaluate(frame);
        return PythonCompare.IsTrue(first) == isAnd ? right.Evaluate(frame) : first;
    }
}

internal sealed class NotExpression(Expression inner) : Expression
{
    protected override object? Value(Frame frame) => !PythonCompare.IsTrue(inner.Evaluate(frame));
}

/// <summary>a &lt; b &lt;= c: each pair in turn.</summary>
internal sealed class CompareExpression(Expression first, (string Operator, Expression Right)[] rest) : Expression
{
    protected override object? Value(Frame frame)
    {
        object? left = first.Evaluate(frame);
        foreach ((string symbol, Expression expression) in rest)
        {
            object? right = expression.Evaluate(frame);
            if (!Holds(left, symbol, right, frame.Work))
                return false;
            left = right;
        }
        return true;
    }

    public static bool Holds(object? left, string symbol, object? right, WorkBudget work) => symbol switch
    {
        "==" => PythonCompare.AreEqual(left, right, work),
        "!=" => !PythonCompare.AreEqual(left, right, work),
        "in" => Operations.Contains(right, left, work),
        "not in" => !Operations.Contains(right, left, work),
        "<" => PythonCompare.Compare(left, right, symbol, work) < 0,
        "<=" => PythonCompare.Compare(left, right, symbol, work) <= 0,
        ">" => PythonCompare.Compare(left, right, symbol, work) > 0,
        _ => PythonCompare.Compare(left, right, symbol, work) >= 0,
    };
}

internal sealed class BinaryExpression(string symbol, Expression left, Expression right) : Expression
{
    protected override object? Value(Frame frame) => Operations.Binary(symbol, left.Evaluate(frame), right.Evaluate(frame), frame.Work);
}

internal sealed class SignExpression(Expression inner, bool negative) : Expression
{
    protected override object? Value(Frame frame)
    {
        object? value = inner.Evaluate(frame);
        return value switch
        {
            Undefined u => throw u.Error(),
            // Without the cast both arms would become double.
            double number => (object)(negative ? -number : number),
            bool or long => negative ? -PythonCompare.Integer(value) : PythonCompare.Integer(value),
            _ => throw new TemplateException($"bad operand type for unary {(negative ? '-' : '+')}: '{PythonText.TypeName(value)}'"),
        };
    }
}

/// <summary>a ~ b: both as text.</summary>
internal sealed class ConcatenationExpression(Expression[] parts) : Expression
{
    protected override object? Value(Frame frame)
    {
        var texts = new string[parts.Length];
        long length = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            texts[i] = PythonText.Str(parts[i].Evaluate(frame), frame.Work);
            length += texts[i].Length;
        }
        frame.Work.ChargeText(length);
        return string.Concat(texts);
    }
}

/// <summary>a.name: the attribute, or else the item.</summary>
internal sealed class AttributeExpression(Expression of, string name) : Expression
{
    public Expression Of => of;

    public string Name => name;

    protected override object? Value(Frame frame) => Members.Attribute(of.Evaluate(frame), name, frame);
}

/// <summary>a[key]: the item, or else the attribute.</summary>
internal sealed class ItemExpression(Expression of, Expression key) : Expression
{
    protected override object? Value(Frame frame) => Members.Item(of.Evaluate(frame), key.Evaluate(frame), frame);
}

internal sealed class SliceExpression(Expression of, Expression? start, Expression? stop, Expression? step) : Expression
{
    protected override object? Value(Frame frame) =>
        Members.Slice(of.Evaluate(frame), start?.Evaluate(frame), stop?.Evaluate(frame), step?.Evaluate(frame), frame.Work);
}

/// <summary>Arguments as a template writes them.</summary>
internal sealed record ArgumentList(Expression[] Positional, (string Name, Expression Value)[] Named, Expression? MorePositional, Expression? MoreNamed)
{
    public static ArgumentList None { get; } = new([], [], null, null);

    public CallArguments Evaluate(Frame frame)
    {
        if (Positional.Length == 0 && Named.Length == 0 && MorePositional is null && MoreNamed is null)
            return new CallArguments([]);
        var positional = new List<object?>(Positional.Length);
        foreach (Expression argument in Positional)
            positional.Add(argument.Evaluate(frame));
        if (MorePositional is not null)
            positional.AddRange(Operations.Iterate(MorePositional.Evaluate(frame), frame.Work));
        if (Named.Length == 0 && MoreNamed is null)
            return new CallArguments(positional);
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach ((string name, Expression value) in Named)
            named[name] = value.Evaluate(frame);
        if (MoreNamed is not null)
        {
            if (MoreNamed.Evaluate(frame) is not PythonDictionary more)
                throw new TemplateException("argument after ** must be a mapping");
            foreach ((object key, object? value) in more.Items)
                named[key as string ?? throw new TemplateException("keywords must be strings")] = value;
        }
        return new CallArguments(positional, named);
    }
}

internal sealed class CallExpression(Expression callee, ArgumentList arguments) : Expression
{
    protected override object? Value(Frame frame) => Call(frame, extra: null);

    /// <param name="frame">Where the call stands.</param>
    /// <param name="extra">The caller() of a call block.</param>
    public object? Call(Frame frame, Callable? extra)
    {
        object? target = callee.Evaluate(frame);
        CallArguments values = arguments.Evaluate(frame);
        if (extra is not null)
            values = new CallArguments(values.Positional, new Dictionary<string, object?>(values.Named, StringComparer.Ordinal) { ["caller"] = extra });
        frame.Work.Enter();
        try
        {
            return target switch
            {
                Callable callable => callable.Call(values),
                LoopValue loop => loop.Recurse(values),
                Undefined u => throw u.Error(),
                _ => throw new TemplateException($"'{PythonText.TypeName(target)}' object is not callable"),
            };
        }
        finally
        {
            frame.Work.Leave();
        }
    }
}

internal sealed class FilterExpression(Expression? of, string name, ArgumentList arguments) : Expression
{
    protected override object? Value(Frame frame) => Apply((of ?? throw new TemplateException("a filter without its value")).Evaluate(frame), frame);

    public object? Apply(object? value, Frame frame) => Filters.Apply(name, value, arguments.Evaluate(frame), frame);
}

internal sealed class TestExpression(Expression of, string name, ArgumentList arguments) : Expression
{
    protected override object? Value(Frame frame) => TemplateTests.Holds(name, of.Evaluate(frame), arguments.Evaluate(frame), frame);
}
