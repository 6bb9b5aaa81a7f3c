namespace GreenTune.Core.Contracts;

/// <summary>Names of the server-sent events on GET /api/events of Accounting.</summary>
public static class EventNames
{
    /// <summary>Data: <see cref="RecordView"/> without its power trace.</summary>
    public const string Record = "record";

    /// <summary>Data: <see cref="BudgetStatus"/>; sent when a budget was changed, decided or settled.</summary>
    public const string Budget = "budget";

    /// <summary>Data: the id of a deleted budget as <see cref="BudgetDeleted"/>.</summary>
    public const string BudgetDeleted = "budgetDeleted";

    /// <summary>Data: <see cref="AutoChoice"/>; sent on connecting and when the settings or the plan change.</summary>
    public const string Auto = "auto";

    /// <summary>Data: <see cref="PlanSummary"/>; a plan's results arrived.</summary>
    public const string Plan = "plan";

    /// <summary>Data: <see cref="Contracts.KeyRevoked"/>; who has verified the key forgets it.</summary>
    public const string KeyRevoked = "keyRevoked";
}

/// <summary>A budget went away.</summary>
public sealed record BudgetDeleted(Guid Id);
