using System.Globalization;
using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Pages.Compare;

/// <summary>What "Measure configurations" asks for before it starts; the limits are those of <see cref="PlanRequest"/>.</summary>
public sealed class MeasureForm(IReadOnlyList<string> configurations)
{
    private readonly HashSet<string> _chosen = [.. configurations];

    public IReadOnlySet<string> Chosen => _chosen;

    public string Repeats { get; set; } = "3";

    public string Items { get; set; } = "60";

    public string ScoredItems { get; set; } = "300";

    /// <summary>Empty takes the service's choice.</summary>
    public string Reference { get; set; } = string.Empty;

    public string? RepeatsError { get; private set; }

    public string? ItemsError { get; private set; }

    public string? ScoredItemsError { get; private set; }

    public string? ChosenError { get; private set; }

    public void Choose(string configurationId, bool chosen)
    {
        if (chosen)
        {
            _chosen.Add(configurationId);
        }
        else
        {
            _chosen.Remove(configurationId);
        }
    }

    /// <summary>Reads the form; null when something is wrong, with the errors set.</summary>
    public PlanRequest? Read()
    {
        (var repeats, RepeatsError) = Whole(Repeats, 1, 20);
        (var items, ItemsError) = Whole(Items, 6, 300);
        (var scored, ScoredItemsError) = Whole(ScoredItems, 6, 300);
        var reference = Reference.Length == 0 ? null : Reference;
        ChosenError = _chosen.Count == 0 ? "Choose at least one configuration."
            : reference is not null && !_chosen.Contains(reference) ? "The reference has to be measured too." : null;
        return RepeatsError is null && ItemsError is null && ScoredItemsError is null && ChosenError is null
            ? new PlanRequest
            {
                Configurations = _chosen.Count == configurations.Count ? null : [.. configurations.Where(_chosen.Contains)],
                Repeats = repeats,
                Items = items,
                ScoredItems = scored,
                Reference = reference,
            }
            : null;
    }

    private static (int Value, string? Error) Whole(string text, int least, int most) =>
        int.TryParse(text.Trim(), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? (value, null)
            : (0, $"A whole number from {least} to {most}");
}
