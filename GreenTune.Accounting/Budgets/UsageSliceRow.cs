using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace GreenTune.Accounting.Budgets;

/// <summary>
/// What a scope used in one slice of time, of one device at one carbon factor: what <see cref="Core.Totals.UncertainSum"/> needs. A slice that is kept has a
/// row without a device as well, so that one in which nothing was used is known to be empty. Kept so that a reservation does not add up a month's records:
/// made from the records when it is first asked for, carried on by every ingest.
/// </summary>
internal sealed class UsageSliceRow
{
    /// <summary>Factor of the row that says that the slice is kept; carbon factors count from 1.</summary>
    public const int Marker = 0;

    /// <summary><see cref="UsageScope.Key"/>.</summary>
    public required string Scope { get; set; }

    public long StartTicks { get; set; }

    public long EndTicks { get; set; }

    public required string Device { get; set; }

    public int FactorId { get; set; }

    public long Records { get; set; }

    public double Joules { get; set; }

    public double GainJoules { get; set; }

    public double BaselineJoules { get; set; }

    public double IndependentVariance { get; set; }

    public EnergyQuality WeakestQuality { get; set; }

    /// <summary>No window holds the slice any more from here on.</summary>
    public long DropTicks { get; set; }
}

internal sealed class UsageSliceConfiguration : IEntityTypeConfiguration<UsageSliceRow>
{
    public void Configure(EntityTypeBuilder<UsageSliceRow> builder)
    {
        builder.ToTable("usage_slices").HasKey(row => new { row.Scope, row.StartTicks, row.EndTicks, row.Device, row.FactorId });
        builder.HasIndex(row => row.EndTicks);
        builder.Property(row => row.Scope).HasMaxLength(UsageScope.MaxKeyLength);
        builder.Property(row => row.Device).HasMaxLength(200);
    }
}
