using System.Text.Json.Nodes;

namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>Types of metadata values, numbered as in the file.</summary>
internal enum GgufValueType
{
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    Text = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
}

/// <summary>
/// Key-value pairs of a GGUF file. Only their places are kept: values are read when they are asked for. Every error names the key, what it holds and
/// what is expected.
/// </summary>
internal sealed class GgufMetadata(MappedFile file)
{
    /// <summary>The format's own limit for keys.</summary>
    private const int MaximumKeyBytes = 65535;

    /// <summary>Length of a key, a key of one byte, its type and a value of one byte.</summary>
    public const int SmallestEntry = 14;

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public IEnumerable<string> Keys => _entries.Keys;

    /// <summary>Reads the place of the next entry.</summary>
    public void Add(GgufCursor cursor)
    {
        string key = cursor.Text("a metadata key", MaximumKeyBytes);
        uint type = cursor.UInt32($"the type of {key}");
        if (!Enum.IsDefined((GgufValueType)type))
            throw Error(key, $"has the unknown type {type}");
        var entry = new Entry((GgufValueType)type, default, 1, cursor.Position);
        if (entry.Type == GgufValueType.Array)
        {
            uint element = cursor.UInt32($"the type of {key}");
            if (!Enum.IsDefined((GgufValueType)element))
                throw Error(key, $"is an array of the unknown type {element}");
            if ((GgufValueType)element == GgufValueType.Array)
                throw Error(key, "is an array of arrays; arrays of numbers, texts or booleans are read");
            int count = cursor.Count($"the number of elements of {key}", SmallestElement((GgufValueType)element));
            entry = new Entry(GgufValueType.Array, (GgufValueType)element, count, cursor.Position);
            Skip(cursor, key, entry.Element, count);
        }
        else
        {
            Skip(cursor, key, entry.Type, 1);
        }
        if (!_entries.TryAdd(key, entry))
            throw Error(key, "is there twice");
    }

    public bool Has(string key) => _entries.ContainsKey(key);

    public string? Text(string key) => Scalar(key) switch
    {
        null => null,
        string text => text,
        var other => throw Error(key, $"is {other}; text is expected"),
    };

    public bool? Boolean(string key) => Scalar(key) switch
    {
        null => null,
        bool value => value,
        var other => throw Error(key, $"is {Show(other)}; true or false is expected"),
    };

    public int Integer(string key, int minimum = 1, int maximum = int.MaxValue) =>
        OptionalInteger(key, minimum, maximum) ?? throw Error(key, "is missing");

    public int? OptionalInteger(string key, int minimum = 1, int maximum = int.MaxValue) => Scalar(key) switch
    {
        null => null,
        long number when number >= minimum && number <= maximum => (int)number,
        var other => throw Error(key, $"is {Show(other)}; a whole number from {minimum} to {maximum} is expected"),
    };

    /// <summary>A floating-point number, written as JSON with no more digits than its own precision has.</summary>
    public JsonNode? OptionalNumber(string key) => Scalar(key) switch
    {
        null => null,
        float number when float.IsFinite(number) => JsonValue.Create(number),
        double number when double.IsFinite(number) => JsonValue.Create(number),
        long number => JsonValue.Create(number),
        var other => throw Error(key, $"is {Show(other)}; a number is expected"),
    };

    /// <summary>Number of elements of an array; null where there is none.</summary>
    public int? Count(string key) => Array(key)?.Count;

    public string[]? Texts(string key)
    {
        if (Array(key) is not { } array)
            return null;
        if (array.Element != GgufValueType.Text)
            throw Error(key, $"is an array of {array.Element}; texts are expected");
        var cursor = new GgufCursor(file, array.Offset);
        var values = new string[array.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = cursor.Text($"{key}[{i}]");
        return values;
    }

    public float[]? Floats(string key)
    {
        if (Array(key) is not { } array)
            return null;
        if (array.Element != GgufValueType.Float32)
            throw Error(key, $"is an array of {array.Element}; float32 is expected");
        var cursor = new GgufCursor(file, array.Offset);
        var values = new float[array.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = BitConverter.UInt32BitsToSingle(cursor.UInt32(key));
        return values;
    }

    public int[]? Integers(string key)
    {
        if (Array(key) is not { } array)
            return null;
        if (array.Element is not (GgufValueType.Int32 or GgufValueType.UInt32))
            throw Error(key, $"is an array of {array.Element}; int32 is expected");
        var cursor = new GgufCursor(file, array.Offset);
        var values = new int[array.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = (int)cursor.UInt32(key);
        return values;
    }

    public ModelFolderException Error(string key, string what) => new(file.Folder, $"{file.Name}: {key} {what}");

    private static string Show(object? value) => value is string text ? $"'{(text.Length <= 40 ? text : text[..37] + "...")}'" : FormattableString.Invariant($"{value}");

    private object? Scalar(string key)
    {
        if (!_entries.TryGetValue(key, out Entry entry))
            return null;
        var cursor = new GgufCursor(file, entry.Offset);
        return entry.Type switch
        {
            GgufValueType.UInt8 => (object)(long)cursor.Byte(key),
            GgufValueType.Int8 => (long)(sbyte)cursor.Byte(key),
            GgufValueType.UInt16 => (long)cursor.UInt16(key),
            GgufValueType.Int16 => (long)(short)cursor.UInt16(key),
            GgufValueType.UInt32 => (long)cursor.UInt32(key),
            GgufValueType.Int32 => (long)(int)cursor.UInt32(key),
            GgufValueType.Int64 => (long)cursor.UInt64(key),
            GgufValueType.UInt64 => Signed(key, cursor.UInt64(key)),
            GgufValueType.Float32 => BitConverter.UInt32BitsToSingle(cursor.UInt32(key)),
            GgufValueType.Float64 => BitConverter.UInt64BitsToDouble(cursor.UInt64(key)),
            GgufValueType.Bool => Flag(key, cursor.Byte(key)),
            GgufValueType.Text => cursor.Text(key),
            _ => throw Error(key, "is an array; one value is expected"),
        };
    }

    private long Signed(string key, ulong number) => number <= long.MaxValue ? (long)number : throw Error(key, $"is {number}, which is too large");

    private bool Flag(string key, byte flag) => flag <= 1 ? flag == 1 : throw Error(key, $"is {flag}, where a boolean is 0 or 1");

    private Entry? Array(string key)
    {
        if (!_entries.TryGetValue(key, out Entry entry))
            return null;
        return entry.Type == GgufValueType.Array ? entry : throw Error(key, "is no array, where one is expected");
    }

    private static void Skip(GgufCursor cursor, string key, GgufValueType type, int count)
    {
        if (type != GgufValueType.Text)
        {
            cursor.Skip((long)SmallestElement(type) * count, key);
            return;
        }
        for (int i = 0; i < count; i++)
            cursor.SkipText(key);
    }

    /// <summary>Bytes of a value; of a text those of its length.</summary>
    private static int SmallestElement(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        _ => 8,
    };

    private readonly record struct Entry(GgufValueType Type, GgufValueType Element, int Count, long Offset);
}
