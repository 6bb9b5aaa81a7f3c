using System.Text;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Python's operators.</summary>
internal static class Operations
{
    public static object? Binary(string symbol, object? left, object? right, WorkBudget work)
    {
        if (left is Undefined missing || (missing = (right as Undefined)!) is not null)
            throw missing.Error();
        return (symbol, left, right) switch
        {
            ("+", string a, string b) => Join(a, b, work),
            ("+", PythonList a, PythonList b) when a.Kind == b.Kind => Join(a, b, work),
            ("*", string a, long or bool) => Repeat(a, PythonCompare.Integer(right), work),
            ("*", long or bool, string b) => Repeat(b, PythonCompare.Integer(left), work),
            ("*", PythonList a, long or bool) => Repeat(a, PythonCompare.Integer(right), work),
            ("*", long or bool, PythonList b) => Repeat(b, PythonCompare.Integer(left), work),
            ("%", string a, _) => PercentFormat.Apply(a, right, work),
            ("+", string, _) => throw new TemplateException($"can only concatenate str (not \"{PythonText.TypeName(right)}\") to str"),
            _ => Arithmetic(symbol, left, right),
        };
    }

    /// <summary>item in container.</summary>
    public static bool Contains(object? container, object? item, WorkBudget work)
    {
        switch (container)
        {
            case string text:
                if (item is Undefined missing)
                    throw missing.Error();
                if (item is not string part)
                    throw new TemplateException($"'in <string>' requires string as left operand, not {PythonText.TypeName(item)}");
                ChargeSearch(text, part, work);
                return text.Contains(part, StringComparison.Ordinal);
            case PythonDictionary dictionary:
                return dictionary.TryGet(item, out _);
            case PythonList list:
                foreach (object? candidate in list.Items)
                {
                    if (PythonCompare.AreEqual(candidate, item, work))
                        return true;
                }
                return false;
            case Undefined:
                return false;
            default:
                throw new TemplateException($"argument of type '{PythonText.TypeName(container)}' is not iterable");
        }
    }

    /// <summary>What a loop over a value gives.</summary>
    public static List<object?> Iterate(object? value, WorkBudget work)
    {
        List<object?> items = value switch
        {
            PythonList list => list.Items,
            PythonDictionary dictionary => [.. dictionary.Items.Keys.Select(PythonDictionary.FromKey)],
            string text => [.. PythonText.Characters(text)],
            Undefined => [],
            _ => throw new TemplateException($"'{PythonText.TypeName(value)}' object is not iterable"),
        };
        work.Charge(items.Count);
        return items;
    }

    /// <summary>Searching a text for a long one can take the product of both lengths.</summary>
    public static void ChargeSearch(string text, string part, WorkBudget work) => work.Charge(text.Length / 8 + (long)text.Length * part.Length / 64);

    private static string Join(string a, string b, WorkBudget work)
    {
        work.ChargeText((long)a.Length + b.Length);
        return a + b;
    }

    private static PythonList Join(PythonList a, PythonList b, WorkBudget work)
    {
        work.Charge(4L * (a.Items.Count + b.Items.Count));
        return new PythonList([.. a.Items, .. b.Items], a.Kind);
    }

    private static string Repeat(string text, long times, WorkBudget work)
    {
        if (times <= 0 || text.Length == 0)
            return "";
        work.ChargeText(times > int.MaxValue ? long.MaxValue : times * text.Length);
        return new StringBuilder(text.Length * (int)times).Insert(0, text, (int)times).ToString();
    }

    private static PythonList Repeat(PythonList list, long times, WorkBudget work)
    {
        times = Math.Max(0, times);
        work.ChargeText(times > int.MaxValue ? long.MaxValue : 4L * times * list.Items.Count);
        var items = new List<object?>();
        for (long i = 0; i < times && list.Items.Count > 0; i++)
            items.AddRange(list.Items);
        return new PythonList(items, list.Kind);
    }

    private static object Arithmetic(string symbol, object? left, object? right)
    {
        if (!PythonCompare.TryNumber(left, out double x) || !PythonCompare.TryNumber(right, out double y))
            throw new TemplateException($"unsupported operand type(s) for {(symbol == "**" ? "** or pow()" : symbol)}: '{PythonText.TypeName(left)}' and '{PythonText.TypeName(right)}'");
        if (symbol is "/" or "//" or "%" && y == 0)
            throw new TemplateException(symbol == "/" ? "division by zero" : "integer division or modulo by zero");
        if (left is not double && right is not double && symbol != "/")
            return Whole(symbol, PythonCompare.Integer(left), PythonCompare.Integer(right));
        return symbol switch
        {
            "+" => x + y,
            "-" => x - y,
            "*" => x * y,
            "/" => x / y,
            "//" => Math.Floor(x / y),
            "%" => x - y * Math.Floor(x / y),
            _ => Math.Pow(x, y),
        };
    }

    private static long Whole(string symbol, long x, long y)
    {
        try
        {
            return checked(symbol switch
            {
                "+" => x + y,
                "-" => x - y,
                "*" => x * y,
                "//" => FloorDivide(x, y),
                "%" => x - y * FloorDivide(x, y),
                _ => y < 0 ? throw new TemplateException("negative powers are not known here") : Power(x, y),
            });
        }
        catch (OverflowException e)
        {
            throw new TemplateException("A number of the chat template is too large.", e);
        }
    }

    private static long FloorDivide(long x, long y) => checked(x / y - (x % y != 0 && (x < 0) != (y < 0) ? 1 : 0));

    private static long Power(long x, long y)
    {
        if (x is 0 or 1 || y == 0)
            return y == 0 ? 1 : x;
        if (x == -1)
            return y % 2 == 0 ? 1 : -1;
        long result = 1;
        for (long i = 0; i < y; i++)
            result = checked(result * x);
        return result;
    }
}
