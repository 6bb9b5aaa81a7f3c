using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace GreenTune.Accounting.Webhooks;

/// <summary>Whom to tell. The secret is kept as it is, since deliveries are signed with it; the API never gives it back.</summary>
internal sealed class WebhookRow
{
    public Guid Id { get; set; }

    public required string Name { get; set; }

    public required string Url { get; set; }

    public required string Secret { get; set; }

    /// <summary>Words of <see cref="Core.Contracts.BudgetAction"/> with commas between.</summary>
    public required string Actions { get; set; }

    public Guid? BudgetId { get; set; }

    public bool Paused { get; set; }

    public long CreatedTicks { get; set; }

    public required string CreatedBy { get; set; }

    public long? DeliveredTicks { get; set; }

    public long? FailedTicks { get; set; }

    public string? Problem { get; set; }
}

/// <summary>
/// A delivery that is to be made, entered in the transaction of what it tells of, so that neither exists without the other. Retried until it is done.
/// </summary>
internal sealed class WebhookDeliveryRow
{
    public Guid Id { get; set; }

    public Guid WebhookId { get; set; }

    public required string Event { get; set; }

    /// <summary>JSON as it is sent: a retry repeats it byte by byte.</summary>
    public required string Body { get; set; }

    public long CreatedTicks { get; set; }

    /// <summary>When it is to be tried next.</summary>
    public long NextTicks { get; set; }

    public int Attempts { get; set; }
}

internal sealed class WebhookConfiguration : IEntityTypeConfiguration<WebhookRow>
{
    public void Configure(EntityTypeBuilder<WebhookRow> builder)
    {
        builder.ToTable("webhooks").HasKey(row => row.Id);
        builder.Property(row => row.Id).ValueGeneratedNever();
        builder.Property(row => row.Name).HasMaxLength(80);
        builder.Property(row => row.Url).HasMaxLength(2000);
        builder.Property(row => row.Secret).HasMaxLength(200);
        builder.Property(row => row.Actions).HasMaxLength(100);
        builder.Property(row => row.CreatedBy).HasMaxLength(80);
        builder.Property(row => row.Problem).HasMaxLength(1000);
    }
}

internal sealed class WebhookDeliveryConfiguration : IEntityTypeConfiguration<WebhookDeliveryRow>
{
    public void Configure(EntityTypeBuilder<WebhookDeliveryRow> builder)
    {
        builder.ToTable("webhook_deliveries").HasKey(row => row.Id);
        builder.Property(row => row.Id).ValueGeneratedNever();
        builder.HasIndex(row => row.NextTicks);
        builder.HasIndex(row => row.WebhookId);
        builder.Property(row => row.Event).HasMaxLength(40);
    }
}
