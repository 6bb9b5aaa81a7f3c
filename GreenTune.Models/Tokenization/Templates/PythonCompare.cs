using System.Runtime.CompilerServices;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Truth, equality and order of values as in Python.</summary>
internal static class PythonCompare
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        PythonList { Kind: PythonListKind.Lazy } => true,
        PythonList list => list.Items.Count > 0,
        PythonDictionary dictionary => dictionary.Items.Count > 0,
        _ => true,
    };

    public static bool AreEqual(object? a, object? b, WorkBudget? work = null)
    {
        work?.Charge(4);
        switch (a, b)
        {
            case (null, null) or (Undefined, Undefined):
                return true;
            case (string x, string y):
                if (x.Length == y.Length)
                    work?.Charge(x.Length / 8);
                return string.Equals(x, y, StringComparison.Ordinal);
            case (PythonList x, PythonList y):
                return ReferenceEquals(x, y) || (x.Kind == y.Kind && x.Kind != PythonListKind.Lazy && HaveEqualItems(x, y, work));
            case (PythonDictionary x, PythonDictionary y):
                return ReferenceEquals(x, y) || HaveEqualItems(x, y, work);
            default:
                return TryNumber(a, out double left) && TryNumber(b, out double right) ? (a is double || b is double ? left == right : Integer(a) == Integer(b)) : a is not null && ReferenceEquals(a, b);
        }
    }

    /// <summary>Negative, zero or positive, as a stands to b.</summary>
    /// <exception cref="TemplateException">Python has no order between them.</exception>
    public static int Compare(object? a, object? b, string symbol, WorkBudget? work = null)
    {
        work?.Charge(4);
        switch (a, b)
        {
            case (Undefined u, _):
                throw u.Error();
            case (_, Undefined u):
                throw u.Error();
            case (string x, string y):
                work?.Charge(Math.Min(x.Length, y.Length) / 8);
                return string.CompareOrdinal(x, y);
            case (PythonList x, PythonList y) when x.Kind == y.Kind && x.Kind != PythonListKind.Lazy:
                EnsureStack();
                for (int i = 0; i < Math.Min(x.Items.Count, y.Items.Count); i++)
                {
                    if (!AreEqual(x.Items[i], y.Items[i], work))
                        return Compare(x.Items[i], y.Items[i], symbol, work);
                }
                return x.Items.Count.CompareTo(y.Items.Count);
            default:
                if (TryNumber(a, out double left) && TryNumber(b, out double right))
                    return a is double || b is double ? left.CompareTo(right) : Integer(a).CompareTo(Integer(b));
                throw new TemplateException($"'{symbol}' not supported between instances of '{PythonText.TypeName(a)}' and '{PythonText.TypeName(b)}'");
        }
    }

    /// <summary>Numbers; true and false are 1 and 0.</summary>
    public static bool TryNumber(object? value, out double number)
    {
        number = value switch
        {
            long whole => whole,
            double real => real,
            bool flag => flag ? 1 : 0,
            _ => 0,
        };
        return value is long or double or bool;
    }

    public static long Integer(object? value) => value switch
    {
        long whole => whole,
        bool flag => flag ? 1 : 0,
        _ => throw new TemplateException($"'{PythonText.TypeName(value)}' object cannot be interpreted as an integer"),
    };

    private static bool HaveEqualItems(PythonList x, PythonList y, WorkBudget? work)
    {
        EnsureStack();
        if (x.Items.Count != y.Items.Count)
            return false;
        for (int i = 0; i < x.Items.Count; i++)
        {
            if (!AreEqual(x.Items[i], y.Items[i], work))
                return false;
        }
        return true;
    }

    private static bool HaveEqualItems(PythonDictionary x, PythonDictionary y, WorkBudget? work)
    {
        EnsureStack();
        if (x.Items.Count != y.Items.Count)
            return false;
        foreach ((object key, object? value) in x.Items)
        {
            if (!y.Items.TryGetValue(key, out object? other) || !AreEqual(value, other, work))
                return false;
        }
        return true;
    }

    private static void EnsureStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateException("The chat template nests lists too deeply.");
    }
}
