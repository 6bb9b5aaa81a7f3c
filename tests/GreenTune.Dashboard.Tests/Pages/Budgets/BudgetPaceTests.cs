using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Pages.Budgets;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Tests.Pages.Budgets;

public sealed class BudgetPaceTests
{
    private static readonly DateTimeOffset Midnight = new(2026, 11, 19, 0, 0, 0, TimeSpan.Zero);
    private static readonly LocalTimes Utc = LocalTimes.ForZone("Etc/UTC");

    [Fact]
    public void Half_used_at_noon_ends_at_the_limit_and_passes_80_percent_on_the_way()
    {
        var pace = BudgetPace.Of(Status(used: 4, BudgetState.OnTrack), Midnight.AddHours(12))!;
        Assert.Equal(8, pace.AtEnd);
        Assert.Equal((Midnight.AddHours(19).AddMinutes(12), BudgetAction.Notify), (pace.Next!.Value.At, pace.Next.Value.Threshold.Action));
    }

    [Theory]
    [InlineData(0, 12, BudgetState.OnTrack)]
    [InlineData(4, 0.2, BudgetState.OnTrack)]
    [InlineData(4, 12, BudgetState.Paused)]
    [InlineData(8, 12, BudgetState.Blocking)]
    [InlineData(4, 24, BudgetState.OnTrack)]
    public void Where_nothing_can_be_said_nothing_is(double used, double hours, BudgetState state) =>
        Assert.Null(BudgetPace.Of(Status(used, state), Midnight.AddHours(hours)));

    [Theory]
    [InlineData(2, BudgetState.OnTrack, "On track", ChipKind.Ok)]
    [InlineData(4, BudgetState.OnTrack, "Notify likely 19:12", ChipKind.Notify)]
    [InlineData(7, BudgetState.Notifying, "Notifying", ChipKind.Notify)]
    [InlineData(7.7, BudgetState.Degrading, "Degrading to nano int8", ChipKind.Degrade)]
    [InlineData(8, BudgetState.Blocking, "Blocking", ChipKind.Block)]
    [InlineData(4, BudgetState.Paused, "Paused", ChipKind.Off)]
    public void A_row_says_its_state(double used, BudgetState state, string text, ChipKind kind)
    {
        var row = BudgetRow.Of(Status(used, state), Midnight.AddHours(12), Utc);
        Assert.Equal((text, kind), (row.State, row.Kind));
    }

    [Fact]
    public void A_row_writes_use_and_rest_in_the_limits_unit()
    {
        var row = BudgetRow.Of(Status(2.79, BudgetState.OnTrack), Midnight.AddHours(9.7), Utc);
        Assert.Equal("2.79 of 8.00\u00A0g CO2e today", row.UsedText);
        Assert.Equal("5.21\u00A0g left", row.LeftText);
        Assert.Equal("resets 00:00", BudgetRow.Of(Status(8, BudgetState.Blocking), Midnight.AddHours(9.7), Utc).LeftText);
    }

    [Fact]
    public void The_headline_says_how_much_when_and_what_then()
    {
        Assert.Equal(
            "Everything: 4.00 of 8.00\u00A0g CO2e used. At this pace it passes the notify limit at 19:12 and ends the day at 8.00\u00A0g.",
            BudgetText.Headline(Status(4, BudgetState.OnTrack), Midnight.AddHours(12), Utc));
        Assert.Contains("refused until 00:00", BudgetText.Headline(Status(8, BudgetState.Blocking), Midnight.AddHours(12), Utc));
        Assert.Contains("nothing is enforced", BudgetText.Headline(Status(4, BudgetState.Paused), Midnight.AddHours(12), Utc));
        Assert.Contains("ends the day at 4.00", BudgetText.Headline(Status(2, BudgetState.OnTrack), Midnight.AddHours(12), Utc));
    }

    private static BudgetStatus Status(double used, BudgetState state) => new()
    {
        Budget = new Budget
        {
            Id = Guid.NewGuid(),
            Name = "Everything",
            Tenant = "team",
            Quantity = BudgetQuantity.GramsCO2e,
            Limit = 8,
            Thresholds = [new(0.8, BudgetAction.Notify), new(0.95, BudgetAction.Degrade, "greentune-nano-int8"), new(1, BudgetAction.Block)],
            Paused = state == BudgetState.Paused,
            Version = 1,
            CreatedAt = default,
            UpdatedAt = default,
        },
        Used = new Interval(used, used, used),
        Reserved = 0,
        Left = Math.Max(0, 8 - used),
        Fraction = used / 8,
        State = state,
        Quality = EnergyQuality.Estimated,
        WindowStart = Midnight,
        ResetsAt = Midnight.AddDays(1),
    };
}
