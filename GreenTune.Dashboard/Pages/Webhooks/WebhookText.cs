using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Pages.Budgets;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Webhooks;

/// <summary>Words of webhooks.</summary>
public static class WebhookText
{
    public static string Headline(IReadOnlyList<WebhookView>? webhooks)
    {
        if (webhooks is not { Count: > 0 })
        {
            return "Tells other systems when a budget warns, degrades or blocks, by a signed POST.";
        }

        var failing = webhooks.Where(hook => !hook.Paused && Failing(hook)).Select(hook => hook.Name).ToList();
        var count = webhooks.Count == 1 ? "One webhook" : $"{Figures.Count(webhooks.Count)} webhooks";
        return failing.Count == 0 ? $"{count}; the latest delivery of none failed." : $"{count}. The latest delivery failed: {string.Join(", ", failing)}.";
    }

    /// <summary>The latest attempt failed.</summary>
    public static bool Failing(WebhookView webhook) => webhook.LastFailedAt is { } failed && !(webhook.LastDeliveredAt >= failed);

    /// <summary>What came of the latest delivery.</summary>
    /// <returns>A word, and what stands below it.</returns>
    public static (string Word, ChipKind Kind, string? Detail) Latest(WebhookView webhook, DateTimeOffset now, LocalTimes times)
    {
        if (Failing(webhook))
        {
            var before = webhook.LastDeliveredAt is { } delivered ? $" Delivered last {times.Recent(delivered, now)}." : " Nothing was delivered yet.";
            return ("failed", ChipKind.Degrade, $"{times.Recent(webhook.LastFailedAt!.Value, now)}: {webhook.LastProblem}{before}");
        }

        return webhook.LastDeliveredAt is { } at ? ("delivered", ChipKind.Ok, times.Recent(at, now)) : ("nothing yet", ChipKind.Off, null);
    }

    /// <summary>"2 wait and are tried again".</summary>
    public static string? Waiting(WebhookView webhook) => webhook.Waiting switch
    {
        0 => null,
        1 => "1 delivery waits",
        var count => $"{Figures.Count(count)} deliveries wait",
    };

    /// <summary>"notify, degrade, block of all budgets".</summary>
    public static string Hears(WebhookView webhook, IReadOnlyList<BudgetStatus>? budgets) => $"{string.Join(", ", webhook.Actions.Select(BudgetText.Word))} of {Whose(webhook, budgets)}";

    /// <summary>A test delivery's result as a sentence.</summary>
    public static string Test(WebhookTest test) => test.Delivered
        ? $"The test was delivered: the receiver answered {test.Status}."
        : $"The test was not delivered. {test.Problem}";

    public static string DeleteQuestion(WebhookView webhook) => webhook.Waiting switch
    {
        0 => $"{webhook.Name} hears of nothing any more.",
        1 => $"{webhook.Name} hears of nothing any more. One delivery that it has not heard of yet goes with it.",
        var count => $"{webhook.Name} hears of nothing any more. {Figures.Count(count)} deliveries that it has not heard of yet go with it.",
    };

    private static string Whose(WebhookView webhook, IReadOnlyList<BudgetStatus>? budgets) => webhook.BudgetId is not { } id ? "all budgets"
        : budgets?.FirstOrDefault(status => status.Budget.Id == id) is { } found ? found.Budget.Name
        : budgets is null ? "one budget" : "a budget that is gone";
}
