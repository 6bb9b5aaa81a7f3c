using System.Globalization;
using System.Text;
using System.Text.Json;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>JSON into a template's values, and json.dumps as transformers' tojson calls it.</summary>
internal static class PythonJson
{
    private const int Deepest = 100;

    /// <summary>A JSON value as Python reads it; keys keep their order.</summary>
    public static object? Read(JsonElement element, Func<string, string> text)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var dictionary = new PythonDictionary();
                foreach (JsonProperty property in element.EnumerateObject())
                    dictionary.Set(text(property.Name), Read(property.Value, text));
                return dictionary;
            case JsonValueKind.Array:
                return new PythonList([.. element.EnumerateArray().Select(item => Read(item, text))]);
            case JsonValueKind.String:
                return text(element.GetString()!);
            case JsonValueKind.Number:
                return element.GetRawText().AsSpan().IndexOfAny(".eE") < 0 && element.TryGetInt64(out long whole) ? (object)whole : element.GetDouble();
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            default:
                return null;
        }
    }

    /// <param name="value">What to write.</param>
    /// <param name="options">ensure_ascii (false unless given), indent, separators and sort_keys.</param>
    /// <param name="work">What the text costs.</param>
    public static string Write(object? value, CallArguments options, WorkBudget work)
    {
        string? indent = options.Get(1, "indent") switch
        {
            null => null,
            string text => text,
            object number => new string(' ', (int)Math.Clamp(PythonCompare.Integer(number), 0, Deepest)),
        };
        (string item, string key) = options.Get(2, "separators") is PythonList { Items: [string first, string second] } ? (first, second) : (indent is null ? ", " : ",", ": ");
        var writer = new Writer(work, indent, item, key, PythonCompare.IsTrue(options.Get(0, "ensure_ascii", false)), PythonCompare.IsTrue(options.Get(3, "sort_keys", false)));
        return writer.Run(value);
    }

    private sealed class Writer(WorkBudget work, string? indent, string itemSeparator, string keySeparator, bool ascii, bool sortKeys)
    {
        private readonly StringBuilder _text = new();
        private int _charged;

        public string Run(object? value)
        {
            Write(value, 0);
            return _text.ToString();
        }

        private void Write(object? value, int depth)
        {
            if (depth > Deepest)
                throw new TemplateException("The chat template nests lists too deeply.");
            switch (value)
            {
                case null:
                    _text.Append("null");
                    break;
                case bool flag:
                    _text.Append(flag ? "true" : "false");
                    break;
                case long number:
                    _text.Append(number.ToString(CultureInfo.InvariantCulture));
                    break;
                case double number:
                    _text.Append(double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity") : PythonText.Float(number));
                    break;
                case string text:
                    Quote(text);
                    break;
                case PythonList { Kind: not PythonListKind.Lazy } list:
                    Many('[', ']', list.Items, depth, item => Write(item, depth + 1));
                    break;
                case PythonDictionary dictionary:
                    IEnumerable<KeyValuePair<object, object?>> entries = dictionary.Items;
                    if (sortKeys)
                        entries = entries.OrderBy(e => PythonText.Str(PythonDictionary.FromKey(e.Key)), StringComparer.Ordinal);
                    Many('{', '}', [.. entries], depth, entry => Entry(entry, depth));
                    break;
                default:
                    throw new TemplateException($"Object of type {PythonText.TypeName(value)} is not JSON serializable");
            }
            int length = _text.Length;
            work.ChargeText(length - _charged > 0 ? length - _charged : 0);
            _charged = length;
        }

        private void Entry(KeyValuePair<object, object?> entry, int depth)
        {
            Quote(PythonDictionary.FromKey(entry.Key) switch
            {
                string text => text,
                null => "null",
                double number => PythonText.Float(number),
                long number => number.ToString(CultureInfo.InvariantCulture),
                object other => throw new TemplateException($"keys must be str, int, float, bool or None, not {PythonText.TypeName(other)}"),
            });
            _text.Append(keySeparator);
            Write(entry.Value, depth + 1);
        }

        private void Many<T>(char open, char close, List<T> items, int depth, Action<T> write)
        {
            _text.Append(open);
            for (int i = 0; i < items.Count; i++)
            {
                if (i > 0)
                    _text.Append(itemSeparator);
                NewLine(depth + 1);
                write(items[i]);
            }
            if (items.Count > 0)
                NewLine(depth);
            _text.Append(close);
        }

        private void NewLine(int depth)
        {
            if (indent is null)
                return;
            _text.Append('\n');
            for (int i = 0; i < depth; i++)
                _text.Append(indent);
        }

        private void Quote(string text)
        {
            _text.Append('"');
            foreach (char c in text)
            {
                switch (c)
                {
                    case '"':
                        _text.Append("\\\"");
                        break;
                    case '\\':
                        _text.Append("\\\\");
                        break;
                    case '\n':
                        _text.Append("\\n");
                        break;
                    case '\r':
                        _text.Append("\\r");
                        break;
                    case '\t':
                        _text.Append("\\t");
                        break;
                    case '\b':
                        _text.Append("\\b");
                        break;
                    case '\f':
                        _text.Append("\\f");
                        break;
                    case < ' ':
                    case > '~' when ascii:
                        _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
                        break;
                    default:
                        _text.Append(c);
                        break;
                }
            }
            _text.Append('"');
        }
    }
}
