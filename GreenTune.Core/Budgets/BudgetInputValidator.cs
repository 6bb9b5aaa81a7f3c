using GreenTune.Core.Contracts;

namespace GreenTune.Core.Budgets;

/// <summary>Checks what a user sets. Field names are those of the JSON, with an index for a threshold ("thresholds[1].fraction").</summary>
public static class BudgetInputValidator
{
    public const int MaxNameLength = 80;

    /// <summary>Thresholds of one budget; more would only be noise.</summary>
    public const int MaxThresholds = 8;

    /// <summary>Messages by field; empty when the budget may be stored.</summary>
    public static IReadOnlyDictionary<string, string[]> Validate(BudgetInput input)
    {
        var errors = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        void Refuse(string field, string message)
        {
            if (!errors.TryGetValue(field, out List<string>? messages))
            {
                errors[field] = messages = [];
            }

            messages.Add(message);
        }

        if (string.IsNullOrWhiteSpace(input.Name) || input.Name.Length > MaxNameLength || input.Name.Any(char.IsControl))
        {
            Refuse("name", $"Give the budget a name of 1 to {MaxNameLength} characters, for example \"playground\".");
        }

        if (!Identifiers.IsTenant(input.Tenant))
        {
            Refuse("tenant", $"A tenant is {Identifiers.TenantForm}, for example \"team-support\".");
        }

        if (!Enum.IsDefined(input.Quantity))
        {
            Refuse("quantity", "The quantity is \"gramsCO2e\" or \"kilowattHours\".");
        }

        if (!double.IsFinite(input.Limit) || input.Limit <= 0)
        {
            Refuse("limit", "The limit is the amount for a calendar day, above 0, for example 8.");
        }

        ValidateThresholds(input.Thresholds, Refuse);
        return errors.ToDictionary(error => error.Key, error => error.Value.ToArray());
    }

    private static void ValidateThresholds(IReadOnlyList<BudgetThreshold>? thresholds, Action<string, string> refuse)
    {
        if (thresholds is null or { Count: 0 } or { Count: > MaxThresholds })
        {
            refuse("thresholds", $"Give 1 to {MaxThresholds} thresholds, for example [{{\"fraction\": 0.8, \"action\": \"notify\"}}, {{\"fraction\": 1, \"action\": \"block\"}}].");
            return;
        }

        for (int i = 0; i < thresholds.Count; i++)
        {
            string field = $"thresholds[{i}]";
            BudgetThreshold? threshold = thresholds[i];
            if (threshold is null)
            {
                refuse(field, "A threshold has a fraction and an action.");
                continue;
            }

            if (!(threshold.Fraction is > 0 and <= 1))
            {
                refuse($"{field}.fraction", "The fraction is a share of the limit above 0 and at most 1, for example 0.8.");
            }

            if (!Enum.IsDefined(threshold.Action))
            {
                refuse($"{field}.action", "The action is \"notify\", \"degrade\" or \"block\".");
            }

            if (threshold.DegradeTo is { } target)
            {
                if (threshold.Action != BudgetAction.Degrade)
                {
                    refuse($"{field}.degradeTo", "Only a threshold whose action is \"degrade\" names a configuration.");
                }
                else if (!Identifiers.IsConfiguration(target))
                {
                    refuse($"{field}.degradeTo", $"A configuration's id is {Identifiers.ConfigurationForm}, for example \"greentune-nano-int8\".");
                }
            }

            ValidateOrder(thresholds, i, refuse);
        }
    }

    private static void ValidateOrder(IReadOnlyList<BudgetThreshold> thresholds, int index, Action<string, string> refuse)
    {
        BudgetThreshold threshold = thresholds[index];
        string field = $"thresholds[{index}]";
        foreach (BudgetThreshold? other in thresholds.Take(index))
        {
            if (other is null)
            {
                continue;
            }

            if (other.Action == threshold.Action)
            {
                if (threshold.Action == BudgetAction.Block)
                {
                    refuse($"{field}.action", "A second threshold that blocks can never be reached.");
                }
                else if (other.Fraction == threshold.Fraction)
                {
                    refuse($"{field}.fraction", $"Two thresholds do the same at {BudgetQuantities.Percent(threshold.Fraction)}.");
                }
            }
            else if ((other.Action < threshold.Action) != (other.Fraction < threshold.Fraction) || other.Fraction == threshold.Fraction)
            {
                (BudgetThreshold mild, BudgetThreshold severe) = other.Action < threshold.Action ? (other, threshold) : (threshold, other);
                refuse($"{field}.fraction", $"{mild.Action} at {BudgetQuantities.Percent(mild.Fraction)} has to come before {severe.Action} at {BudgetQuantities.Percent(severe.Fraction)}.");
            }
        }
    }
}
