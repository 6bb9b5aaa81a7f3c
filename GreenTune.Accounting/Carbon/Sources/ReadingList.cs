using System.Globalization;
using System.Text.Json;
using GreenTune.Core.Carbon;

namespace GreenTune.Accounting.Carbon.Sources;

/// <summary>Gathers the sound values of an answer: in order, each span once, each in range; what is left out is told.</summary>
internal sealed class ReadingList<TSignal>(string source)
    where TSignal : IIntensitySignal
{
    private const int MaxMethod = 100;

    private readonly Dictionary<(DateTimeOffset From, bool Forecast), IntensityReading<TSignal>> _readings = [];
    private readonly List<string> _skipped = [];

    public void Skip(string why) => _skipped.Add($"{source}: {why}");

    public void Add(IntensityReading<TSignal> reading)
    {
        string at = reading.From.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        if (IntensityRange.Problem<TSignal>(reading.Intensity.Value, reading.FactorType) is { } problem)
        {
            Skip($"the value of {at} UTC is left out: {problem}");
        }
        else if (reading.To <= reading.From)
        {
            Skip($"the value of {at} UTC is left out: it ends before it begins.");
        }
        else if (!_readings.TryGetValue((reading.From, reading.IsForecast), out IntensityReading<TSignal>? there))
        {
            _readings.Add((reading.From, reading.IsForecast), reading with { Method = reading.Method is { Length: > MaxMethod } method ? method[..MaxMethod] : reading.Method });
        }
        else if (there.Intensity != reading.Intensity)
        {
            // The better of the two: measured before estimated, and of like ones the one changed last.
            bool better = (!reading.IsEstimated, reading.UpdatedAt ?? default).CompareTo((!there.IsEstimated, there.UpdatedAt ?? default)) > 0;
            _readings[(reading.From, reading.IsForecast)] = better ? reading : there;
            Skip($"there are two values of {at} UTC, {there.Intensity.Value.ToString(CultureInfo.InvariantCulture)} and {reading.Intensity.Value.ToString(CultureInfo.InvariantCulture)} g/kWh.");
        }
    }

    /// <exception cref="IntensitySourceException">Nothing was sound.</exception>
    public SourceAnswer<TSignal> Answer()
    {
        if (_readings.Count == 0)
        {
            throw new IntensitySourceException(_skipped.Count > 0 ? _skipped[0] : $"{source} answered without a value.", SourceFailure.Nonsense);
        }

        return new SourceAnswer<TSignal>([.. _readings.Values.OrderBy(reading => reading.From)], _skipped);
    }
}

/// <summary>Reading JSON from outside without trusting its shape.</summary>
internal static class JsonReading
{
    public static JsonElement? Property(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(this JsonElement element, string name) => element.Property(name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    public static double? Number(this JsonElement element, string name) => element.Property(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetDouble(out double value) ? value : null;

    public static bool? Switch(this JsonElement element, string name) => element.Property(name)?.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) => element.Property(name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    /// <summary>ISO 8601 with an offset or Z; the seconds may be missing, as in the UK's "2018-01-20T12:00Z". Without an offset it is no time.</summary>
    public static DateTimeOffset? Time(this JsonElement element, string name) => Time(element.Text(name));

    /// <inheritdoc cref="Time(JsonElement, string)"/>
    public static DateTimeOffset? Time(string? text)
    {
        string[] forms = ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];
        return text is not null && (text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > text.IndexOf('T', StringComparison.Ordinal))
            && DateTimeOffset.TryParseExact(text, forms, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out DateTimeOffset time)
            && time.Year is > 2000 and < 2200
            ? time
            : null;
    }
}
