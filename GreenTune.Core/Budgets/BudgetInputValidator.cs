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

        ValidateScope(input, Refuse);
        ValidateWindow(input, Refuse);
        if (!Enum.IsDefined(input.Quantity))
        {
            Refuse("quantity", "The quantity is \"gramsCO2e\", \"kilowattHours\" or \"joules\".");
        }

        if (!double.IsFinite(input.Limit) || input.Limit <= 0)
        {
            Refuse("limit", "The limit is the amount for one window, above 0, for example 8.");
        }

        ValidateThresholds(input.Thresholds, Refuse);
        ValidateTargets(input, Refuse);
        return errors.ToDictionary(error => error.Key, error => error.Value.ToArray());
    }

    private static void ValidateScope(BudgetInput input, Action<string, string> refuse)
    {
        switch (input.Scope)
        {
            case BudgetScope.Everything:
                Absent("tenant", input.Tenant, "A budget for everything names no tenant; with scope \"tenant\" it would hold for that one.");
                Absent("model", input.Model, "A budget for everything names no model; with scope \"model\" it would hold for that one.");
                Absent("session", input.Session, "A budget for everything names no session.");
                break;
            case BudgetScope.Tenant:
                Tenant(needed: true);
                Absent("model", input.Model, "A tenant's budget counts all models; with scope \"model\" it would count one.");
                Absent("session", input.Session, "A tenant's budget counts all sessions; with scope \"session\" it would count one.");
                break;
            case BudgetScope.Model:
                Tenant(needed: false);
                if (!Identifiers.IsConfiguration(BudgetScopes.Prefix(input.Model) ?? input.Model))
                {
                    refuse("model", $"A model is a configuration's id, {Identifiers.ConfigurationForm}, or the beginning of some with * behind it, for example \"greentune-tiny-int4\" or \"greentune-tiny-*\".");
                }

                Absent("session", input.Session, "A model's budget counts all sessions; with scope \"session\" it would count one.");
                break;
            case BudgetScope.Session:
                Tenant(needed: true);
                if (!Identifiers.IsSession(input.Session))
                {
                    refuse("session", $"A session is {Identifiers.SessionForm}, for example \"nightly-report\".");
                }

                Absent("model", input.Model, "A session's budget counts all models.");
                break;
            default:
                refuse("scope", "The scope is \"everything\", \"tenant\", \"model\" or \"session\".");
                break;
        }

        void Absent(string field, string? value, string message)
        {
            if (value is not null)
            {
                refuse(field, message);
            }
        }

        void Tenant(bool needed)
        {
            if ((needed || input.Tenant is not null) && !Identifiers.IsTenant(input.Tenant))
            {
                refuse("tenant", $"A tenant is {Identifiers.TenantForm}, for example \"team-support\".");
            }
        }
    }

    private static void ValidateWindow(BudgetInput input, Action<string, string> refuse)
    {
        if (!Enum.IsDefined(input.Period))
        {
            refuse("period", "The period is \"hour\", \"day\", \"week\" or \"month\".");
        }

        if (!Enum.IsDefined(input.Window))
        {
            refuse("window", "The window is \"calendar\" or \"rolling\".");
        }

        if (input.TimeZone is { } zone)
        {
            if (input.Window == BudgetWindowKind.Rolling)
            {
                refuse("timeZone", "A rolling window follows no calendar, so it has no time zone.");
            }
            else if (zone.Length is 0 or > 64 || !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
            {
                refuse("timeZone", "The time zone is one of the IANA database, for example \"Europe/Berlin\".");
            }
        }
    }

    /// <summary>Degrading to a configuration that the budget counts alone would change nothing.</summary>
    private static void ValidateTargets(BudgetInput input, Action<string, string> refuse)
    {
        foreach ((int i, BudgetThreshold? threshold) in (input.Thresholds ?? []).Index())
        {
            if (input.Scope == BudgetScope.Model && threshold?.DegradeTo is { } target && target == input.Model)
            {
                refuse($"thresholds[{i}].degradeTo", $"The budget holds {target} itself: degrading to it would change nothing.");
            }
        }
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
