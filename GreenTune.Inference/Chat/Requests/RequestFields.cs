using System.Globalization;
using System.Text.Json;

namespace GreenTune.Inference.Chat.Requests;

/// <summary>Fields of a JSON object in a request. A null counts as absent. What is wrong is a 400 that names the field by its path.</summary>
/// <param name="element">The object.</param>
/// <param name="path">Where it stands in the body, for example "messages[0]"; empty for the body itself.</param>
internal readonly struct RequestFields(JsonElement element, string path = "")
{
    private const int LongestShown = 40;

    public JsonElement Element => element;

    public string Path => path;

    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    public bool TryGet(string name, out JsonElement value) => element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    public bool Has(string name) => TryGet(name, out _);

    public bool? Boolean(string name)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw ApiException.Bad(PathOf(name), "must be true or false.");
    }

    /// <summary>A whole number; 7.0 is one too.</summary>
    public int? Integer(string name, int low, int high)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return null;
        }

        return WholeNumber(value) is long number && number >= low && number <= high
            ? (int)number
            : throw ApiException.Bad(PathOf(name), FormattableString.Invariant($"must be a whole number from {low} to {high}."));
    }

    public long? Long(string name)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return null;
        }

        return WholeNumber(value) ?? throw ApiException.Bad(PathOf(name), "must be a whole number of 64 bits, for example 42.");
    }

    public double? Number(string name, double low, double high)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return null;
        }

        return NumberIn(value, low, high) ?? throw ApiException.Bad(PathOf(name), FormattableString.Invariant($"must be a number from {low} to {high}."));
    }

    /// <summary>A number above 0.</summary>
    public double? Positive(string name, double high)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return null;
        }

        return NumberIn(value, 0, high) is > 0 and double number ? number : throw ApiException.Bad(PathOf(name), FormattableString.Invariant($"must be a number above 0 and at most {high}."));
    }

    /// <param name="name">The field.</param>
    /// <param name="what">What it must be, for the message: "a string of 1 to 64 characters".</param>
    /// <param name="shortest">Fewest characters.</param>
    /// <param name="longest">Most characters.</param>
    public string? Text(string name, string what, int shortest = 0, int longest = int.MaxValue) =>
        TryGet(name, out JsonElement value)
            ? TextOf(value, PathOf(name)) is { } text && text.Length >= shortest && text.Length <= longest ? text : throw ApiException.Bad(PathOf(name), $"must be {what}.")
            : null;

    public RequestFields? Object(string name, string example)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Object ? new RequestFields(value, PathOf(name)) : throw ApiException.Bad(PathOf(name), $"must be an object, for example {example}.");
    }

    /// <summary>A string's text; null when the value is no string.</summary>
    /// <exception cref="ApiException">400: it is not valid Unicode.</exception>
    public static string? TextOf(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // JSON's escapes can spell half of a surrogate pair, which no tokenizer can take.
            throw ApiException.Bad(path, "is not valid Unicode text.");
        }
    }

    public static double? NumberIn(JsonElement value, double low, double high) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= low && number <= high ? number : null;

    /// <summary>A client's text for a message, cut where it is long.</summary>
    public static string Shown(string text) => text.Length <= LongestShown ? text : text[..LongestShown] + "...";

    public static string Index(string path, int index) => $"{path}[{index.ToString(CultureInfo.InvariantCulture)}]";

    private static long? WholeNumber(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number)
        {
            return null;
        }

        if (value.TryGetInt64(out long whole))
        {
            return whole;
        }

        // Some clients write every number with a point. Above 2^53 a double is no longer one whole number.
        return value.TryGetDouble(out double number) && Math.Abs(number) <= 1L << 53 && Math.Truncate(number) == number ? (long)number : null;
    }
}
