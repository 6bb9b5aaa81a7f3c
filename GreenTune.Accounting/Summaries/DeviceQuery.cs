using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Summaries;

/// <summary>Energy of one device as one instance reported it.</summary>
internal sealed record DeviceEnergy
{
    public string Device { get; init; } = "";

    public string Instance { get; init; } = "";

    public double Seconds { get; init; }

    public double Total { get; init; }

    public double Active { get; init; }

    public double IdleShare { get; init; }

    public double Idle { get; init; }

    public double Unattributed { get; init; }

    public double Other { get; init; }

    public int Quality { get; init; }
}

/// <summary>Where the devices' energy went. Periods count where they began; they are a minute long, so what an edge cuts is small.</summary>
internal static class DeviceQuery
{
    /// <summary>All devices together; null when no period has arrived.</summary>
    public static async Task<EnergyBuckets?> TotalAsync(AccountingDb db, SpanCover cover, CancellationToken cancellation) => Buckets(await EnergyAsync(db, cover, cancellation));

    /// <summary>By device and instance; several lines of one pair where the span has several parts.</summary>
    public static async Task<IReadOnlyList<DeviceEnergy>> EnergyAsync(AccountingDb db, SpanCover cover, CancellationToken cancellation)
    {
        var energy = new List<DeviceEnergy>();
        foreach ((RollUpLevel level, Ticks span) in cover.RollUps)
        {
            energy.AddRange(await db.DeviceRollUps.Where(row => row.Level == level && row.StartTicks >= span.From && row.StartTicks < span.To)
                .GroupBy(row => new { row.Device, row.Instance })
                .Select(group => new DeviceEnergy
                {
                    Device = group.Key.Device,
                    Instance = group.Key.Instance,
                    Seconds = group.Sum(row => row.Seconds),
                    Total = group.Sum(row => row.TotalJoules),
                    Active = group.Sum(row => row.ActiveJoules),
                    IdleShare = group.Sum(row => row.IdleShareJoules),
                    Idle = group.Sum(row => row.IdleJoules),
                    Unattributed = group.Sum(row => row.UnattributedJoules),
                    Other = group.Sum(row => row.OtherJoules),
                    Quality = group.Min(row => (int)row.Quality),
                }).ToListAsync(cancellation));
        }

        foreach (Ticks edge in cover.Edges)
        {
            energy.AddRange(await db.Periods.Where(period => period.FromTicks >= edge.From && period.FromTicks < edge.To)
                .GroupBy(period => new { period.Device, period.Instance })
                .Select(group => new DeviceEnergy
                {
                    Device = group.Key.Device,
                    Instance = group.Key.Instance ?? "",
                    Seconds = group.Sum(period => (period.ToTicks - period.FromTicks) / (double)TimeSpan.TicksPerSecond),
                    Total = group.Sum(period => period.TotalJoules),
                    Active = group.Sum(period => period.ActiveJoules),
                    IdleShare = group.Sum(period => period.IdleShareJoules),
                    Idle = group.Sum(period => period.IdleJoules),
                    Unattributed = group.Sum(period => period.UnattributedJoules),
                    Other = group.Sum(period => period.OtherJoules),
                    Quality = group.Min(period => (int)period.Quality),
                }).ToListAsync(cancellation));
        }

        return energy;
    }

    /// <summary>Added up; null when there is nothing.</summary>
    public static EnergyBuckets? Buckets(IReadOnlyCollection<DeviceEnergy> energy) => energy.Count == 0
        ? null
        : new EnergyBuckets(
            new(energy.Sum(part => part.Total)),
            new(energy.Sum(part => part.Active)),
            new(energy.Sum(part => part.IdleShare)),
            new(energy.Sum(part => part.Idle)),
            new(energy.Sum(part => part.Unattributed)),
            new(energy.Sum(part => part.Other)),
            (EnergyQuality)energy.Min(part => part.Quality));
}
