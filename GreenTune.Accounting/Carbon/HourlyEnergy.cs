using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Summaries;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Carbon;

/// <summary>Joules of the records of one hour that were priced with one factor.</summary>
internal readonly record struct RecordHour(long HourTicks, int FactorId, long Records, double Joules);

/// <summary>Joules of one device in one hour, all buckets together, and for how long of it the device was metered.</summary>
internal readonly record struct DeviceHour(long HourTicks, string Device, double Joules, double Seconds, EnergyQuality Quality);

/// <summary>What was served in a span.</summary>
internal readonly record struct Served(long Completed, long InputTokens, long OutputTokens);

/// <summary>
/// Sums by the hour, which carbon is computed from: of whole hours the roll-ups, which outlive the records that they are made of, and of an hour that the span cuts the
/// rows themselves.
/// </summary>
internal static class HourlyEnergy
{
    /// <summary>Records by the hour in which they started and their factor; from and to are whole hours.</summary>
    public static async Task<IReadOnlyList<RecordHour>> OfRecordsAsync(AccountingDb db, long from, long to, CancellationToken cancellation)
    {
        var sums = await db.RollUps.AsNoTracking()
            .Where(row => row.Level == RollUpLevel.Hour && row.StartTicks >= from && row.StartTicks < to && row.Metered > 0)
            .GroupBy(row => new { row.StartTicks, row.FactorId })
            .Select(group => new { group.Key.StartTicks, group.Key.FactorId, Records = group.Sum(row => row.Metered), Joules = group.Sum(row => row.Joules) })
            .ToListAsync(cancellation);
        return [.. sums.Select(sum => new RecordHour(sum.StartTicks, sum.FactorId, sum.Records, sum.Joules))];
    }

    /// <summary>The devices' energy by the hour in which each period began; periods are a minute long.</summary>
    public static async Task<IReadOnlyList<DeviceHour>> OfDevicesAsync(AccountingDb db, long from, long to, CancellationToken cancellation)
    {
        SpanCover cover = SpanCover.Of(from, to);
        var hours = new List<DeviceHour>();
        if (cover.RollUps.Count > 0)
        {
            long first = cover.RollUps.Min(part => part.Span.From);
            long last = cover.RollUps.Max(part => part.Span.To);
            var sums = await db.DeviceRollUps.AsNoTracking()
                .Where(row => row.Level == RollUpLevel.Hour && row.StartTicks >= first && row.StartTicks < last)
                .GroupBy(row => new { row.StartTicks, row.Device })
                .Select(group => new { group.Key.StartTicks, group.Key.Device, Joules = group.Sum(row => row.TotalJoules), Seconds = group.Sum(row => row.Seconds), Quality = group.Min(row => (int)row.Quality) })
                .ToListAsync(cancellation);
            hours.AddRange(sums.Select(sum => new DeviceHour(sum.StartTicks, sum.Device, sum.Joules, sum.Seconds, (EnergyQuality)sum.Quality)));
        }

        foreach (Ticks edge in cover.Edges)
        {
            var sums = await db.Periods.AsNoTracking()
                .Where(period => period.FromTicks >= edge.From && period.FromTicks < edge.To)
                .GroupBy(period => period.Device)
                .Select(group => new { Device = group.Key, Joules = group.Sum(period => period.TotalJoules), Ticks = group.Sum(period => period.ToTicks - period.FromTicks), Quality = group.Min(period => (int)period.Quality) })
                .ToListAsync(cancellation);
            hours.AddRange(sums.Select(sum => new DeviceHour(CarbonHours.Ticks(edge.From), sum.Device, sum.Joules, TimeSpan.FromTicks(sum.Ticks).TotalSeconds, (EnergyQuality)sum.Quality)));
        }

        return hours;
    }

    /// <summary>Gain error of each device's sensor, 1 sigma over the reading, as its records say it; devices without such a record are not in it.</summary>
    public static async Task<Dictionary<string, double>> GainsAsync(AccountingDb db, long from, long to, CancellationToken cancellation)
    {
        long first = CarbonHours.Ticks(from);
        var sums = await db.RollUps.AsNoTracking()
            .Where(row => row.Level == RollUpLevel.Hour && row.StartTicks >= first && row.StartTicks < to && row.Joules > 0)
            .GroupBy(row => row.Device)
            .Select(group => new { Device = group.Key, Joules = group.Sum(row => row.Joules), Gain = group.Sum(row => row.GainJoules) })
            .ToListAsync(cancellation);
        return sums.Where(sum => sum.Gain > 0).ToDictionary(sum => sum.Device, sum => sum.Gain / sum.Joules, StringComparer.Ordinal);
    }

    /// <summary>Requests and tokens of a span.</summary>
    public static async Task<Served> ServedAsync(AccountingDb db, long from, long to, CancellationToken cancellation)
    {
        SpanCover cover = SpanCover.Of(from, to);
        var served = new Served();
        foreach ((RollUpLevel level, Ticks span) in cover.RollUps)
        {
            var sum = await db.RollUps.AsNoTracking().Where(row => row.Level == level && row.StartTicks >= span.From && row.StartTicks < span.To).GroupBy(_ => 1)
                .Select(group => new { Completed = group.Sum(row => row.Requests - row.Cancelled - row.Failed), Input = group.Sum(row => row.InputTokens), Output = group.Sum(row => row.OutputTokens) })
                .SingleOrDefaultAsync(cancellation);
            served = sum is null ? served : new Served(served.Completed + sum.Completed, served.InputTokens + sum.Input, served.OutputTokens + sum.Output);
        }

        foreach (Ticks edge in cover.Edges)
        {
            var sum = await db.Records.AsNoTracking().Where(record => record.StartedTicks >= edge.From && record.StartedTicks < edge.To).GroupBy(_ => 1)
                .Select(group => new { Completed = group.Sum(record => record.Outcome == RequestOutcome.Completed ? 1L : 0L), Input = group.Sum(record => (long)record.InputTokens), Output = group.Sum(record => (long)record.OutputTokens) })
                .SingleOrDefaultAsync(cancellation);
            served = sum is null ? served : new Served(served.Completed + sum.Completed, served.InputTokens + sum.Input, served.OutputTokens + sum.Output);
        }

        return served;
    }
}
