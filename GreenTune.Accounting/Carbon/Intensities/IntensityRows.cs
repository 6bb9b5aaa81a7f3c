using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace GreenTune.Accounting.Carbon.Intensities;

/// <summary>A value that a source gave; the cache that outlives the service.</summary>
internal sealed class IntensityRow
{
    public CarbonSignal Signal { get; set; }

    /// <summary>Name of the source, not of the publisher behind a file.</summary>
    public required string SourceKey { get; set; }

    public required string SourceZone { get; set; }

    public bool Forecast { get; set; }

    public long FromTicks { get; set; }

    public long ToTicks { get; set; }

    public double GramsPerKwh { get; set; }

    public required string Zone { get; set; }

    public required string Source { get; set; }

    public required string Licence { get; set; }

    public required string FactorType { get; set; }

    public required string GasBasis { get; set; }

    public bool Estimated { get; set; }

    public string? Method { get; set; }

    public long? UpdatedTicks { get; set; }

    public long FetchedTicks { get; set; }
}

/// <summary>When a source was asked last and may be asked next, so that a restart does not ask again.</summary>
internal sealed class IntensityCallRow
{
    public CarbonSignal Signal { get; set; }

    public required string SourceKey { get; set; }

    public required string SourceZone { get; set; }

    public int Kind { get; set; }

    public long? SucceededTicks { get; set; }

    public long NextTicks { get; set; }

    public int Failures { get; set; }

    public string? Problem { get; set; }
}

/// <summary>Which factor an hour was priced with: the one of the first record that needed it, or a better one that came while the hour could still settle.</summary>
internal sealed class CarbonHourRow
{
    public long HourTicks { get; set; }

    public int FactorId { get; set; }

    public long PinnedTicks { get; set; }
}

internal sealed class IntensityRowConfiguration : IEntityTypeConfiguration<IntensityRow>
{
    public void Configure(EntityTypeBuilder<IntensityRow> builder)
    {
        builder.ToTable("intensities").HasKey(row => new { row.Signal, row.SourceKey, row.SourceZone, row.Forecast, row.FromTicks });
        builder.HasIndex(row => new { row.Signal, row.ToTicks });
        builder.Property(row => row.SourceKey).HasMaxLength(100);
        builder.Property(row => row.SourceZone).HasMaxLength(200);
        builder.Property(row => row.FromTicks).ValueGeneratedNever();
    }
}

internal sealed class IntensityCallRowConfiguration : IEntityTypeConfiguration<IntensityCallRow>
{
    public void Configure(EntityTypeBuilder<IntensityCallRow> builder)
    {
        builder.ToTable("intensity_calls").HasKey(row => new { row.Signal, row.SourceKey, row.SourceZone, row.Kind });
        builder.Property(row => row.SourceKey).HasMaxLength(100);
        builder.Property(row => row.SourceZone).HasMaxLength(200);
        builder.Property(row => row.Kind).ValueGeneratedNever();
    }
}

internal sealed class CarbonHourRowConfiguration : IEntityTypeConfiguration<CarbonHourRow>
{
    public void Configure(EntityTypeBuilder<CarbonHourRow> builder)
    {
        builder.ToTable("carbon_hours").HasKey(row => row.HourTicks);
        builder.Property(row => row.HourTicks).ValueGeneratedNever();
        builder.HasOne<Store.FactorRow>().WithMany().HasForeignKey(row => row.FactorId).OnDelete(DeleteBehavior.Restrict);
    }
}
