using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace GreenTune.Accounting.Carbon.Restatements;

/// <summary>A restatement's head; never changed afterwards.</summary>
internal sealed class RestatementRow
{
    /// <summary>Counts up; the highest of an hour is in force.</summary>
    public long Number { get; set; }

    public Guid Id { get; set; }

    public long AtTicks { get; set; }

    public required string By { get; set; }

    public required string Why { get; set; }

    public long FromTicks { get; set; }

    public long ToTicks { get; set; }

    public required string Factors { get; set; }

    public double? Pue { get; set; }

    public required string MethodVersion { get; set; }

    public double Joules { get; set; }

    public long Records { get; set; }

    public double OriginalGrams { get; set; }

    public double RestatedGrams { get; set; }

    public int ChangedHours { get; set; }

    public int UnchangedHours { get; set; }
}

/// <summary>
/// What was priced with one factor in one hour has another by a restatement. Restated grams are joules by hour and factor times the new factor, so they
/// follow from sums as well as from single records, which keep the factor that they came with.
/// </summary>
internal sealed class RestatedHourRow
{
    public long Number { get; set; }

    public long HourTicks { get; set; }

    public int OldFactorId { get; set; }

    public int NewFactorId { get; set; }
}

internal sealed class RestatementRowConfiguration : IEntityTypeConfiguration<RestatementRow>
{
    public void Configure(EntityTypeBuilder<RestatementRow> builder)
    {
        builder.ToTable("restatements").HasKey(row => row.Number);
        builder.HasIndex(row => row.Id).IsUnique();
        builder.Property(row => row.Number).ValueGeneratedNever();
        builder.Property(row => row.By).HasMaxLength(200);
        builder.Property(row => row.Why).HasMaxLength(2000);
    }
}

internal sealed class RestatedHourRowConfiguration : IEntityTypeConfiguration<RestatedHourRow>
{
    public void Configure(EntityTypeBuilder<RestatedHourRow> builder)
    {
        builder.ToTable("restated_hours").HasKey(row => new { row.HourTicks, row.OldFactorId, row.Number });
        builder.HasOne<RestatementRow>().WithMany().HasForeignKey(row => row.Number).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Store.FactorRow>().WithMany().HasForeignKey(row => row.OldFactorId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne<Store.FactorRow>().WithMany().HasForeignKey(row => row.NewFactorId).OnDelete(DeleteBehavior.Restrict);
    }
}
