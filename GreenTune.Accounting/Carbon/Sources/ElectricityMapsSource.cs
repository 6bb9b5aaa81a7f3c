using System.Text.Json;
using GreenTune.Core.Carbon;
using GreenTune.Core.Units;

namespace GreenTune.Accounting.Carbon.Sources;

/// <summary>
/// Electricity Maps v3, consumption-based averages in gCO2eq/kWh. An answer to `carbon-intensity/latest`:
/// <code>
/// {"zone":"AT","carbonIntensity":245,"datetime":"2025-10-17T11:00:00.000Z","updatedAt":"2025-10-17T10:39:53.914Z","createdAt":"2025-10-14T23:26:15.840Z",
///  "emissionFactorType":"lifecycle","isEstimated":true,"estimationMethod":"TIME_SLICER_AVERAGE","temporalGranularity":"hourly"}
/// </code>
/// `history` has "history":[...], `forecast` "forecast":[{"carbonIntensity","datetime"}] and "updatedAt". https://app.electricitymaps.com/docs
/// </summary>
internal sealed class ElectricityMapsSource(HttpClient http, string key, string zone, string factorType, Uri baseUrl, TimeSpan timeout) : IIntensitySource<AverageSignal>
{
    public const string SourceName = "Electricity Maps";
    private const string Terms = "Electricity Maps API terms of use; attribution required";

    private readonly string _factorType = factorType == "direct" ? FactorTypes.Direct : FactorTypes.LifeCycle;

    public string Name => SourceName;

    public string Zone => zone;

    // Values are of the hour. What is latest is mostly estimated; the day's history brings the measured values, and a forecast reaches a day or more ahead.
    public IReadOnlyList<SourceCall> Calls { get; } =
    [
        new(SourceCallKind.Latest, TimeSpan.FromHours(1)),
        new(SourceCallKind.History, TimeSpan.FromHours(6)),
        new(SourceCallKind.Forecast, TimeSpan.FromHours(6)),
    ];

    public async Task<SourceAnswer<AverageSignal>> FetchAsync(SourceCallKind kind, DateTimeOffset now, CancellationToken cancellation)
    {
        string call = kind switch
        {
            SourceCallKind.Latest => "latest",
            SourceCallKind.History => "history",
            _ => "forecast",
        };
        // Without the last parameter a place that is not known silently becomes the caller's own.
        string query = $"carbon-intensity/{call}?zone={Uri.EscapeDataString(zone)}&emissionFactorType={(_factorType == FactorTypes.Direct ? "direct" : "lifecycle")}&shouldUseFallbackCallerLookup=false";
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(baseUrl, query));
        request.Headers.TryAddWithoutValidation("auth-token", key);
        using JsonDocument document = await SourceHttp.GetJsonAsync(http, request, Name, timeout, now, cancellation);
        JsonElement root = document.RootElement;
        var readings = new ReadingList<AverageSignal>(Name);
        switch (kind)
        {
            case SourceCallKind.Latest:
                Read(root, root, now, false, readings);
                break;
            case SourceCallKind.History:
                RequireZone(root);
                foreach (JsonElement item in root.Items("history"))
                {
                    Read(item, root, now, false, readings);
                }

                break;
            default:
                RequireZone(root);
                foreach (JsonElement item in root.Items("forecast"))
                {
                    Read(item, root, now, true, readings);
                }

                break;
        }

        return readings.Answer();
    }

    private void Read(JsonElement item, JsonElement root, DateTimeOffset now, bool forecast, ReadingList<AverageSignal> readings)
    {
        if (item.Property("zone") is not null || !forecast)
        {
            RequireZone(item.Property("zone") is not null ? item : root);
        }

        if (item.Time("datetime") is not { } from)
        {
            readings.Skip("a value without a time is left out.");
            return;
        }

        if (item.Number("carbonIntensity") is not { } grams)
        {
            readings.Skip($"the value of {from.UtcDateTime:yyyy-MM-dd HH:mm} UTC is null.");
            return;
        }

        if (!forecast && from > now.AddHours(1))
        {
            readings.Skip($"a value of {from.UtcDateTime:yyyy-MM-dd HH:mm} UTC is in the future.");
            return;
        }

        if (item.Text("emissionFactorType") is { } type && (type == "direct") != (_factorType == FactorTypes.Direct))
        {
            throw new IntensitySourceException($"{Name} answered {type} factors; Carbon:ElectricityMaps:FactorType asks for the other ones.", SourceFailure.Nonsense);
        }

        if (Length(item.Text("temporalGranularity") ?? root.Text("temporalGranularity")) is not { } length)
        {
            readings.Skip("a value of an unknown temporalGranularity is left out.");
            return;
        }

        readings.Add(new IntensityReading<AverageSignal>
        {
            Zone = zone,
            From = from,
            To = from + length,
            Intensity = new GramsPerKilowattHour(grams),
            Source = Name,
            Licence = Terms,
            FactorType = _factorType,
            GasBasis = "CO2e",
            IsEstimated = !forecast && item.Switch("isEstimated") == true,
            Method = item.Text("estimationMethod"),
            IsForecast = forecast,
            UpdatedAt = item.Time("updatedAt") ?? root.Time("updatedAt"),
            FetchedAt = now,
        });
    }

    private static TimeSpan? Length(string? granularity) => granularity switch
    {
        null or "hourly" => TimeSpan.FromHours(1),
        "15_minutes" => TimeSpan.FromMinutes(15),
        "5_minutes" => TimeSpan.FromMinutes(5),
        _ => null,
    };

    private void RequireZone(JsonElement element)
    {
        if (!string.Equals(element.Text("zone"), zone, StringComparison.OrdinalIgnoreCase))
        {
            throw new IntensitySourceException($"{Name} answered for the zone '{element.Text("zone")}', {zone} was asked.", SourceFailure.Nonsense);
        }
    }
}
