using System.Globalization;
using System.Text.Json;

namespace GreenTune.Accounting.Http;

/// <summary>Reads a query string; what is malformed is gathered by name, and so is a parameter that nobody reads, since a misspelt filter filters nothing.</summary>
internal sealed class QueryReader(IQueryCollection query)
{
    private readonly HashSet<string> _read = new(StringComparer.OrdinalIgnoreCase);

    public FieldErrors Errors { get; } = new();

    /// <summary>The parameter's text; null when it is absent or empty.</summary>
    public string? Text(string name)
    {
        _read.Add(name);
        string? text = query[name].LastOrDefault();
        return string.IsNullOrEmpty(text) ? null : text;
    }

    public int Whole(string name, int least, int most, int otherwise)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most)
        {
            return value;
        }

        Errors.Add(name, $"{name} is a whole number from {least} to {most}, for example {otherwise}.");
        return otherwise;
    }

    public double? Number(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value))
        {
            return value;
        }

        Errors.Add(name, $"{name} is a number, for example 0.5.");
        return null;
    }

    public bool? Switch(string name)
    {
        switch (Text(name))
        {
            case null:
                return null;
            case "true":
                return true;
            case "false":
                return false;
            default:
                Errors.Add(name, $"{name} is true or false.");
                return null;
        }
    }

    public DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        // A plus sign that was not escaped arrives as a space.
        if (DateTimeOffset.TryParse(text.Replace(' ', '+'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            || DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time))
        {
            return time;
        }

        Errors.Add(name, $"{name} is a time in ISO 8601, for example 2026-11-19T08:00:00Z.");
        return null;
    }

    public Guid? Guid(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (System.Guid.TryParse(text, out Guid id))
        {
            return id;
        }

        Errors.Add(name, $"{name} is an id such as {System.Guid.Empty}.");
        return null;
    }

    /// <summary>A member of an enum as the API writes it, in camelCase.</summary>
    public T? Word<T>(string name)
        where T : struct, Enum
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        foreach (T value in Enum.GetValues<T>())
        {
            if (string.Equals(JsonNamingPolicy.CamelCase.ConvertName(value.ToString()), text, StringComparison.Ordinal))
            {
                return value;
            }
        }

        Errors.Add(name, $"{name} is one of {string.Join(", ", Enum.GetNames<T>().Select(JsonNamingPolicy.CamelCase.ConvertName))}.");
        return null;
    }

    /// <summary>Call after the last parameter was read.</summary>
    public void RefuseOthers()
    {
        foreach (string name in query.Keys.Where(name => !_read.Contains(name)))
        {
            Errors.Add(name, $"{name} is not a parameter of this call; these are: {string.Join(", ", _read)}.");
        }
    }
}
