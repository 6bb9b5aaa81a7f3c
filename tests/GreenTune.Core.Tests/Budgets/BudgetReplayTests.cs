using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;

namespace GreenTune.Core.Tests.Budgets;

public sealed class BudgetReplayTests
{
    private static readonly DateTimeOffset Midnight = new(2026, 11, 19, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void It_counts_what_each_threshold_would_have_done_and_a_blocked_request_uses_nothing()
    {
        BudgetReplay replay = Run(BudgetWindowKind.Calendar, [new(0.5, BudgetAction.Notify), new(0.8, BudgetAction.Degrade), new(1, BudgetAction.Block)], hours: 12, amount: 10);
        // 10 to 40 say nothing, 50 to 70 notify, 80 to 100 degrade, and the last two are blocked.
        Assert.Equal((12, 3, 3, 2), (replay.Requests, replay.Notified, replay.Degraded, replay.Blocked));
        Assert.Equal((120.0, 100.0), (replay.Used, replay.Passed));
        BudgetPreviewWindow window = Assert.Single(replay.Windows());
        Assert.Equal(new BudgetPreviewWindow(Midnight, Midnight.AddDays(1), 100, 1, 3, 3, 2), window);
    }

    [Fact]
    public void A_calendar_window_begins_anew()
    {
        BudgetReplay replay = Run(BudgetWindowKind.Calendar, [new(1, BudgetAction.Block)], hours: 48, amount: 10);
        Assert.Equal(2 * 14, replay.Blocked);
        Assert.Equal(2, replay.Windows().Count);
    }

    [Fact]
    public void A_rolling_window_lets_pass_what_has_left_it()
    {
        BudgetReplay replay = Run(BudgetWindowKind.Rolling, [new(1, BudgetAction.Block)], hours: 36, amount: 10);
        // Ten pass in the first ten hours; as they leave after 24 hours and a step, one an hour passes again.
        Assert.Equal(10 + 10, replay.Passed / 10);
        Assert.Empty(replay.Windows());
    }

    private static BudgetReplay Run(BudgetWindowKind kind, BudgetThreshold[] thresholds, int hours, double amount)
    {
        var replay = new BudgetReplay(new Budget
        {
            Id = Guid.Empty,
            Name = "",
            Tenant = "team",
            Quantity = BudgetQuantity.Joules,
            Limit = 100,
            Window = kind,
            Thresholds = thresholds,
            Paused = false,
            Version = 1,
            CreatedAt = default,
            UpdatedAt = default,
        }, TimeZoneInfo.Utc);
        for (int hour = 0; hour < hours; hour++)
        {
            replay.Next(Midnight.AddHours(hour).AddMinutes(30), amount);
        }

        return replay;
    }
}
