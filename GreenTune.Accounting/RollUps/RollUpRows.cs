using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace GreenTune.Accounting.RollUps;

/// <summary>What a roll-up holds; hours and days are UTC's.</summary>
internal enum RollUpLevel
{
    /// <summary>An hour of one tenant.</summary>
    Hour = 0,

    /// <summary>A day of one tenant.</summary>
    Day = 1,

    /// <summary>A day of all tenants together, whose name is empty: a month of everything is the same few rows however many tenants there are.</summary>
    DayOfAll = 2,

    /// <summary>An hour of all tenants together: days of a time zone are made of hours.</summary>
    HourOfAll = 3,
}

/// <summary>
/// An hour or a day of one tenant or of all, one configuration, device and quality. A record belongs to the hour and the day in which its request started. An hour is
/// split by carbon factor too, so that it can be restated; a day is not, since a live intensity has a factor for every hour.
/// </summary>
internal sealed class RollUpRow : RollUpSums
{
    public RollUpLevel Level { get; set; }

    public long StartTicks { get; set; }

    /// <summary>Empty for all.</summary>
    public required string Tenant { get; set; }

    public required string ConfigurationId { get; set; }

    /// <summary>Empty where the record names none.</summary>
    public required string Device { get; set; }

    /// <summary>The carbon factor of a tenant's hour; 0 in a day and in what is of all.</summary>
    public int FactorId { get; set; }

    public EnergyQuality Quality { get; set; }
}

/// <summary>Durations of the completed requests of an hour or a day, of one tenant or of all and one configuration.</summary>
internal sealed class LatencyRow
{
    public RollUpLevel Level { get; set; }

    public long StartTicks { get; set; }

    /// <summary>Empty for all.</summary>
    public required string Tenant { get; set; }

    public required string ConfigurationId { get; set; }

    /// <summary>A packed <see cref="Core.Totals.LogHistogram"/> of seconds.</summary>
    public required byte[] Durations { get; set; }
}

/// <summary>A session that has been seen in a record.</summary>
internal sealed class SessionRow
{
    public long Key { get; set; }

    /// <summary>Tenant and session in one, which is unique: a tab, which neither can hold, between them.</summary>
    public required string Id { get; set; }

    public required string Tenant { get; set; }

    public required string Session { get; set; }

    /// <summary>Start of its first request.</summary>
    public long FirstTicks { get; set; }

    /// <summary>Start of its last request.</summary>
    public long LastTicks { get; set; }

    public static string IdOf(string tenant, string session) => $"{tenant}\t{session}";
}

/// <summary>A session's requests of one configuration, device and quality.</summary>
internal sealed class SessionPartRow : RollUpSums
{
    public long SessionKey { get; set; }

    public required string ConfigurationId { get; set; }

    public required string Device { get; set; }

    public EnergyQuality Quality { get; set; }
}

/// <summary>Where the energy of one device went in an hour or a day, as one instance reported it. A period belongs to where it began.</summary>
internal sealed class DeviceRollUpRow
{
    public RollUpLevel Level { get; set; }

    public long StartTicks { get; set; }

    public required string Device { get; set; }

    /// <summary>Empty where the period names none.</summary>
    public required string Instance { get; set; }

    /// <summary>Time that the periods cover.</summary>
    public double Seconds { get; set; }

    public double TotalJoules { get; set; }

    public double ActiveJoules { get; set; }

    public double IdleShareJoules { get; set; }

    public double IdleJoules { get; set; }

    public double UnattributedJoules { get; set; }

    public double OtherJoules { get; set; }

    /// <summary>The weakest.</summary>
    public EnergyQuality Quality { get; set; }
}

/// <summary>An instant that the store remembers about itself.</summary>
internal sealed class MarkRow
{
    /// <summary>Roll-ups hold every record and period; when they were last built.</summary>
    public const string RollUpsBuilt = "rollups-built";

    /// <summary>The roll-ups hold hours and days of all tenants too; when those were first built.</summary>
    public const string OfAllBuilt = "rollups-of-all-built";

    /// <summary>Rows older than this have been taken away by retention; their roll-ups stay.</summary>
    public const string RowsFrom = "rows-from";

    public required string Name { get; set; }

    public long Ticks { get; set; }
}

internal sealed class RollUpConfiguration : IEntityTypeConfiguration<RollUpRow>, IEntityTypeConfiguration<LatencyRow>, IEntityTypeConfiguration<SessionRow>,
    IEntityTypeConfiguration<SessionPartRow>, IEntityTypeConfiguration<DeviceRollUpRow>, IEntityTypeConfiguration<MarkRow>
{
    private const int TenantLength = 100;
    private const int SessionLength = 200;

    public void Configure(EntityTypeBuilder<RollUpRow> rollUp)
    {
        rollUp.ToTable("rollups").HasKey(row => new { row.Level, row.StartTicks, row.Tenant, row.ConfigurationId, row.Device, row.FactorId, row.Quality });
        rollUp.HasIndex(row => new { row.Tenant, row.Level, row.StartTicks });
        rollUp.Property(row => row.Tenant).HasMaxLength(TenantLength);
    }

    public void Configure(EntityTypeBuilder<LatencyRow> latency)
    {
        latency.ToTable("latency_rollups").HasKey(row => new { row.Level, row.StartTicks, row.Tenant, row.ConfigurationId });
        latency.Property(row => row.Tenant).HasMaxLength(TenantLength);
    }

    public void Configure(EntityTypeBuilder<SessionRow> session)
    {
        session.ToTable("sessions").HasKey(row => row.Key);
        session.HasIndex(row => row.Id).IsUnique();
        session.HasIndex(row => row.LastTicks);
        session.HasIndex(row => new { row.Tenant, row.LastTicks });
        session.HasIndex(row => row.Session);
        session.Property(row => row.Id).HasMaxLength(TenantLength + 1 + SessionLength).IsRequired();
        session.Property(row => row.Tenant).HasMaxLength(TenantLength);
        session.Property(row => row.Session).HasMaxLength(SessionLength);
    }

    public void Configure(EntityTypeBuilder<SessionPartRow> part)
    {
        part.ToTable("session_parts").HasKey(row => new { row.SessionKey, row.ConfigurationId, row.Device, row.Quality });
        part.HasOne<SessionRow>().WithMany().HasForeignKey(row => row.SessionKey).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<DeviceRollUpRow> device) =>
        device.ToTable("device_rollups").HasKey(row => new { row.Level, row.StartTicks, row.Device, row.Instance });

    public void Configure(EntityTypeBuilder<MarkRow> mark)
    {
        mark.ToTable("marks").HasKey(row => row.Name);
        mark.Property(row => row.Name).HasMaxLength(100);
    }
}
