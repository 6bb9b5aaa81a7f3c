using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Carbon;

/// <summary>Joules of the records of one hour that were priced with one factor, on one device.</summary>
internal readonly record struct RecordHour(long HourTicks, int FactorId, string Device, long Records, double Joules, double GainJoules);

/// <summary>Joules of one device in one hour, all buckets together, and for how long of it the device was metered.</summary>
internal readonly record struct DeviceHour(long HourTicks, string Device, double Joules, double Seconds, EnergyQuality Quality);

/// <summary>Sums by the hour, which carbon is computed from.</summary>
internal static class HourlyEnergy
{
    /// <summary>Records by the hour in which they started, their factor and their device.</summary>
    public static async Task<IReadOnlyList<RecordHour>> OfRecordsAsync(AccountingDb db, long from, long to, CancellationToken cancellation)
    {
        var sums = await db.Records.AsNoTracking()
            .Where(record => record.StartedTicks >= from && record.StartedTicks < to && record.Joules != null)
            .GroupBy(record => new { Hour = record.StartedTicks / TimeSpan.TicksPerHour, record.FactorId, record.Device })
            .Select(group => new
            {
                group.Key.Hour,
                group.Key.FactorId,
                group.Key.Device,
                Records = group.LongCount(),
                Joules = group.Sum(record => record.Joules ?? 0),
                Gain = group.Sum(record => (record.GainRelative ?? record.RelativeUncertainty ?? 0) * (record.Joules ?? 0)),
            }).ToListAsync(cancellation);
        return [.. sums.Select(sum => new RecordHour(sum.Hour * TimeSpan.TicksPerHour, sum.FactorId, sum.Device ?? "", sum.Records, sum.Joules, sum.Gain))];
    }

    /// <summary>The devices' periods by the hour. A period longer than an hour is spread evenly over the hours that it reaches into.</summary>
    public static async Task<IReadOnlyList<DeviceHour>> OfDevicesAsync(AccountingDb db, long from, long to, CancellationToken cancellation)
    {
        var sums = await db.Periods.AsNoTracking()
            .Where(period => period.FromTicks >= from && period.FromTicks < to && period.ToTicks - period.FromTicks <= TimeSpan.TicksPerHour)
            .GroupBy(period => new { Hour = period.FromTicks / TimeSpan.TicksPerHour, period.Device })
            .Select(group => new
            {
                group.Key.Hour,
                group.Key.Device,
                Joules = group.Sum(period => period.TotalJoules),
                Ticks = group.Sum(period => period.ToTicks - period.FromTicks),
                Quality = group.Min(period => (int)period.Quality),
            }).ToListAsync(cancellation);
        var hours = new List<DeviceHour>(sums.Select(sum => new DeviceHour(
            sum.Hour * TimeSpan.TicksPerHour, sum.Device, sum.Joules, TimeSpan.FromTicks(sum.Ticks).TotalSeconds, (EnergyQuality)sum.Quality)));

        List<PeriodRow> longer = await db.Periods.AsNoTracking()
            .Where(period => period.FromTicks < to && period.ToTicks > from && period.ToTicks - period.FromTicks > TimeSpan.TicksPerHour)
            .ToListAsync(cancellation);
        foreach (PeriodRow period in longer)
        {
            double length = period.ToTicks - period.FromTicks;
            for (long hour = CarbonHours.Ticks(Math.Max(period.FromTicks, from)); hour < Math.Min(period.ToTicks, to); hour += TimeSpan.TicksPerHour)
            {
                long begin = Math.Max(Math.Max(hour, period.FromTicks), from);
                long end = Math.Min(Math.Min(hour + TimeSpan.TicksPerHour, period.ToTicks), to);
                hours.Add(new DeviceHour(hour, period.Device, period.TotalJoules * ((end - begin) / length), TimeSpan.FromTicks(end - begin).TotalSeconds, period.Quality));
            }
        }

        return hours;
    }
}
