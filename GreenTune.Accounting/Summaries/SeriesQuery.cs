using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Store;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Summaries;

/// <summary>How long a point of a series is.</summary>
internal enum SeriesBy
{
    Hour,
    Day,
    Month,
}

/// <summary>A span by the hour, day or month of the calendar of a time zone.</summary>
internal sealed class SeriesQuery(IDbContextFactory<AccountingDb> contexts, UsageQuery usage)
{
    /// <summary>Most points of a series: two months of hours, four years of days.</summary>
    public const int MaxPoints = 1500;

    public async Task<Series> RunAsync(IReadOnlyList<Ticks> buckets, SeriesBy by, TimeZoneInfo zone, UsageFilter filter, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        var sums = new List<KeyedSums>[buckets.Count];
        var durations = new LogHistogram[buckets.Count];
        for (int i = 0; i < buckets.Count; i++)
        {
            (sums[i], durations[i]) = ([], new LogHistogram());
        }

        (IReadOnlyList<(RollUpLevel Level, Ticks Span)> rollUps, IReadOnlyList<(int Bucket, Ticks Span)> edges) = await CoverAsync(db, buckets, cancellation);
        foreach ((RollUpLevel level, Ticks span) in rollUps)
        {
            foreach (KeyedSums sum in await UsageQuery.ByStartAsync(db, filter, level, span, cancellation))
            {
                sums[BucketOf(buckets, sum.Key.Start)].Add(sum);
            }

            await foreach (LatencyRow row in UsageQuery.LatenciesAsync(db, filter, level, span).WithCancellation(cancellation))
            {
                durations[BucketOf(buckets, row.StartTicks)].AddPacked(row.Durations);
            }
        }

        foreach ((int bucket, Ticks edge) in edges)
        {
            var cover = new SpanCover([], [edge]);
            sums[bucket].AddRange(await usage.SumsAsync(db, filter, cover, UsageBy.Configuration, cancellation));
            durations[bucket].Add(SummaryQuery.Together((await UsageQuery.DurationsAsync(db, filter, cover, UsageBy.Configuration, cancellation)).Values));
        }

        return new Series(
            by.ToString().ToLowerInvariant(),
            zone.Id,
            [.. buckets.Select((bucket, i) => new SeriesPoint(Local(bucket.From, zone), Local(bucket.To, zone), UsageSums.Figures(sums[i], durations[i])))]);
    }

    /// <summary>
    /// The points of a series. They begin and end where the zone's hours, days and months do, but for the span's own ends. In a zone that is off by a part of an hour
    /// the bounds move back to the whole UTC hour, since roll-ups begin there.
    /// </summary>
    /// <returns>Null when there would be more than <see cref="MaxPoints"/>.</returns>
    public static IReadOnlyList<Ticks>? Buckets(DateTimeOffset from, DateTimeOffset to, SeriesBy by, TimeZoneInfo zone)
    {
        var buckets = new List<Ticks>();
        long start = from.UtcTicks;
        while (start < to.UtcTicks)
        {
            if (buckets.Count == MaxPoints)
            {
                return null;
            }

            // A bound that has moved back lies before its day or month begins; the end of its hour does not.
            var at = new DateTimeOffset(start, TimeSpan.Zero);
            at = IsWhole(at, zone) ? at : new DateTimeOffset(RollUpBatch.StartOf(RollUpLevel.Hour, start) + TimeSpan.TicksPerHour - 1, TimeSpan.Zero);
            long next = by switch
            {
                SeriesBy.Hour => RollUpBatch.StartOf(RollUpLevel.Hour, start) + TimeSpan.TicksPerHour,
                SeriesBy.Day => Bound(DayWindow.At(at, zone).End, zone),
                _ => Bound(NextMonth(at, zone), zone),
            };
            long end = Math.Min(next, to.UtcTicks);
            buckets.Add(new Ticks(start, end));
            start = end;
        }

        return buckets;
    }

    /// <summary>Neighbouring spans of a level in one, and the edges by their bucket.</summary>
    private static async Task<(IReadOnlyList<(RollUpLevel Level, Ticks Span)> RollUps, IReadOnlyList<(int Bucket, Ticks Span)> Edges)> CoverAsync(
        AccountingDb db, IReadOnlyList<Ticks> buckets, CancellationToken cancellation)
    {
        var parts = new List<(RollUpLevel Level, Ticks Span)>();
        var edges = new List<(int, Ticks)>();
        for (int i = 0; i < buckets.Count; i++)
        {
            Ticks bucket = buckets[i];
            SpanCover cover = SpanCover.Of(bucket.From, bucket.To);
            if (cover.Edges.Count > 0)
            {
                cover = await UsageQuery.CoverAsync(db, bucket.From, bucket.To, cancellation);
            }

            parts.AddRange(cover.RollUps);
            edges.AddRange(cover.Edges.Select(edge => (i, edge)));
        }

        var merged = new List<(RollUpLevel Level, Ticks Span)>();
        foreach ((RollUpLevel level, Ticks span) in parts.OrderBy(part => part.Level).ThenBy(part => part.Span.From))
        {
            if (merged.Count > 0 && merged[^1] is var last && last.Level == level && last.Span.To == span.From)
            {
                merged[^1] = (level, last.Span with { To = span.To });
            }
            else
            {
                merged.Add((level, span));
            }
        }

        return (merged, edges);
    }

    /// <summary>The bucket that a roll-up belongs to: the last that begins no later, or the first, whose first hour may begin before it.</summary>
    private static int BucketOf(IReadOnlyList<Ticks> buckets, long start)
    {
        (int low, int high) = (0, buckets.Count - 1);
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (buckets[middle].From <= start)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    private static bool IsWhole(DateTimeOffset at, TimeZoneInfo zone) => zone.GetUtcOffset(at).Ticks % TimeSpan.TicksPerHour == 0;

    private static long Bound(DateTimeOffset at, TimeZoneInfo zone) => IsWhole(at, zone) ? at.UtcTicks : RollUpBatch.StartOf(RollUpLevel.Hour, at.UtcTicks);

    private static DateTimeOffset NextMonth(DateTimeOffset at, TimeZoneInfo zone)
    {
        DateTimeOffset local = TimeZoneInfo.ConvertTime(at, zone);
        // Noon is there in every zone on every day; the day's window knows its midnight.
        DateTime noon = new DateTime(local.Year, local.Month, 1, 12, 0, 0, DateTimeKind.Unspecified).AddMonths(1);
        return DayWindow.At(new DateTimeOffset(noon, zone.GetUtcOffset(noon)), zone).Start;
    }

    private static DateTimeOffset Local(long ticks, TimeZoneInfo zone) => TimeZoneInfo.ConvertTime(new DateTimeOffset(ticks, TimeSpan.Zero), zone);
}
