using GreenTune.Core.Contracts;
using GreenTune.Inference.Configurations;

namespace GreenTune.Inference.Plans;

/// <summary>Checks a plan request before anything runs.</summary>
internal static class PlanValidation
{
    /// <summary>Messages by field; empty when the request is good.</summary>
    public static Dictionary<string, string[]> Check(PlanRequest request, ConfigurationRegistry registry)
    {
        var errors = new Dictionary<string, string[]>();
        void Between(string field, int value, int low, int high)
        {
            if (value < low || value > high)
            {
                errors[field] = [$"must be a whole number from {low} to {high}."];
            }
        }

        Between("items", request.Items, 6, 300);
        Between("scoredItems", request.ScoredItems, 6, 300);
        Between("offeredRequests", request.OfferedRequests, 6, 300);
        Between("repeats", request.Repeats, 1, 20);
        if (!errors.ContainsKey("items") && !errors.ContainsKey("repeats") && request.Items < request.Repeats)
        {
            errors["items"] = ["must be at least the number of repeats, so that each repeat has an item."];
        }

        string[] unknown = [.. (request.Configurations ?? []).Where(id => registry.Find(id) is null)];
        if (unknown.Length > 0)
        {
            errors["configurations"] = [$"{string.Join(", ", unknown)}: unknown. There are: {string.Join(", ", registry.All.Select(configuration => configuration.Id))}."];
        }
        else if (request.Configurations is { Count: 0 })
        {
            errors["configurations"] = ["must name at least one configuration, or be left out for all."];
        }

        if (request.Reference is { } reference
            && !(request.Configurations?.Contains(reference) ?? registry.Find(reference) is not null))
        {
            errors["reference"] = [$"'{reference}' is not among the configurations to measure."];
        }

        return errors;
    }
}
