namespace GreenTune.Core.Contracts;

/// <summary>POST and PUT /api/webhooks: whom to tell when a budget does something.</summary>
public sealed record WebhookInput
{
    /// <summary>1 to 80 characters.</summary>
    public required string Name { get; init; }

    /// <summary>http or https, on a host that OutgoingUrls:Allow lists.</summary>
    public required string Url { get; init; }

    /// <summary>16 to 200 characters that deliveries are signed with. Null makes one on creating, and keeps the one that is there on changing. Never read back.</summary>
    public string? Secret { get; init; }

    /// <summary>What to tell of. Everything where nothing is said.</summary>
    public IReadOnlyList<BudgetAction> Actions { get; init; } = [BudgetAction.Notify, BudgetAction.Degrade, BudgetAction.Block];

    /// <summary>One budget; null for all.</summary>
    public Guid? BudgetId { get; init; }

    public bool Paused { get; init; }
}

/// <summary>A webhook, without its secret.</summary>
public sealed record WebhookView
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    public required string Url { get; init; }

    public required IReadOnlyList<BudgetAction> Actions { get; init; }

    public Guid? BudgetId { get; init; }

    public required bool Paused { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    /// <summary>Deliveries that are still to be made.</summary>
    public required long Waiting { get; init; }

    public DateTimeOffset? LastDeliveredAt { get; init; }

    public DateTimeOffset? LastFailedAt { get; init; }

    /// <summary>Why the last failure failed; null when there was none.</summary>
    public string? LastProblem { get; init; }
}

/// <summary>A new webhook. <see cref="Secret"/> is shown this once.</summary>
public sealed record WebhookCreated(string Secret, WebhookView Webhook);

/// <summary>What came of a test delivery (POST /api/webhooks/{id}/test).</summary>
/// <param name="Delivered">The receiver answered 2xx.</param>
/// <param name="Status">Its status; null when there was no answer.</param>
/// <param name="Problem">Why it was not delivered; null when it was.</param>
public sealed record WebhookTest(bool Delivered, int? Status, string? Problem);

/// <summary>
/// The body of a delivery. Its headers are <c>X-GreenTune-Event</c> ("budget.notify" and so on, "test"), <c>X-GreenTune-Delivery</c> (an id that a retry repeats)
/// and <c>X-GreenTune-Signature: t=1763550000,v1=...</c>: HMAC-SHA256, in hexadecimal, of "t.body" with the secret's UTF-8 bytes as its key.
/// </summary>
public sealed record WebhookEvent
{
    public required Guid Id { get; init; }

    /// <summary>"budget.notify", "budget.degrade", "budget.block" or "test".</summary>
    public required string Event { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Null in a test.</summary>
    public Budget? Budget { get; init; }

    /// <summary>Null in a test.</summary>
    public BudgetDecision? Decision { get; init; }

    /// <summary>(settled + reserved) over the limit.</summary>
    public double? Fraction { get; init; }

    public DateTimeOffset? ResetsAt { get; init; }
}
