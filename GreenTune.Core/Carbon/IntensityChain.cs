using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Carbon;

/// <summary>What a chain found for an hour.</summary>
/// <typeparam name="TSignal">Average or marginal.</typeparam>
/// <param name="Intensity">Mean over the part of the hour that was read, weighted by time.</param>
/// <param name="Step">One of <see cref="CarbonSteps"/>.</param>
/// <param name="Basis">The newest of the readings that it is made of: its zone, source and basis hold for all.</param>
/// <param name="Coverage">Part of the hour that was read, 0 to 1; 0 for a stale value.</param>
/// <param name="IsEstimated">A reading was estimated by its source.</param>
/// <param name="IsForecast">A reading was a forecast.</param>
/// <param name="Age">From the end of the latest reading to the hour's start; zero for values of the hour itself.</param>
public sealed record ResolvedIntensity<TSignal>(
    GramsPerKilowattHour Intensity, string Step, IntensityReading<TSignal> Basis, double Coverage, bool IsEstimated, bool IsForecast, TimeSpan Age)
    where TSignal : IIntensitySignal
{
    /// <summary>A better value may still arrive.</summary>
    public bool IsProvisional => IsEstimated || IsForecast || Coverage < 1 || Step == CarbonSteps.StaleCache;
}

/// <summary>
/// live -> cache -> stale cache, within one signal (design section 4.5). What comes after that, the yearly table, is of the average signal alone and is
/// added by <see cref="AverageFactors"/>; a marginal chain that finds nothing has no value.
/// </summary>
public static class IntensityChain
{
    /// <summary>A value older than this is not used.</summary>
    public static readonly TimeSpan DefaultStaleLimit = TimeSpan.FromHours(24);

    /// <summary>The best value for an hour; null when no source has one that is fresh enough.</summary>
    /// <param name="hour">Start of the hour, UTC.</param>
    /// <param name="bySource">Readings of each source, sources best first, in any order.</param>
    /// <param name="liveSince">A reading fetched at or after this moment counts as live, an older one as cache.</param>
    /// <param name="staleLimit">Greatest age of a value of an earlier hour.</param>
    /// <param name="anyForecast">
    /// Takes forecasts however long before they were made. Without it a forecast counts only when the source gave it for a span that had begun, as the UK's does until
    /// the measured value is there.
    /// </param>
    public static ResolvedIntensity<TSignal>? Resolve<TSignal>(
        DateTimeOffset hour, IEnumerable<IEnumerable<IntensityReading<TSignal>>> bySource, DateTimeOffset liveSince, TimeSpan staleLimit, bool anyForecast = false)
        where TSignal : IIntensitySignal
    {
        ResolvedIntensity<TSignal>? stale = null;
        foreach (IEnumerable<IntensityReading<TSignal>> readings in bySource)
        {
            IntensityReading<TSignal>[] all = [.. readings.Where(reading => anyForecast || !reading.IsForecast || reading.FetchedAt >= reading.From)];
            if (Of(hour, all, liveSince) is { } current)
            {
                return current;
            }

            stale ??= Stale(hour, all, staleLimit);
        }

        return stale;
    }

    private static ResolvedIntensity<TSignal>? Of<TSignal>(DateTimeOffset hour, IntensityReading<TSignal>[] readings, DateTimeOffset liveSince)
        where TSignal : IIntensitySignal
    {
        DateTimeOffset end = hour.AddHours(1);
        // Where a span was both forecast and measured, the measured value counts alone.
        IntensityReading<TSignal>[] inside = [.. readings.Where(reading => reading.From < end && reading.To > hour)
            .OrderBy(reading => reading.IsForecast)
            .DistinctBy(reading => reading.From)
            .OrderBy(reading => reading.From)];
        if (inside.Length == 0)
        {
            return null;
        }

        double weighted = 0;
        double covered = 0;
        foreach (IntensityReading<TSignal> reading in inside)
        {
            DateTimeOffset from = reading.From > hour ? reading.From : hour;
            DateTimeOffset to = reading.To < end ? reading.To : end;
            double seconds = (to - from).TotalSeconds;
            weighted += reading.Intensity.Value * seconds;
            covered += seconds;
        }

        IntensityReading<TSignal> newest = inside.MaxBy(reading => reading.FetchedAt)!;
        string step = newest.FetchedAt >= liveSince ? CarbonSteps.Live : CarbonSteps.Cache;
        return new ResolvedIntensity<TSignal>(
            new GramsPerKilowattHour(weighted / covered), step, newest, Math.Min(1, covered / 3600), inside.Any(reading => reading.IsEstimated), inside.Any(reading => reading.IsForecast), TimeSpan.Zero);
    }

    private static ResolvedIntensity<TSignal>? Stale<TSignal>(DateTimeOffset hour, IntensityReading<TSignal>[] readings, TimeSpan limit)
        where TSignal : IIntensitySignal
    {
        IntensityReading<TSignal>? last = readings.Where(reading => !reading.IsForecast && reading.To <= hour).MaxBy(reading => reading.To);
        return last is not null && hour - last.To <= limit
            ? new ResolvedIntensity<TSignal>(last.Intensity, CarbonSteps.StaleCache, last, 0, last.IsEstimated, false, hour - last.To)
            : null;
    }
}
