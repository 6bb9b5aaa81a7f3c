using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Carbon;

/// <summary>Sentences, chart and tables of intensities.</summary>
public static class CarbonText
{
    /// <summary>A difference below this share is not worth naming.</summary>
    private const double Noticeable = 0.005;

    /// <summary>Settings that give the average signal a source with a forecast.</summary>
    public const string AverageSettings = "Carbon__Zone=DEU\nCarbon__Average__0=ElectricityMaps\nCarbon__ElectricityMaps__KeyFile=/run/secrets/em";

    /// <summary>The same for Great Britain, whose source needs no key.</summary>
    public const string BritishSettings = "Carbon__Zone=GBR\nCarbon__Average__0=UkCarbonIntensity";

    /// <summary>Settings that give the marginal signal a source.</summary>
    public const string MarginalSettings = "Carbon__Marginal__0=WattTime\nCarbon__WattTime__User=greentune\nCarbon__WattTime__PasswordFile=/run/secrets/watttime\nCarbon__WattTime__Region=CAISO_NORTH";

    /// <summary>"382 g/kWh", "96 g/kWh", "44.3 g/kWh".</summary>
    public static string Intensity(GramsPerKilowattHour value) => $"{Number(value.Value)}{Typography.NoBreakSpace}g/kWh";

    /// <summary>Three significant digits, less those that say nothing.</summary>
    public static string Number(double gramsPerKwh)
    {
        var text = Figures.Significant(gramsPerKwh);
        return text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
    }

    /// <summary>What prices records now, how good that is, and when electricity is greenest.</summary>
    public static string Headline(CarbonFactor? factor, CarbonForecast? average, DateTimeOffset now, LocalTimes times)
    {
        if (factor is null)
        {
            return "Which carbon intensity prices the records, where it is from, and when electricity is greener.";
        }

        var text = $"Records that start now are priced with {Intensity(factor.Intensity)} of {factor.ZoneName}: {Step(factor).Phrase}.";
        return average is { Greenest.Count: > 0 } ? $"{text} {Greenest(average, now, times)}" : text;
    }

    /// <summary>"Greenest: 13:00 to 15:00, 96 g/kWh, 38 % below the mean of these hours. Then 02:00 to 03:00, 120 g/kWh."</summary>
    public static string Greenest(CarbonForecast forecast, DateTimeOffset now, LocalTimes times)
    {
        var runs = GreenRun.Of(forecast.Greenest);
        if (runs.Count == 0)
        {
            return "There is no hour ahead to name.";
        }

        var mean = GreenRun.MeanOf(forecast.Hours).Value;
        var below = mean > 0 ? 1 - (runs[0].Mean.Value / mean) : 0;
        if (below < Noticeable)
        {
            return "The hours ahead are alike: it makes no difference when work is done.";
        }

        var text = $"Greenest: {Span(runs[0], now, times)}, {Intensity(runs[0].Mean)}, {Figures.Percent(below)} below the mean of these hours.";
        return runs.Count > 1 ? $"{text} Then {string.Join(", then ", runs.Skip(1).Take(2).Select(run => $"{Span(run, now, times)}, {Intensity(run.Mean)}"))}." : text;
    }

    /// <summary>"13:00 to 15:00", "tomorrow 13:00 to 15:00", "21 Nov 13:00 to 15:00".</summary>
    public static string Span(GreenRun run, DateTimeOffset now, LocalTimes times)
    {
        var days = (times.In(run.From).Date - times.In(now).Date).Days;
        var day = days switch { 0 => string.Empty, 1 => "tomorrow ", _ => times.Day(run.From) + " " };
        return $"{day}{times.HourMinute(run.From)} to {times.HourMinute(run.To)}";
    }

    /// <summary>"30 min ago", "just now".</summary>
    public static string Ago(DateTimeOffset at, DateTimeOffset now) => (now - at).TotalSeconds < 1 ? "just now" : $"{Whole((now - at).TotalSeconds)} ago";

    /// <summary>"in 12 min", "now".</summary>
    public static string Ahead(DateTimeOffset at, DateTimeOffset now) => (at - now).TotalSeconds < 1 ? "now" : $"in {Whole((at - now).TotalSeconds)}";

    /// <summary>What a step of the chain is called, in a chip and in a sentence.</summary>
    public static (string Word, string Phrase, ChipKind Kind) Step(CarbonFactor factor) => factor.Step switch
    {
        CarbonSteps.Live or CarbonSteps.Cache when factor.Forecast => ("forecast of this hour", $"the forecast of this hour from {factor.Source}", ChipKind.Info),
        CarbonSteps.Live => ("live", $"the value of this hour from {factor.Source}", ChipKind.Ok),
        CarbonSteps.Cache => ("kept value of this hour", $"the value of this hour from {factor.Source}, kept from an earlier call", ChipKind.Ok),
        CarbonSteps.StaleCache => ($"stale{(factor.AgeSeconds is > 0 and { } age ? $", {Whole(age)} old" : string.Empty)}", $"an older value from {factor.Source} stands in", ChipKind.Notify),
        // The table is what was asked for where no live source is set; otherwise it stands in.
        CarbonSteps.CountryTable when factor.Provisional => ("yearly table", $"the yearly average{OfYear(factor)} stands in", ChipKind.Notify),
        CarbonSteps.CountryTable => ("yearly table", $"the yearly average{OfYear(factor)} from {factor.Source}", ChipKind.Info),
        CarbonSteps.WorldAverage => ("world average", $"the world's yearly average{OfYear(factor)} stands in", ChipKind.Notify),
        CarbonSteps.Stated => ("stated", $"stated by {factor.Source}", ChipKind.Info),
        // From before there was a chain: the table alone.
        _ => ("yearly table", $"the yearly average{OfYear(factor)} from {factor.Source}", factor.Estimated ? ChipKind.Notify : ChipKind.Info),
    };

    /// <summary>What one call to a source is for.</summary>
    public static string Call(string kind) => kind switch
    {
        "latest" => "Latest value",
        "history" => "Last day",
        "forecast" => "Forecast",
        _ => kind,
    };

    /// <summary>"answers", "failing, 3 in a row", "not asked yet".</summary>
    public static (string Word, ChipKind Kind) State(CarbonSourceState source) => source switch
    {
        { Failures: 1 } => ("failed", ChipKind.Notify),
        { Failures: > 1 } => ($"failing, {Figures.Count(source.Failures)} in a row", ChipKind.Degrade),
        { LastSuccess: null } => ("not asked yet", ChipKind.Off),
        _ => ("answers", ChipKind.Ok),
    };

    public static string Signal(CarbonSignal signal) => signal == CarbonSignal.Average ? "Average" : "Marginal";

    /// <param name="forecast">The hours ahead.</param>
    /// <param name="hours">How many were asked for.</param>
    /// <param name="inForce">The factor of the same signal now; null when there is none.</param>
    /// <param name="now">Now.</param>
    /// <param name="times">The reader's clock.</param>
    public static IntensityChartData Chart(CarbonForecast forecast, int hours, CarbonFactor? inForce, DateTimeOffset now, LocalTimes times)
    {
        var from = forecast.Hours.Count > 0 ? forecast.Hours[0].From : now;
        return new IntensityChartData
        {
            From = from,
            To = from.AddHours(hours),
            Hours = forecast.Hours,
            Greenest = forecast.Greenest,
            Reference = inForce?.Intensity.Value,
            ReferenceLabel = inForce is null ? null : $"in force now {Intensity(inForce.Intensity)}",
            AxisTitle = $"{Signal(forecast.Signal)} intensity, g CO2e/kWh",
            Times = times,
            Description = $"{Signal(forecast.Signal)} carbon intensity of the next {forecast.Hours.Count} hours in {forecast.Zone}. {Greenest(forecast, now, times)}",
        };
    }

    public static ChartTable ForecastTable(CarbonForecast forecast, LocalTimes times)
    {
        var greenest = forecast.Greenest.Select(h => h.From).ToHashSet();
        return new ChartTable(
            [new("From"), new("To"), new("Intensity, g/kWh", true), new("Greenest")],
            [
                .. forecast.Hours.Select(IReadOnlyList<ChartCell> (h) =>
                [
                    ChartCell.Time(h.From, $"{times.Day(h.From)}, {times.HourMinute(h.From)}"),
                    ChartCell.Time(h.To, times.HourMinute(h.To)),
                    ChartCell.Number(h.Intensity.Value, 0),
                    new(greenest.Contains(h.From) ? "yes" : string.Empty),
                ]),
            ]);
    }

    private static string OfYear(CarbonFactor factor) => factor.Year is { } year ? FormattableString.Invariant($" of {year}") : string.Empty;

    private static string Whole(double seconds) => seconds < 120 ? $"{Figures.Count((long)seconds)}{Typography.NoBreakSpace}s" : Figures.Duration(seconds).ToString();
}
