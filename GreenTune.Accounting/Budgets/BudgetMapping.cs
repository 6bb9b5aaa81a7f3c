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
        Tenant = row.Tenant,
        Quantity = row.Quantity,
        Limit = row.Limit,
        Thresholds = JsonSerializer.Deserialize<BudgetThreshold[]>(row.Thresholds, ContractJson.Options)!,
        Paused = row.Paused,
        Version = row.Version,
        CreatedAt = RecordMapping.Time(row.CreatedTicks),
        UpdatedAt = RecordMapping.Time(row.UpdatedTicks),
    };

    /// <summary>Thresholds as they are kept: mildest first.</summary>
    public static string ThresholdsJson(IEnumerable<BudgetThreshold> thresholds) =>
        JsonSerializer.Serialize(thresholds.OrderBy(threshold => threshold.Fraction).ToArray(), ContractJson.Options);

    public static BudgetDecision ToDecision(DecisionRow row) => new()
    {
        Id = row.Id,
        At = RecordMapping.Time(row.AtTicks),
        BudgetId = row.BudgetId,
        BudgetName = row.BudgetName,
        Tenant = row.Tenant,
        Action = row.Action,
        Effect = row.Effect,
        Detail = row.Detail,
        RequestId = row.RequestId,
        Count = row.Count,
    };
}
