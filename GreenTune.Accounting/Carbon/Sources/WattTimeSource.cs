using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using GreenTune.Core.Carbon;

namespace GreenTune.Accounting.Carbon.Sources;

/// <summary>
/// WattTime v3: marginal operating emission rates in lb CO2/MWh. A log-in gives a token of about half an hour; with 401 it is asked for anew, once. An answer:
/// <code>
/// {"data":[{"point_time":"2022-07-15T00:00:00+00:00","value":870}],
///  "meta":{"region":"CAISO_NORTH","signal_type":"co2_moer","units":"lbs_co2_per_mwh","data_point_period_seconds":300,"model":{"date":"2023-03-01"}}}
/// </code>
/// </summary>
internal sealed class WattTimeSource(HttpClient http, string user, string password, string region, Uri baseUrl, TimeSpan timeout) : IIntensitySource<MarginalSignal>
{
    public const string SourceName = "WattTime";
    private const string SignalType = "co2_moer";
    private const string Units = "lbs_co2_per_mwh";

    private string? _token;

    public string Name => SourceName;

    public string Zone => region;

    // The value of now is the forecast's first; history brings what it came to be.
    public IReadOnlyList<SourceCall> Calls { get; } =
    [
        new(SourceCallKind.Forecast, TimeSpan.FromMinutes(30)),
        new(SourceCallKind.History, TimeSpan.FromHours(1)),
    ];

    public async Task<SourceAnswer<MarginalSignal>> FetchAsync(SourceCallKind kind, DateTimeOffset now, CancellationToken cancellation)
    {
        bool forecast = kind != SourceCallKind.History;
        string query = $"region={Uri.EscapeDataString(region)}&signal_type={SignalType}";
        string path = forecast ? $"v3/forecast?{query}" : $"v3/historical?{query}&start={Text(now.AddDays(-1))}&end={Text(now)}";
        using JsonDocument document = await GetAsync(path, now, cancellation);
        JsonElement root = document.RootElement;
        if (root.Property("meta") is not { } meta || meta.Text("region") != region || meta.Text("signal_type") != SignalType || meta.Text("units") != Units)
        {
            JsonElement? said = root.Property("meta");
            throw new IntensitySourceException(
                $"{Name} answered for {said?.Text("region")} with {said?.Text("signal_type")} in {said?.Text("units")}; {region} with {SignalType} in {Units} was asked.", SourceFailure.Nonsense);
        }

        if (meta.Number("data_point_period_seconds") is not { } seconds || seconds is < 60 or > 3600)
        {
            throw new IntensitySourceException($"{Name} does not say how long its points last.", SourceFailure.Nonsense);
        }

        string? model = meta.Property("model")?.Text("date");
        var readings = new ReadingList<MarginalSignal>(Name);
        foreach (JsonElement item in root.Items("data"))
        {
            if (item.Time("point_time") is not { } from || item.Number("value") is not { } pounds)
            {
                readings.Skip("a point without its time or value is left out.");
                continue;
            }

            readings.Add(new IntensityReading<MarginalSignal>
            {
                Zone = region,
                From = from,
                To = from.AddSeconds(seconds),
                Intensity = IntensityUnits.FromPoundsPerMegawattHour(pounds),
                Source = Name,
                Licence = "WattTime API terms of use",
                FactorType = FactorTypes.Direct,
                GasBasis = "CO2",
                IsForecast = forecast,
                Method = model is null ? null : $"MOER model {model}",
                FetchedAt = now,
            });
        }

        return readings.Answer();
    }

    private static string Text(DateTimeOffset time) => Uri.EscapeDataString(time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'+00:00'", CultureInfo.InvariantCulture));

    private async Task<JsonDocument> GetAsync(string path, DateTimeOffset now, CancellationToken cancellation)
    {
        bool fresh = _token is null;
        _token ??= await LogInAsync(now, cancellation);
        try
        {
            return await WithTokenAsync(path, now, cancellation);
        }
        catch (IntensitySourceException e) when (!fresh && e.Failure == SourceFailure.Refused)
        {
            _token = await LogInAsync(now, cancellation);
            return await WithTokenAsync(path, now, cancellation);
        }
        catch (IntensitySourceException e) when (e.Failure == SourceFailure.Refused)
        {
            _token = null;
            throw;
        }
    }

    private async Task<JsonDocument> WithTokenAsync(string path, DateTimeOffset now, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(baseUrl, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        return await SourceHttp.GetJsonAsync(http, request, Name, timeout, now, cancellation);
    }

    private async Task<string> LogInAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(baseUrl, "login"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        using JsonDocument document = await SourceHttp.GetJsonAsync(http, request, $"{Name}'s log-in", timeout, now, cancellation);
        return document.RootElement.Text("token") ?? throw new IntensitySourceException($"{Name}'s log-in gave no token.", SourceFailure.Nonsense);
    }
}
