using System.Text;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>How a statement ended.</summary>
internal enum Flow
{
    Goes,
    Breaks,
    Continues,
}

/// <summary>Text written so far; its length is bounded by the rendering's budget.</summary>
internal sealed class Output(WorkBudget work)
{
    private readonly StringBuilder _text = new();

    public void Write(string text)
    {
        work.ChargeText(_text.Length + (long)text.Length > 32 << 20 ? long.MaxValue / 2 : text.Length);
        _text.Append(text);
    }

    public override string ToString() => _text.ToString();
}

/// <summary>A part of a template that writes or does something.</summary>
internal abstract class Statement
{
    public Flow Run(Frame frame, Output output)
    {
        frame.Work.Step();
        WorkBudget.EnsureStack();
        return Do(frame, output);
    }

    protected abstract Flow Do(Frame frame, Output output);
}

internal sealed class BodyStatement(Statement[] parts) : Statement
{
    protected override Flow Do(Frame frame, Output output)
    {
        foreach (Statement part in parts)
        {
            if (part.Run(frame, output) is var flow and not Flow.Goes)
                return flow;
        }
        return Flow.Goes;
    }

    /// <summary>What the body writes.</summary>
    public string Render(Frame frame)
    {
        var output = new Output(frame.Work);
        Run(frame, output);
        return output.ToString();
    }
}

internal sealed class DataStatement(string text) : Statement
{
    protected override Flow Do(Frame frame, Output output)
    {
        output.Write(text);
        return Flow.Goes;
    }
}

internal sealed class PrintStatement(Expression value) : Statement
{
    protected override Flow Do(Frame frame, Output output)
    {
        output.Write(PythonText.Str(value.Evaluate(frame), frame.Work));
        return Flow.Goes;
    }
}

/// <summary>break and continue.</summary>
internal sealed class JumpStatement(Flow flow) : Statement
{
    protected override Flow Do(Frame frame, Output output) => flow;
}

internal sealed class IfStatement((Expression Condition, BodyStatement Body)[] branches, BodyStatement? otherwise) : Statement
{
    protected override Flow Do(Frame frame, Output output)
    {
        foreach ((Expression condition, BodyStatement body) in branches)
        {
            if (PythonCompare.IsTrue(condition.Evaluate(frame)))
                return body.Run(frame, output);
        }
        return otherwise?.Run(frame, output) ?? Flow.Goes;
    }
}

/// <summary>Where a value goes: a name, several, or an attribute of a namespace.</summary>
internal sealed class Target
{
    private readonly string[] _names;
    private readonly string? _attribute;
    private readonly bool _several;

    public Target(string[] names, bool several)
    {
        _names = names;
        _several = several;
    }

    public Target(string name, string attribute)
    {
        _names = [name];
        _attribute = attribute;
    }

    public void Assign(object? value, Frame frame)
    {
        if (_attribute is not null)
        {
            if (!frame.Scope.TryGet(_names[0], out object? space) || space is not TemplateNamespace target)
                throw new TemplateException("cannot assign attribute on non-namespace object");
            target.Attributes[_attribute] = value;
        }
        else if (!_several)
        {
            frame.Scope.Set(_names[0], value);
        }
        else
        {
            List<object?> values = Operations.Iterate(value, frame.Work);
            if (values.Count != _names.Length)
                throw new TemplateException(values.Count > _names.Length ? $"too many values to unpack (expected {_names.Length})" : $"not enough values to unpack (expected {_names.Length}, got {values.Count})");
            for (int i = 0; i < _names.Length; i++)
                frame.Scope.Set(_names[i], values[i]);
        }
    }
}

internal sealed class SetStatement(Target target, Expression value) : Statement
{
    protected override Flow Do(Frame frame, Output output)
    {
        target.Assign(value.Evaluate(frame), frame);
        return Flow.Goes;
    }
}

/// <summary>set name ... endset: the text between.</summary>
internal sealed class SetBlockStatement(Target target, FilterExpression[] filters, BodyStatement body) : Statement
{
    protected override Flow Do(Frame frame, Output output)
    {
        object? value = body.Render(frame.Inner());
        foreach (FilterExpression filter in filters)
            value = filter.Apply(value, frame);
        target.Assign(value, frame);
        return Flow.Goes;
    }
}

internal sealed class FilterBlockStatement(FilterExpression[] filters, BodyStatement body) : Statement
{
    protected override Flow Do(Frame frame, Output output)
    {
        object? value = body.Render(frame.Inner());
        foreach (FilterExpression filter in filters)
            value = filter.Apply(value, frame);
        output.Write(PythonText.Str(value, frame.Work));
        return Flow.Goes;
    }
}

/// <summary>with a = 1: names for a body of its own. Without names: a generation block, whose text transformers marks and we do not.</summary>
internal sealed class WithStatement((Target Target, Expression Value)[] values, BodyStatement body) : Statement
{
    protected override Flow Do(Frame frame, Output output)
    {
        Frame inner = frame.Inner();
        foreach ((Target target, Expression value) in values)
            target.Assign(value.Evaluate(frame), inner);
        return body.Run(inner, output);
    }
}

internal sealed class ForStatement(Target target, Expression items, Expression? condition, BodyStatement body, BodyStatement? otherwise, bool recursive) : Statement
{
    protected override Flow Do(Frame frame, Output output)
    {
        Loop(items.Evaluate(frame), frame, output, depth: 1);
        return Flow.Goes;
    }

    private void Loop(object? over, Frame frame, Output output, int depth)
    {
        List<object?> values = [];
        foreach (object? value in Operations.Iterate(over, frame.Work))
        {
            if (condition is not null)
            {
                Frame test = frame.Inner();
                target.Assign(value, test);
                if (!PythonCompare.IsTrue(condition.Evaluate(test)))
                    continue;
            }
            values.Add(value);
        }
        var loop = new LoopValue(values, depth, recursive ? Recurse : null);
        for (int i = 0; i < values.Count; i++)
        {
            loop.Place = i;
            // Each turn has names of its own: what one sets the next does not see.
            Frame inner = frame.Inner();
            inner.Scope.Set("loop", loop);
            target.Assign(values[i], inner);
            if (body.Run(inner, output) == Flow.Breaks)
                break;
        }
        if (values.Count == 0)
            otherwise?.Run(frame.Inner(), output);

        string Recurse(object? children)
        {
            var text = new Output(frame.Work);
            Loop(children, frame, text, depth + 1);
            return text.ToString();
        }
    }
}

internal sealed class MacroStatement(string name, Macro macro) : Statement
{
    protected override Flow Do(Frame frame, Output output)
    {
        frame.Scope.Set(name, macro.Bind(name, frame));
        return Flow.Goes;
    }
}

/// <summary>call macro() ... endcall: the body is the macro's caller().</summary>
internal sealed class CallBlockStatement(Macro macro, CallExpression call) : Statement
{
    protected override Flow Do(Frame frame, Output output)
    {
        output.Write(PythonText.Str(call.Call(frame, macro.Bind("caller", frame)), frame.Work));
        return Flow.Goes;
    }
}

/// <summary>Parameters and body of a macro.</summary>
internal sealed class Macro(string[] parameters, Expression?[] defaults, BodyStatement body)
{
    public Callable Bind(string name, Frame frame) => new(name, arguments => Call(arguments, frame));

    private string Call(CallArguments arguments, Frame frame)
    {
        Frame inner = frame.Inner();
        var named = new Dictionary<string, object?>(arguments.Named, StringComparer.Ordinal);
        for (int i = 0; i < parameters.Length; i++)
        {
            object? value;
            if (i < arguments.Positional.Count)
                value = arguments.Positional[i];
            else if (!named.Remove(parameters[i], out value))
                value = defaults[i] is { } otherwise ? otherwise.Evaluate(inner) : new Undefined($"parameter '{parameters[i]}' was not provided");
            inner.Scope.Set(parameters[i], value);
        }
        inner.Scope.Set("varargs", new PythonList(arguments.Positional.Count > parameters.Length ? arguments.Positional[parameters.Length..] : [], PythonListKind.Tuple));
        if (named.Remove("caller", out object? caller))
            inner.Scope.Set("caller", caller);
        var rest = new PythonDictionary();
        foreach ((string key, object? value) in named)
            rest.Set(key, value);
        inner.Scope.Set("kwargs", rest);
        return body.Render(inner);
    }
}
