using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Store;

/// <summary>A carbon factor that records were priced with; never changed, so that every record can be restated.</summary>
internal sealed class FactorRow
{
    public int Id { get; set; }

    /// <summary>The factor's JSON; two factors are the same when it is.</summary>
    public required string Factor { get; set; }
}

/// <summary>A tenant that has been seen in a record.</summary>
internal sealed class TenantRow
{
    public required string Name { get; set; }

    public long FirstSeenTicks { get; set; }
}

/// <summary>Energy of one device over one period, by bucket.</summary>
internal sealed class PeriodRow
{
    public long Key { get; set; }

    public required string Id { get; set; }

    public required string Device { get; set; }

    public long FromTicks { get; set; }

    public long ToTicks { get; set; }

    public double TotalJoules { get; set; }

    public double ActiveJoules { get; set; }

    public double IdleShareJoules { get; set; }

    public double IdleJoules { get; set; }

    public double UnattributedJoules { get; set; }

    public double OtherJoules { get; set; }

    public EnergyQuality Quality { get; set; }

    public string? Instance { get; set; }
}

/// <summary>A budget.</summary>
internal sealed class BudgetRow
{
    public Guid Id { get; set; }

    public required string Name { get; set; }

    public BudgetScope Scope { get; set; }

    /// <summary>Empty where it counts all tenants.</summary>
    public required string Tenant { get; set; }

    public string? Model { get; set; }

    public string? Session { get; set; }

    public BudgetPeriod Period { get; set; }

    public BudgetWindowKind Window { get; set; }

    public string? TimeZone { get; set; }

    public BudgetQuantity Quantity { get; set; }

    public double Limit { get; set; }

    /// <summary>JSON array of thresholds.</summary>
    public required string Thresholds { get; set; }

    public bool Paused { get; set; }

    public long Version { get; set; }

    public long CreatedTicks { get; set; }

    public long UpdatedTicks { get; set; }

    /// <summary>What the last reservation met, and in which window: a budget that refuses every request is blocking even while little is used.</summary>
    public BudgetAction? LastAction { get; set; }

    public long? LastActionWindowTicks { get; set; }
}

/// <summary>Energy held for a request in flight. In joules, so that a changed unit or factor of the budget needs no restating.</summary>
internal sealed class ReservationRow
{
    public required string RequestId { get; set; }

    public required string Tenant { get; set; }

    public string? Session { get; set; }

    public long ReservedTicks { get; set; }

    public long ExpiresTicks { get; set; }

    public double UpperJoules { get; set; }

    /// <summary>What was decided, so that asking again gives the same answer.</summary>
    public required string ConfigurationId { get; set; }

    public BudgetAction? Action { get; set; }

    public string? Message { get; set; }

    /// <summary>The budget that the answer told of.</summary>
    public Guid? BudgetId { get; set; }
}

/// <summary>A line of the budgets' log.</summary>
internal sealed class DecisionRow
{
    public long Id { get; set; }

    public long AtTicks { get; set; }

    public Guid BudgetId { get; set; }

    public required string BudgetName { get; set; }

    public required string Tenant { get; set; }

    public required string Action { get; set; }

    public required string Effect { get; set; }

    public required string Detail { get; set; }

    public string? RequestId { get; set; }

    /// <summary>Requests that this line stands for.</summary>
    public long Count { get; set; }

    /// <summary>Who changed the budget; null for decisions on requests.</summary>
    public string? Actor { get; set; }

    public long? WindowTicks { get; set; }

    /// <summary>Threshold that was reached, for notifying once per window.</summary>
    public double? Fraction { get; set; }
}

/// <summary>One version of the ThreeE settings; older ones stay as their history.</summary>
internal sealed class SettingsRow
{
    public long Version { get; set; }

    public double EnergyWeight { get; set; }

    public double EfficiencyWeight { get; set; }

    public double EffectivenessWeight { get; set; }

    public double Floor { get; set; }

    public string? Reference { get; set; }

    public string? Pinned { get; set; }

    public long UpdatedTicks { get; set; }
}

/// <summary>A measurement plan: its summary for lists, its samples compressed.</summary>
internal sealed class PlanRow
{
    public Guid Id { get; set; }

    public int Number { get; set; }

    public long StartedTicks { get; set; }

    /// <summary>JSON of the plan's summary.</summary>
    public required string Summary { get; set; }

    /// <summary>The plan's JSON, Brotli-compressed.</summary>
    public required byte[] Body { get; set; }
}
