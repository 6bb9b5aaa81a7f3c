namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Jinja's tests: "x is name".</summary>
internal static class TemplateTests
{
    public static bool Holds(string name, object? value, CallArguments arguments, Frame frame)
    {
        switch (name)
        {
            case "defined":
                return value is not Undefined;
            case "undefined":
                return value is Undefined;
            case "none":
                return value is null;
            case "true":
                return value is true;
            case "false":
                return value is false;
            case "boolean":
                return value is bool;
            case "integer":
                return value is long;
            case "float":
                return value is double;
            case "number":
                return value is long or double or bool;
            case "string":
                return value is string;
            case "mapping":
                return value is PythonDictionary;
            case "iterable":
                return value is string or PythonList or PythonDictionary or Undefined;
            case "sequence":
                return value is string or PythonDictionary or Undefined or PythonList { Kind: not PythonListKind.Lazy };
            case "callable":
                return value is Callable or LoopValue;
            case "escaped":
                return false;
            case "upper":
                return PythonText.Str(value) is var text && text.Any(char.IsUpper) && !text.Any(char.IsLower);
            case "lower":
                return PythonText.Str(value) is var small && small.Any(char.IsLower) && !small.Any(char.IsUpper);
            case "odd" or "even" or "divisibleby":
                long by = name == "divisibleby" ? PythonCompare.Integer(arguments.Required(0, "num", "divisibleby")) : 2;
                return (Operations.Binary("%", value, by, frame.Work) is 0L or 0.0) != (name == "odd");
            case "filter":
                return value is string filter && Filters.Names.Contains(filter);
            case "test":
                return value is string test && Names.Contains(test);
            case "sameas":
                return ReferenceEquals(value, arguments.Get(0, "other")) || (value is not (PythonList or PythonDictionary) && Equals(value, arguments.Get(0, "other")));
            case "in":
                return Operations.Contains(arguments.Required(0, "seq", "in"), value, frame.Work);
            default:
                return CompareExpression.Holds(value, Symbol(name), arguments.Required(0, "other", name), frame.Work);
        }
    }

    public static IReadOnlySet<string> Names { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "defined", "undefined", "none", "true", "false", "boolean", "integer", "float", "number", "string", "mapping", "iterable", "sequence", "callable", "escaped", "upper",
        "lower", "odd", "even", "divisibleby", "filter", "test", "sameas", "in", "eq", "equalto", "ne", "lt", "lessthan", "le", "gt", "greaterthan", "ge",
    };

    private static string Symbol(string name) => name switch
    {
        "eq" or "equalto" or "==" => "==",
        "ne" or "!=" => "!=",
        "lt" or "lessthan" or "<" => "<",
        "le" or "<=" => "<=",
        "gt" or "greaterthan" or ">" => ">",
        "ge" or ">=" => ">=",
        _ => throw new TemplateException($"No test named '{name}'."),
    };
}
