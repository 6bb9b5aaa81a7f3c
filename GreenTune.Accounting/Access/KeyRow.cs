using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace GreenTune.Accounting.Access;

/// <summary>An API key: whom it stands for, and its hash. The key itself is kept nowhere.</summary>
internal sealed class KeyRow
{
    public Guid Id { get; set; }

    /// <summary>SHA-256 in hexadecimal (<see cref="Core.Access.AccessKeys.Hash"/>).</summary>
    public required string Hash { get; set; }

    public required string Prefix { get; set; }

    public required string Name { get; set; }

    public required string Tenant { get; set; }

    public AccessRole Role { get; set; }

    public int? RequestsPerMinute { get; set; }

    public int? TokensPerMinute { get; set; }

    public int? Concurrent { get; set; }

    public long CreatedTicks { get; set; }

    public required string CreatedBy { get; set; }

    public long? ExpiresTicks { get; set; }

    public long? RevokedTicks { get; set; }

    public string? RevokedBy { get; set; }

    public long? LastUsedTicks { get; set; }
}

internal sealed class KeyConfiguration : IEntityTypeConfiguration<KeyRow>
{
    public void Configure(EntityTypeBuilder<KeyRow> builder)
    {
        builder.ToTable("access_keys").HasKey(row => row.Id);
        builder.Property(row => row.Id).ValueGeneratedNever();
        builder.HasIndex(row => row.Hash).IsUnique();
        builder.Property(row => row.Hash).HasMaxLength(64);
        builder.Property(row => row.Prefix).HasMaxLength(16);
        builder.Property(row => row.Name).HasMaxLength(80);
        builder.Property(row => row.Tenant).HasMaxLength(100);
        builder.Property(row => row.CreatedBy).HasMaxLength(80);
        builder.Property(row => row.RevokedBy).HasMaxLength(80);
    }
}
