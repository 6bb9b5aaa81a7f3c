using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>Intensities as Accounting would have them: of a site in Germany with live sources, or of one that set nothing.</summary>
internal static class SampleCarbon
{
    /// <summary>Intensity by the hour of the day, g/kWh: a dip at noon and a lower one at night.</summary>
    private static readonly double[] Day = [182, 171, 166, 168, 180, 214, 268, 331, 372, 351, 288, 201, 122, 96, 97, 139, 236, 342, 418, 436, 401, 344, 281, 222];

    public static CarbonFactor Live(DateTimeOffset now) => new()
    {
        Intensity = new GramsPerKilowattHour(351),
        Pue = 1.2,
        Zone = "DE",
        ZoneName = "Germany",
        Source = "Electricity Maps",
        Licence = "ODbL-1.0",
        Year = 2026,
        Signal = CarbonSignal.Average,
        FactorType = "life-cycle",
        GasBasis = "CO2e",
        Estimated = false,
        MethodVersion = MethodVersions.Carbon,
        Step = CarbonSteps.Live,
        ValidFrom = Hour(now),
        ValidTo = Hour(now).AddHours(1),
        UpdatedAt = now.AddMinutes(-34),
        FetchedAt = now.AddMinutes(-30),
        AgeSeconds = 0,
    };

    /// <summary>The source has not answered since six: an older value stands in.</summary>
    public static CarbonFactor Stale(DateTimeOffset now) => Live(now) with
    {
        Intensity = new GramsPerKilowattHour(268),
        Estimated = true,
        Provisional = true,
        Step = CarbonSteps.StaleCache,
        Reason = "The source has no value of this hour yet; the one of 2026-11-19 06:00 UTC stands in, 3 h before it.",
        FetchedAt = now.AddHours(-3),
        AgeSeconds = 3 * 3600,
    };

    public static CarbonFactor Marginal(DateTimeOffset now) => Live(now) with
    {
        Intensity = new GramsPerKilowattHour(742),
        Zone = "DE",
        ZoneName = "DE",
        Source = "WattTime",
        Licence = "WattTime terms of service",
        Signal = CarbonSignal.Marginal,
        FactorType = "direct",
        GasBasis = "CO2",
        Estimated = true,
        Provisional = true,
        Forecast = true,
        Reason = "The source's forecast of this hour.",
    };

    public static CarbonForecast Forecast(CarbonSignal signal, DateTimeOffset now, int hours, int greenest)
    {
        var first = Hour(now);
        // The forecast ends after two days, as most do.
        List<ForecastHour> ahead =
        [
            .. Enumerable.Range(0, Math.Min(hours, 48)).Select(i => new ForecastHour(first.AddHours(i), first.AddHours(i + 1), new GramsPerKilowattHour(
                signal == CarbonSignal.Average ? Day[first.AddHours(i).Hour] + (i >= 24 ? 15 : 0) : 700 + (Day[first.AddHours(i).Hour] / 5)))),
        ];
        return new CarbonForecast
        {
            Zone = "DE",
            Signal = signal,
            Source = signal == CarbonSignal.Average ? "Electricity Maps" : "WattTime",
            Licence = signal == CarbonSignal.Average ? "ODbL-1.0" : "WattTime terms of service",
            FetchedAt = now.AddMinutes(-12),
            AgeSeconds = 720,
            Reason = ahead.Count < hours ? $"The forecast reaches {ahead.Count} of {hours} hours." : null,
            Hours = ahead,
            Greenest = [.. ahead.OrderBy(h => h.Intensity.Value).ThenBy(h => h.From).Take(greenest)],
        };
    }

    /// <summary>What a service answers that has no source of the signal.</summary>
    public static CarbonForecast NoForecast(CarbonSignal signal) => new()
    {
        Zone = "WORLD",
        Signal = signal,
        Reason = $"No source of the {signal.ToString().ToLowerInvariant()} signal is set (Carbon:{signal}), and a yearly average has no forecast.",
        Hours = [],
        Greenest = [],
    };

    public static IReadOnlyList<CarbonSourceState> Sources(DateTimeOffset now) =>
    [
        Source("Electricity Maps", CarbonSignal.Average, "latest") with { LastSuccess = now.AddMinutes(-30), NextCall = now.AddMinutes(19) },
        Source("Electricity Maps", CarbonSignal.Average, "history") with { LastSuccess = now.AddMinutes(-41), NextCall = now.AddHours(5) },
        Source("Electricity Maps", CarbonSignal.Average, "forecast") with { LastSuccess = now.AddMinutes(-12), NextCall = now.AddMinutes(49) },
        Source("WattTime", CarbonSignal.Marginal, "latest") with
        {
            LastSuccess = now.AddHours(-2),
            NextCall = now.AddMinutes(7),
            Failures = 3,
            Problem = "WattTime answered 429 Too Many Requests; it is asked again when Retry-After allows.",
        },
        Source("WattTime", CarbonSignal.Marginal, "forecast") with { NextCall = now.AddSeconds(30) },
    ];

    public static IReadOnlyList<CarbonZone> Zones { get; } =
    [
        Zone("AUS", "Australia", 540), Zone("AUT", "Austria", 145), Zone("BEL", "Belgium", 160), Zone("BRA", "Brazil", 104), Zone("CAN", "Canada", 170), Zone("FRA", "France", 44),
        Zone("DEU", "Germany", 342), Zone("GBR", "United Kingdom", 211), Zone("IND", "India", 705), Zone("JPN", "Japan", 482), Zone("NOR", "Norway", 30), Zone("POL", "Poland", 592),
        new("US-CAL-CISO", "United States, California ISO", new GramsPerKilowattHour(250), 2024, "Electricity Maps"), Zone("WORLD", "World", 445),
    ];

    public static IReadOnlyList<Restatement> Restatements(DateTimeOffset now)
    {
        var month = new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero);
        var third = Restated(3, month.AddMonths(-1), month, "latest", 41.8, 38.1, now.AddDays(-2)) with { Why = "Measured values of October in place of the estimates", UnchangedHours = 102, ChangedHours = 642 };
        var second = Restated(2, month.AddMonths(-1), month, "table", 41.8, 40.2, now.AddDays(-16)) with { Why = "First figures of October before the live source was set", SupersededBy = third.Id };
        return [third, second, Restated(1, month.AddMonths(-2), month.AddMonths(-1), "keep", 36.5, 43.8, now.AddDays(-20)) with { Why = "The data centre named its PUE", Pue = 1.2 }];
    }

    public static DateTimeOffset Hour(DateTimeOffset at) => new(at.UtcTicks / TimeSpan.TicksPerHour * TimeSpan.TicksPerHour, TimeSpan.Zero);

    public static Restatement Restated(long number, DateTimeOffset from, DateTimeOffset to, string factors, double original, double restated, DateTimeOffset at) => new()
    {
        Id = Guid.NewGuid(),
        Number = number,
        At = at,
        By = "M. Okafor",
        Why = "Because",
        From = from,
        To = to,
        Factors = factors,
        MethodVersion = MethodVersions.Carbon,
        Joules = new Joules(original / 351 * 3.6e6),
        Records = 8_412,
        OriginalGrams = new GramsCO2e(original),
        RestatedGrams = new GramsCO2e(restated),
        ChangedHours = (int)(to - from).TotalHours,
        UnchangedHours = 0,
    };

    private static CarbonSourceState Source(string name, CarbonSignal signal, string kind) => new() { Source = name, Signal = signal, Zone = "DE", Kind = kind, NextCall = default, Failures = 0 };

    private static CarbonZone Zone(string code, string name, double grams) => new(code, name, new GramsPerKilowattHour(grams), 2025, "Ember");
}
