using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Webhooks;

/// <summary>A webhook as it is typed. Errors are kept by field, ours and the service's.</summary>
public sealed class WebhookForm : TypedForm
{
    public const string NameField = "name";
    public const string UrlField = "url";
    public const string SecretField = "secret";
    public const string ActionsField = "actions";
    public const string BudgetField = "budgetId";

    /// <summary>Longest texts, as the contract says.</summary>
    public const int LongestName = 80;

    public const int LongestUrl = 2000;
    public const int LongestSecret = 200;

    private const int ShortestSecret = 16;
    private static readonly string[] Fields = [NameField, UrlField, SecretField, ActionsField, BudgetField];

    /// <summary>The webhook that is edited; null for a new one.</summary>
    public WebhookView? Edited { get; private init; }

    public string Name { get; set; } = string.Empty;

    public string Url { get; set; } = string.Empty;

    /// <summary>Empty makes one for a new webhook and keeps the one that is there otherwise.</summary>
    public string Secret { get; set; } = string.Empty;

    public HashSet<BudgetAction> Actions { get; private init; } = [.. Enum.GetValues<BudgetAction>()];

    /// <summary>The id of one budget; empty for all.</summary>
    public string Budget { get; set; } = string.Empty;

    public bool Paused { get; set; }

    protected override IReadOnlyCollection<string> Shown => Fields;

    public static WebhookForm New() => new();

    public static WebhookForm Edit(WebhookView webhook) => new()
    {
        Edited = webhook,
        Name = webhook.Name,
        Url = webhook.Url,
        Actions = [.. webhook.Actions],
        Budget = webhook.BudgetId?.ToString() ?? string.Empty,
        Paused = webhook.Paused,
    };

    /// <summary>What would leave a webhook as it is.</summary>
    public static WebhookInput InputOf(WebhookView webhook) =>
        new() { Name = webhook.Name, Url = webhook.Url, Actions = webhook.Actions, BudgetId = webhook.BudgetId, Paused = webhook.Paused };

    public void Hear(BudgetAction action, bool on)
    {
        if (on)
        {
            Actions.Add(action);
        }
        else
        {
            Actions.Remove(action);
        }
    }

    /// <summary>Reads the form; null when something is wrong, with the errors set. Whether the address may be called, the service says.</summary>
    public WebhookInput? Read()
    {
        Clear();
        if (Name.Trim().Length is 0 or > LongestName)
        {
            Wrong(NameField, Name.Trim().Length == 0 ? "Give it a name, for example on-call channel" : $"At most {LongestName} characters");
        }

        if (!Uri.TryCreate(Url.Trim(), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            Wrong(UrlField, "An address with http or https, for example https://hooks.example.com/greentune");
        }

        if (Secret.Length is > 0 and (< ShortestSecret or > LongestSecret))
        {
            Wrong(SecretField, $"{ShortestSecret} to {LongestSecret} characters, or empty");
        }

        if (Actions.Count == 0)
        {
            Wrong(ActionsField, "Choose at least one: a webhook that hears of nothing is never called");
        }

        return !IsGood
            ? null
            : new WebhookInput
            {
                Name = Name.Trim(),
                Url = Url.Trim(),
                Secret = Secret.Length > 0 ? Secret : null,
                Actions = [.. Actions.Order()],
                BudgetId = Guid.TryParse(Budget, out var budget) ? budget : null,
                Paused = Paused,
            };
    }
}
