using System.Text.Json;
using GreenTune.Accounting.Records;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Budgets;

/// <summary>Between the contracts of budgets and their rows.</summary>
internal static class BudgetMapping
{
    public static Budget ToBudget(BudgetRow row) => new()
    {
        Id = row.Id,
        Name = row.Name,
        Scope = row.Scope,
        Tenant = Name(row.Tenant),
        Model = row.Model,
        Session = row.Session,
        Period = row.Period,
        Window = row.Window,
        TimeZone = row.TimeZone,
        Quantity = row.Quantity,
        Limit = row.Limit,
        Thresholds = JsonSerializer.Deserialize<BudgetThreshold[]>(row.Thresholds, ContractJson.Options)!,
        Paused = row.Paused,
        Version = row.Version,
        CreatedAt = RecordMapping.Time(row.CreatedTicks),
        UpdatedAt = RecordMapping.Time(row.UpdatedTicks),
    };

    /// <summary>Sets what a user may set.</summary>
    public static void Apply(BudgetInput input, BudgetRow row)
    {
        row.Name = input.Name.Trim();
        row.Scope = input.Scope;
        row.Tenant = input.Tenant ?? "";
        row.Model = input.Model;
        row.Session = input.Session;
        row.Period = input.Period;
        row.Window = input.Window;
        row.TimeZone = input.TimeZone;
        row.Quantity = input.Quantity;
        row.Limit = input.Limit;
        row.Thresholds = ThresholdsJson(input.Thresholds);
        row.Paused = input.Paused;
    }

    /// <summary>A budget that is not stored, for a preview.</summary>
    public static Budget ToBudget(BudgetInput input, DateTimeOffset now)
    {
        var row = new BudgetRow { Id = Guid.Empty, Name = "", Tenant = "", Thresholds = "", CreatedTicks = now.UtcTicks, UpdatedTicks = now.UtcTicks };
        Apply(input, row);
        return ToBudget(row);
    }

    /// <summary>Thresholds as they are kept: mildest first.</summary>
    public static string ThresholdsJson(IEnumerable<BudgetThreshold> thresholds) =>
        JsonSerializer.Serialize(thresholds.OrderBy(threshold => threshold.Fraction).ToArray(), ContractJson.Options);

    public static BudgetDecision ToDecision(DecisionRow row) => new()
    {
        Id = row.Id,
        At = RecordMapping.Time(row.AtTicks),
        BudgetId = row.BudgetId,
        BudgetName = row.BudgetName,
        Tenant = Name(row.Tenant),
        Actor = row.Actor,
        Action = row.Action,
        Effect = row.Effect,
        Detail = row.Detail,
        RequestId = row.RequestId,
        Count = row.Count,
    };

    private static string? Name(string tenant) => tenant.Length == 0 ? null : tenant;
}
