using GreenTune.Accounting.Carbon.Sources;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Carbon.Intensities;

/// <summary>The hours to come, from the forecasts that are kept.</summary>
internal sealed class Forecasts(IntensitySources sources, IntensityCache cache, CarbonPricing pricing, TimeProvider clock)
{
    /// <summary>Forecast of whole hours from the running one on, by the first source of the signal that has one.</summary>
    /// <param name="signal">Which chain.</param>
    /// <param name="hours">How far ahead.</param>
    /// <param name="greenest">How many of the greenest to name.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public Task<CarbonForecast> GetAsync(CarbonSignal signal, int hours, int greenest, CancellationToken cancellation) => signal == CarbonSignal.Average
        ? GetAsync(sources.Average, hours, greenest, cancellation)
        : GetAsync(sources.Marginal, hours, greenest, cancellation);

    private async Task<CarbonForecast> GetAsync<TSignal>(IReadOnlyList<IIntensitySource<TSignal>> from, int hours, int greenest, CancellationToken cancellation)
        where TSignal : IIntensitySignal
    {
        DateTimeOffset now = clock.GetUtcNow();
        DateTimeOffset first = CarbonHours.Time(CarbonHours.Ticks(now));
        foreach (IReadOnlyList<IntensityReading<TSignal>> readings in await cache.LoadAsync(from, first, first.AddHours(hours), cancellation))
        {
            IntensityReading<TSignal>[] ahead = [.. readings.Where(reading => reading.IsForecast)];
            if (ahead.Length == 0)
            {
                continue;
            }

            var found = new List<ForecastHour>(hours);
            for (int i = 0; i < hours; i++)
            {
                DateTimeOffset hour = first.AddHours(i);
                // Half an hour's forecast is no forecast of an hour.
                if (IntensityChain.Resolve(hour, [ahead], now, TimeSpan.Zero, anyForecast: true) is { } resolved && (resolved.Coverage > 0.99 || i == 0))
                {
                    found.Add(new ForecastHour(hour, hour.AddHours(1), resolved.Intensity));
                }
            }

            IntensityReading<TSignal> newest = ahead.MaxBy(reading => reading.FetchedAt)!;
            return new CarbonForecast
            {
                Zone = newest.Zone,
                Signal = TSignal.Kind,
                Source = newest.Source,
                Licence = newest.Licence,
                FetchedAt = newest.FetchedAt,
                AgeSeconds = (now - newest.FetchedAt).TotalSeconds,
                Reason = found.Count < hours ? FormattableString.Invariant($"The forecast reaches {found.Count} of {hours} hours.") : null,
                Hours = found,
                Greenest = [.. found.OrderBy(hour => hour.Intensity).ThenBy(hour => hour.From).Take(greenest)],
            };
        }

        return new CarbonForecast
        {
            Zone = pricing.Current.Zone,
            Signal = TSignal.Kind,
            Reason = from.Count == 0
                ? $"No source of the {TSignal.Kind.ToString().ToLowerInvariant()} signal is set (Carbon:{TSignal.Kind}), and a yearly average has no forecast."
                : "No forecast has arrived yet, or the source's plan has none.",
            Hours = [],
            Greenest = [],
        };
    }
}

/// <summary>
/// Marginal intensities by the hour. Nothing stands in for one that is not known: there is no yearly table of marginal rates, and an average is of another kind.
/// </summary>
internal sealed class MarginalIntensities(IntensitySources sources, IntensityCache cache, IOptions<CarbonOptions> options, TimeProvider clock)
{
    public bool HasSource => sources.Marginal.Count > 0;

    /// <summary>Why there is no value.</summary>
    public string Reason => HasSource ? "The marginal source has no value of that time, nor one of the 24 hours before." : "No source of the marginal signal is set (Carbon:Marginal); nothing stands in for it.";

    /// <summary>Values of hours; an hour without one is not in it.</summary>
    public async Task<IReadOnlyDictionary<long, ResolvedIntensity<MarginalSignal>>> AtAsync(IReadOnlyCollection<long> hours, CancellationToken cancellation)
    {
        var found = new Dictionary<long, ResolvedIntensity<MarginalSignal>>();
        if (!HasSource || hours.Count == 0)
        {
            return found;
        }

        DateTimeOffset from = CarbonHours.Time(hours.Min()) - IntensityChain.DefaultStaleLimit - TimeSpan.FromHours(1);
        var near = new NearReadings<MarginalSignal>(await cache.LoadAsync(sources.Marginal, from, CarbonHours.Time(hours.Max()).AddHours(1), cancellation));
        foreach (long hour in hours)
        {
            DateTimeOffset start = CarbonHours.Time(hour);
            if (IntensityChain.Resolve(start, near.Of(start), clock.GetUtcNow().AddHours(-1), IntensityChain.DefaultStaleLimit, anyForecast: true) is { } resolved)
            {
                found[hour] = resolved;
            }
        }

        return found;
    }

    /// <summary>The value of now as a factor, with the site's PUE; null when there is none.</summary>
    public async Task<CarbonFactor?> NowAsync(CarbonFactor site, CancellationToken cancellation)
    {
        DateTimeOffset now = clock.GetUtcNow();
        long hour = CarbonHours.Ticks(now);
        if (!(await AtAsync([hour], cancellation)).TryGetValue(hour, out ResolvedIntensity<MarginalSignal>? resolved))
        {
            return null;
        }

        return site with
        {
            Intensity = resolved.Intensity,
            Pue = options.Value.Pue ?? OperationalCarbon.DefaultPue,
            Zone = resolved.Basis.Zone,
            ZoneName = resolved.Basis.Zone,
            Source = resolved.Basis.Source,
            Licence = resolved.Basis.Licence,
            Year = now.UtcDateTime.Year,
            Signal = CarbonSignal.Marginal,
            FactorType = resolved.Basis.FactorType,
            GasBasis = resolved.Basis.GasBasis,
            Estimated = resolved.IsProvisional,
            Reason = resolved.IsForecast ? "The source's forecast of this hour." : resolved.Step == CarbonSteps.StaleCache ? "The value of an earlier hour." : null,
            Step = resolved.Step,
            ValidFrom = CarbonHours.Time(hour),
            ValidTo = CarbonHours.Time(hour).AddHours(1),
            Method = resolved.Basis.Method,
            Forecast = resolved.IsForecast,
            UpdatedAt = resolved.Basis.UpdatedAt,
            FetchedAt = resolved.Basis.FetchedAt,
            AgeSeconds = resolved.Age.TotalSeconds,
            Provisional = resolved.IsProvisional,
        };
    }
}
