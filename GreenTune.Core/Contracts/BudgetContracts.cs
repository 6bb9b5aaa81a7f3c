using System.Text.Json.Serialization;

namespace GreenTune.Core.Contracts;

/// <summary>What a budget counts.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<BudgetQuantity>))]
public enum BudgetQuantity
{
    /// <summary>Grams of CO2e, PUE included.</summary>
    GramsCO2e,

    /// <summary>Kilowatt-hours of IT energy, PUE not included.</summary>
    KilowattHours,

    /// <summary>Joules of IT energy, PUE not included.</summary>
    Joules,
}

/// <summary>Which requests a budget counts. All budgets that count a request must allow it.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<BudgetScope>))]
public enum BudgetScope
{
    /// <summary>Those of one tenant.</summary>
    Tenant = 0,

    /// <summary>Every request.</summary>
    Everything = 1,

    /// <summary>Those that one configuration answers, or those of a model at any precision ("greentune-tiny-*"); of one tenant where it names one.</summary>
    Model = 2,

    /// <summary>Those of one session of one tenant.</summary>
    Session = 3,
}

/// <summary>How long a budget's window is.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<BudgetPeriod>))]
public enum BudgetPeriod
{
    Day = 0,
    Hour = 1,

    /// <summary>From Monday on (ISO 8601), or seven days.</summary>
    Week = 2,

    /// <summary>A calendar month, or thirty days.</summary>
    Month = 3,
}

/// <summary>Whether a budget's window follows the calendar or the clock.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<BudgetWindowKind>))]
public enum BudgetWindowKind
{
    /// <summary>The hour, day, week or month of a time zone's calendar: it begins anew all at once.</summary>
    Calendar = 0,

    /// <summary>The last hour, 24 hours, seven or thirty days before any moment: what was used leaves it step by step.</summary>
    Rolling = 1,
}

/// <summary>What happens at a threshold. Ordered: a later one overrides an earlier one.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<BudgetAction>))]
public enum BudgetAction
{
    /// <summary>The response carries a warning header and the decision is logged.</summary>
    Notify,

    /// <summary>A greener configuration answers.</summary>
    Degrade,

    /// <summary>429 with Retry-After.</summary>
    Block,
}

/// <summary>A budget's state now.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<BudgetState>))]
public enum BudgetState
{
    OnTrack,
    Notifying,
    Degrading,
    Blocking,
    Paused,
}

/// <summary>At <paramref name="Fraction"/> of the limit (0 to 1), do <paramref name="Action"/>.</summary>
/// <param name="Fraction">Share of the limit, above 0 and at most 1.</param>
/// <param name="Action">What to do.</param>
/// <param name="DegradeTo">Configuration to degrade to; null lets the service take the greenest at or above the quality floor.</param>
public sealed record BudgetThreshold(double Fraction, BudgetAction Action, string? DegradeTo = null);

/// <summary>What a user sets (POST and PUT /api/budgets).</summary>
public sealed record BudgetInput
{
    /// <summary>Shown in messages; 1 to 80 characters.</summary>
    public required string Name { get; init; }

    /// <summary>What it counts. A tenant's requests where nothing is said.</summary>
    public BudgetScope Scope { get; init; }

    /// <summary>The tenant it holds for; null with the scope everything, and where a model's budget counts all tenants.</summary>
    public string? Tenant { get; init; }

    /// <summary>With the scope model: a configuration's id, or the beginning of some ("greentune-tiny-*").</summary>
    public string? Model { get; init; }

    /// <summary>With the scope session.</summary>
    public string? Session { get; init; }

    /// <summary>Length of its window. A day where nothing is said.</summary>
    public BudgetPeriod Period { get; init; }

    /// <summary>Calendar where nothing is said.</summary>
    public BudgetWindowKind Window { get; init; }

    /// <summary>IANA zone whose calendar the window follows, for example Europe/Berlin; null is Accounting's own (Accounting:TimeZone). Calendar windows alone.</summary>
    public string? TimeZone { get; init; }

    public required BudgetQuantity Quantity { get; init; }

    /// <summary>Limit for one window, in the quantity's unit; above 0.</summary>
    public required double Limit { get; init; }

    /// <summary>At least one; fractions rise with the action's severity.</summary>
    public required IReadOnlyList<BudgetThreshold> Thresholds { get; init; }

    public bool Paused { get; init; }

    /// <summary>Version that was edited; a PUT with an older one is refused (409).</summary>
    public long? Version { get; init; }
}

/// <summary>A stored budget. Its fields are those of <see cref="BudgetInput"/>.</summary>
public sealed record Budget
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    public BudgetScope Scope { get; init; }

    public required string? Tenant { get; init; }

    public string? Model { get; init; }

    public string? Session { get; init; }

    public BudgetPeriod Period { get; init; }

    public BudgetWindowKind Window { get; init; }

    public string? TimeZone { get; init; }

    public required BudgetQuantity Quantity { get; init; }

    public required double Limit { get; init; }

    public required IReadOnlyList<BudgetThreshold> Thresholds { get; init; }

    public required bool Paused { get; init; }

    public required long Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>A budget and where it stands.</summary>
public sealed record BudgetStatus
{
    public required Budget Budget { get; init; }

    /// <summary>Settled in this window, in the quantity's unit.</summary>
    public required Interval Used { get; init; }

    /// <summary>Held for requests in flight.</summary>
    public required double Reserved { get; init; }

    /// <summary>Limit less settled and reserved, at least 0.</summary>
    public required double Left { get; init; }

    /// <summary>(settled + reserved) over the limit.</summary>
    public required double Fraction { get; init; }

    public required BudgetState State { get; init; }

    public required EnergyQuality Quality { get; init; }

    public required DateTimeOffset WindowStart { get; init; }

    /// <summary>The calendar window's end; for a rolling one when all that is used now will have left it.</summary>
    public required DateTimeOffset ResetsAt { get; init; }
}

/// <summary>One point of a budget's cumulative use in its window.</summary>
public sealed record UsagePoint(DateTimeOffset At, double Used);

/// <summary>A line of the budgets' log: what was decided or changed, and why.</summary>
public sealed record BudgetDecision
{
    public required long Id { get; init; }

    public required DateTimeOffset At { get; init; }

    public required Guid BudgetId { get; init; }

    public required string BudgetName { get; init; }

    /// <summary>The request's tenant, or the budget's own where it was changed; null where neither names one.</summary>
    public required string? Tenant { get; init; }

    /// <summary>Who changed the budget: the name of a key, or "local" while keys are off. Null for decisions on requests.</summary>
    public string? Actor { get; init; }

    /// <summary>"notify", "degrade", "block", "created", "edited", "paused", "resumed" or "deleted".</summary>
    public required string Action { get; init; }

    /// <summary>What it did, in one line.</summary>
    public required string Effect { get; init; }

    /// <summary>Why, in one line.</summary>
    public required string Detail { get; init; }

    public string? RequestId { get; init; }

    /// <summary>
    /// How many requests the line stands for: degrading or blocking several within one second makes one line. <see cref="RequestId"/> is the first.
    /// </summary>
    public long Count { get; init; } = 1;
}

/// <summary>An energy prediction for one configuration: its upper bound is what gets reserved.</summary>
/// <param name="ConfigurationId">The configuration.</param>
/// <param name="Joules">Expected joules for the prompt and max_tokens.</param>
/// <param name="UpperJoules">Expected plus two sigma.</param>
public sealed record PredictedCost(string ConfigurationId, double Joules, double UpperJoules);

/// <summary>Asked before a request is admitted (POST /api/budgets/reservations). Idempotent on the request's id.</summary>
public sealed record ReservationRequest
{
    public required string RequestId { get; init; }

    public required string Tenant { get; init; }

    public string? Session { get; init; }

    /// <summary>The configuration that would answer.</summary>
    public required PredictedCost Wanted { get; init; }

    /// <summary>Others that could, at or above the quality floor, greenest first.</summary>
    public IReadOnlyList<PredictedCost> Alternatives { get; init; } = [];
}

/// <summary>The answer: go ahead with <see cref="ConfigurationId"/>, or do not.</summary>
public sealed record ReservationDecision
{
    /// <summary>Null when no budget had anything to say.</summary>
    public BudgetAction? Action { get; init; }

    public required bool Allowed { get; init; }

    /// <summary>The configuration to serve; the wanted one unless degraded.</summary>
    public required string ConfigurationId { get; init; }

    public Guid? BudgetId { get; init; }

    public string? BudgetName { get; init; }

    public BudgetQuantity? Quantity { get; init; }

    /// <summary>What is left after this reservation, in the quantity's unit.</summary>
    public double? Left { get; init; }

    /// <summary>(settled + reserved) over the limit, this reservation included when it was made.</summary>
    public double? Fraction { get; init; }

    /// <summary>The calendar window's end; for a rolling one when it has room for this request again.</summary>
    public DateTimeOffset? ResetsAt { get; init; }

    /// <summary>Whole seconds until it is worth asking again, when blocked.</summary>
    public long? RetryAfterSeconds { get; init; }

    /// <summary>One sentence for the client.</summary>
    public string? Message { get; init; }
}

/// <summary>What a budget would have done to requests of the past (POST /api/budgets/preview). Nothing is saved.</summary>
public sealed record BudgetPreviewRequest
{
    public required BudgetInput Budget { get; init; }

    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }
}

/// <summary>The answer to a preview.</summary>
public sealed record BudgetPreview
{
    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }

    /// <summary>Metered requests that the budget counts.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests that it counts in principle but nothing metered.</summary>
    public required long Unmetered { get; init; }

    public required long Notified { get; init; }

    public required long Degraded { get; init; }

    public required long Blocked { get; init; }

    /// <summary>What all of the requests used, in the quantity's unit.</summary>
    public required double Used { get; init; }

    /// <summary>What those that it would have let pass used.</summary>
    public required double Passed { get; init; }

    /// <summary>The calendar windows in which it would have done something, or the first of them; none for a rolling window.</summary>
    public required IReadOnlyList<BudgetPreviewWindow> Windows { get; init; }

    /// <summary>What the figures take for granted.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>One window of a preview.</summary>
public sealed record BudgetPreviewWindow(DateTimeOffset From, DateTimeOffset To, double Used, double Fraction, long Notified, long Degraded, long Blocked);
