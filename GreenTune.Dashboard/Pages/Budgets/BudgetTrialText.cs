using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Budgets;

/// <summary>What a budget would have done to requests of the past, in words.</summary>
public static class BudgetTrialText
{
    /// <summary>Most windows that are listed.</summary>
    public const int MostWindows = 8;

    /// <summary>"3.00 mg CO2e a day: notify at 80 %, block at 100 %".</summary>
    public static string Rule(BudgetInput input)
    {
        var amounts = BudgetAmounts.Of(input.Quantity);
        var window = (input.Window, input.Period) switch
        {
            (BudgetWindowKind.Calendar, BudgetPeriod.Hour) => "an hour",
            (BudgetWindowKind.Calendar, _) => $"a {BudgetWindowText.Period(input.Period)}",
            (_, BudgetPeriod.Hour) => "in any hour",
            (_, BudgetPeriod.Day) => "in any 24 hours",
            (_, BudgetPeriod.Week) => "in any 7 days",
            _ => "in any 30 days",
        };
        var thresholds = string.Join(", ", input.Thresholds.Select(t => $"{BudgetText.Word(t.Action)} at {Figures.Percent(t.Fraction)}"));
        return $"{amounts.Write(input.Limit)}{amounts.Suffix} {window}: {thresholds}";
    }

    /// <summary>What would have become of the requests.</summary>
    public static string Headline(BudgetPreview trial)
    {
        List<string> done = [];
        Add(trial.Notified, "passed with a warning");
        Add(trial.Degraded, "been answered by a greener configuration");
        Add(trial.Blocked, "been refused");
        var all = Requests(trial.Requests);
        return done.Count == 0
            ? $"{(trial.Requests == 1 ? "The one request" : $"All {all}")} would have passed."
            : $"Of {all}, {string.Join(", ", done)}.";

        void Add(long count, string what)
        {
            if (count > 0)
            {
                done.Add($"{Figures.Count(count)} would have {what}");
            }
        }
    }

    /// <summary>How much of what was used would have been used.</summary>
    public static string Amounts(BudgetInput input, BudgetPreview trial)
    {
        var amounts = BudgetAmounts.Of(input.Quantity);
        return trial.Blocked == 0
            ? $"They used {amounts.Write(trial.Used)}{amounts.Suffix}."
            : $"They used {amounts.Write(trial.Used)}{amounts.Suffix}; those that would have passed used {amounts.Write(trial.Passed)}.";
    }

    /// <summary>Why there is nothing to show.</summary>
    public static string Nothing(BudgetInput input, BudgetPreview trial, int days)
    {
        var whose = input.Scope switch
        {
            BudgetScope.Everything => string.Empty,
            BudgetScope.Model => $" of {input.Model}",
            BudgetScope.Session => $" of session {input.Session}",
            _ => $" of {input.Tenant}",
        };
        var span = $"in the last {Figures.Count(days)} days";
        return trial.Unmetered > 0
            ? $"{Requests(trial.Unmetered)}{whose} {span}, and nothing metered {(trial.Unmetered == 1 ? "it" : "them")}: a budget counts what is metered."
            : $"There was no request{whose} {span} to try it on.";
    }

    /// <summary>The windows in which most would have happened, oldest first.</summary>
    public static IReadOnlyList<BudgetPreviewWindow> Heaviest(BudgetPreview trial) =>
    [
        .. trial.Windows
            .OrderByDescending(window => window.Blocked).ThenByDescending(window => window.Degraded).ThenByDescending(window => window.Notified)
            .Take(MostWindows)
            .OrderBy(window => window.From),
    ];

    /// <summary>"The 8 heaviest of 23 days in which it would have done something".</summary>
    public static string Caption(BudgetInput input, BudgetPreview trial)
    {
        var period = BudgetWindowText.Period(input.Period);
        return trial.Windows.Count > MostWindows
            ? $"The {Figures.Count(MostWindows)} heaviest of {Figures.Count(trial.Windows.Count)} {period}s in which it would have done something"
            : $"The {period}s in which it would have done something";
    }

    /// <summary>Head of the windows' column.</summary>
    public static string WindowTitle(BudgetPeriod period) => period switch
    {
        BudgetPeriod.Hour => "Hour",
        BudgetPeriod.Day => "Day",
        BudgetPeriod.Week => "Week from",
        _ => "Month",
    };

    /// <summary>When a window began, in the budget's own time zone: its days are not the reader's.</summary>
    public static string Window(BudgetPeriod period, BudgetPreviewWindow window) => window.From.ToString(
        period switch
        {
            BudgetPeriod.Hour => "d MMM, HH:mm",
            BudgetPeriod.Month => "MMM yyyy",
            _ => "d MMM",
        },
        CultureInfo.InvariantCulture);

    private static string Requests(long count) => count == 1 ? "1 request" : $"{Figures.Count(count)} requests";
}
