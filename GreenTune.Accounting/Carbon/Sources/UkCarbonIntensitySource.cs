using System.Globalization;
using System.Text.Json;
using GreenTune.Core.Carbon;
using GreenTune.Core.Units;

namespace GreenTune.Accounting.Carbon.Sources;

/// <summary>
/// The UK's Carbon Intensity API: half-hours in gCO2/kWh, CO2 alone, Great Britain or one of its 17 regions; CC BY 4.0, no key. Times have no seconds, and
/// `actual` is null until some time after the half-hour:
/// <code>
/// {"data":[{"from":"2018-01-20T12:00Z","to":"2018-01-20T12:30Z","intensity":{"forecast":266,"actual":263,"index":"moderate"}}]}
/// {"data":[{"regionid":3,"shortname":"North West England","data":[{"from":"2018-01-20T12:00Z","to":"2018-01-20T12:30Z","intensity":{"forecast":266,"index":"moderate"}}]}]}
/// </code>
/// </summary>
internal sealed class UkCarbonIntensitySource(HttpClient http, int? regionId, Uri baseUrl, TimeSpan timeout) : IIntensitySource<AverageSignal>
{
    public const string SourceName = "UK Carbon Intensity";

    public string Name => SourceName;

    public string Zone { get; } = regionId is { } region ? string.Create(CultureInfo.InvariantCulture, $"GB-REGION-{region}") : "GB";

    // The latest answer has a forecast where `actual` is still null; two hours later the history has it.
    public IReadOnlyList<SourceCall> Calls { get; } =
    [
        new(SourceCallKind.Latest, TimeSpan.FromMinutes(30)),
        new(SourceCallKind.History, TimeSpan.FromHours(2)),
        new(SourceCallKind.Forecast, TimeSpan.FromHours(3)),
    ];

    public async Task<SourceAnswer<AverageSignal>> FetchAsync(SourceCallKind kind, DateTimeOffset now, CancellationToken cancellation)
    {
        string at = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);
        string span = kind == SourceCallKind.History ? "pt24h" : "fw48h";
        string path = (kind, regionId) switch
        {
            (SourceCallKind.Latest, null) => "intensity",
            (SourceCallKind.Latest, { } region) => $"regional/regionid/{region.ToString(CultureInfo.InvariantCulture)}",
            (_, null) => $"intensity/{at}/{span}",
            (_, { } region) => $"regional/intensity/{at}/{span}/regionid/{region.ToString(CultureInfo.InvariantCulture)}",
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(baseUrl, path));
        request.Headers.Accept.ParseAdd("application/json");
        using JsonDocument document = await SourceHttp.GetJsonAsync(http, request, Name, timeout, now, cancellation);
        var readings = new ReadingList<AverageSignal>(Name);
        foreach (JsonElement item in Items(document.RootElement))
        {
            Read(item, kind, now, readings);
        }

        return readings.Answer();
    }

    private IEnumerable<JsonElement> Items(JsonElement root)
    {
        if (regionId is not { } asked)
        {
            return root.Items("data");
        }

        // One call answers a list with the region in it, the others the region itself.
        JsonElement? region = root.Property("data") switch
        {
            { ValueKind: JsonValueKind.Array } list => list.EnumerateArray().Cast<JsonElement?>().FirstOrDefault(),
            { ValueKind: JsonValueKind.Object } one => one,
            _ => null,
        };
        if (region is not { } found)
        {
            return [];
        }

        return found.Number("regionid") == asked
            ? found.Items("data")
            : throw new IntensitySourceException(FormattableString.Invariant($"{Name} answered for region {found.Number("regionid")}, {asked} was asked."), SourceFailure.Nonsense);
    }

    private void Read(JsonElement item, SourceCallKind kind, DateTimeOffset now, ReadingList<AverageSignal> readings)
    {
        if (item.Time("from") is not { } from || item.Time("to") is not { } to || item.Property("intensity") is not { } intensity)
        {
            readings.Skip("a value without its time or intensity is left out.");
            return;
        }

        double? actual = kind == SourceCallKind.Forecast ? null : intensity.Number("actual");
        if ((actual ?? intensity.Number("forecast")) is not { } grams)
        {
            readings.Skip($"the value of {from.UtcDateTime:yyyy-MM-dd HH:mm} UTC is null.");
            return;
        }

        if (to - from > TimeSpan.FromHours(1))
        {
            readings.Skip($"the value of {from.UtcDateTime:yyyy-MM-dd HH:mm} UTC is left out: it is longer than an hour.");
            return;
        }

        readings.Add(new IntensityReading<AverageSignal>
        {
            Zone = Zone,
            From = from,
            To = to,
            Intensity = new GramsPerKilowattHour(grams),
            Source = Name,
            Licence = "CC BY 4.0",
            FactorType = FactorTypes.Direct,
            GasBasis = "CO2",
            IsForecast = actual is null,
            Method = actual is null ? "forecast" : null,
            FetchedAt = now,
        });
    }
}
