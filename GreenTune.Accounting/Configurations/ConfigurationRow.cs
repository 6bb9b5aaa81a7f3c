using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace GreenTune.Accounting.Configurations;

/// <summary>The latest report of a configuration on a device.</summary>
internal sealed class ConfigurationRow
{
    public required string Id { get; set; }

    public required string Device { get; set; }

    public required string Model { get; set; }

    public required string Precision { get; set; }

    public required string Provider { get; set; }

    public long? Parameters { get; set; }

    public long? WeightBytes { get; set; }

    public int? ContextLength { get; set; }

    public string? Instance { get; set; }

    /// <summary>When the report was made, by the reporter's clock.</summary>
    public long AtTicks { get; set; }

    public long FirstSeenTicks { get; set; }

    public long LastSeenTicks { get; set; }

    /// <summary>A ConfigurationProfile as JSON; null before anything is known. A report without one leaves the one that is there.</summary>
    public string? Profile { get; set; }

    /// <summary>When the profile was reported; null without one.</summary>
    public long? ProfileTicks { get; set; }
}

internal sealed class ConfigurationRowConfiguration : IEntityTypeConfiguration<ConfigurationRow>
{
    public void Configure(EntityTypeBuilder<ConfigurationRow> builder)
    {
        builder.ToTable("configurations").HasKey(row => new { row.Id, row.Device });
        builder.Property(row => row.Id).HasMaxLength(200);
        builder.Property(row => row.Device).HasMaxLength(100);
        builder.Property(row => row.Model).HasMaxLength(200);
        builder.Property(row => row.Precision).HasMaxLength(32);
        builder.Property(row => row.Provider).HasMaxLength(32);
        builder.Property(row => row.Instance).HasMaxLength(100);
    }
}
