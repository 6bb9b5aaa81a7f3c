using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Pages.Webhooks;

/// <summary>A webhook as it is typed. Errors are kept by field, ours and the service's.</summary>
public sealed class WebhookForm
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
    private static readonly string[] Shown = [NameField, UrlField, SecretField, ActionsField, BudgetField];
    private readonly Dictionary<string, string> _errors = new(StringComparer.Ordinal);

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

    /// <summary>What went wrong with the whole, beside the fields.</summary>
    public string? Problem { get; private set; }

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

    public string? ErrorOf(string field) => _errors.GetValueOrDefault(field);

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
        _errors.Clear();
        Problem = null;
        if (Name.Trim().Length is 0 or > LongestName)
        {
            _errors[NameField] = Name.Trim().Length == 0 ? "Give it a name, for example on-call channel" : $"At most {LongestName} characters";
        }

        if (!Uri.TryCreate(Url.Trim(), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            _errors[UrlField] = "An address with http or https, for example https://hooks.example.com/greentune";
        }

        if (Secret.Length is > 0 and (< ShortestSecret or > LongestSecret))
        {
            _errors[SecretField] = $"{ShortestSecret} to {LongestSecret} characters, or empty";
        }

        if (Actions.Count == 0)
        {
            _errors[ActionsField] = "Choose at least one: a webhook that hears of nothing is never called";
        }

        return _errors.Count > 0
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

    /// <summary>Shows what the service found wrong: at its fields where it names them, above the form otherwise.</summary>
    public void Refuse(string message, IReadOnlyDictionary<string, string> fields)
    {
        foreach (var (field, text) in fields)
        {
            // "actions[1]" belongs to the actions.
            _errors[field.Split('[', '.')[0]] = text;
        }

        Problem = fields.Count > 0 && _errors.Keys.All(Shown.Contains) ? null : message;
    }
}
