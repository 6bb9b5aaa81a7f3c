using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;

namespace GreenTune.Core.Tests.Budgets;

public sealed class BudgetWindowTests
{
    /// <summary>Changes at 02:00 and at midnight, by half an hour, with offsets off the hour, and one day that does not exist (Samoa, 30 December 2011).</summary>
    private static readonly string[] Zones = ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo", "America/St_Johns", "UTC"];

    private static readonly Gen<(TimeZoneInfo Zone, BudgetPeriod Period, DateTimeOffset At)> Anywhere =
        from zone in Gen.Elements(Zones)
        from period in Gen.Elements(Enum.GetValues<BudgetPeriod>())
        from day in Gen.Choose(0, 60 * 365)
        from tick in Gen.Choose(0, int.MaxValue)
        select (TimeZoneInfo.FindSystemTimeZoneById(zone), period, new DateTimeOffset(1975, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(day).AddTicks((long)(tick / (double)int.MaxValue * TimeSpan.TicksPerDay)));

    [Fact]
    public void Every_instant_is_in_exactly_one_calendar_window() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(3000),
        Prop.ForAll(Anywhere.ToArbitrary(), at =>
        {
            BudgetWindow window = BudgetWindow.At(at.Period, BudgetWindowKind.Calendar, at.Zone, at.At);
            BudgetWindow same = BudgetWindow.At(at.Period, BudgetWindowKind.Calendar, at.Zone, window.Start);
            BudgetWindow last = BudgetWindow.At(at.Period, BudgetWindowKind.Calendar, at.Zone, window.End.AddTicks(-1));
            BudgetWindow next = BudgetWindow.At(at.Period, BudgetWindowKind.Calendar, at.Zone, window.End);
            BudgetWindow before = BudgetWindow.At(at.Period, BudgetWindowKind.Calendar, at.Zone, window.Start.AddTicks(-1));
            return (window.Contains(at.At) && window == same && window == last && next.Start == window.End && before.End == window.Start && window.Length > TimeSpan.Zero)
                .Label($"{at.Zone.Id} {at.Period} {at.At:O}: {window.Start:O} to {window.End:O}, then {next.Start:O}, before to {before.End:O}");
        }));

    [Fact]
    public void Every_rolling_window_holds_its_length_before_the_instant_in_whole_steps() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1000),
        Prop.ForAll(Anywhere.ToArbitrary(), at =>
        {
            BudgetWindow window = BudgetWindow.At(at.Period, BudgetWindowKind.Rolling, at.Zone, at.At);
            TimeSpan length = BudgetWindow.LengthOf(at.Period);
            int slices = window.Slices().Count();
            return window.Contains(at.At) && window.Contains(at.At - length) && window.Start > at.At - length - window.Step && window.End - at.At <= window.Step
                && slices is > 60 and <= 121 && window.Slices().Last().End == window.End && window.Start.UtcTicks % window.Step.Ticks == 0;
        }));

    [Theory]
    [InlineData("2026-03-29T12:00:00+02:00", 23)]
    [InlineData("2026-10-25T12:00:00+01:00", 25)]
    [InlineData("2026-11-19T12:00:00+01:00", 24)]
    public void A_day_on_which_the_clocks_change_has_23_or_25_hours(string at, int hours) =>
        Assert.Equal(TimeSpan.FromHours(hours), At(BudgetPeriod.Day, at).Length);

    [Fact]
    public void The_week_begins_on_monday_and_keeps_the_hour_that_the_clocks_take()
    {
        BudgetWindow week = At(BudgetPeriod.Week, "2026-03-29T23:59:59+02:00");
        Assert.Equal((DateTimeOffset.Parse("2026-03-23T00:00:00+01:00"), DateTimeOffset.Parse("2026-03-30T00:00:00+02:00")), (week.Start, week.End));
        Assert.Equal(7 * 24 - 1, week.Length.TotalHours);
        Assert.Equal(week.End, At(BudgetPeriod.Week, "2026-03-30T00:00:00+02:00").Start);
    }

    [Theory]
    [InlineData("2026-02-14T12:00:00+01:00", 28 * 24)]
    [InlineData("2028-02-14T12:00:00+01:00", 29 * 24)]
    [InlineData("2026-03-31T23:59:59+02:00", 31 * 24 - 1)]
    [InlineData("2026-10-01T00:00:00+02:00", 31 * 24 + 1)]
    [InlineData("2026-12-31T23:59:59+01:00", 31 * 24)]
    public void A_month_is_the_calendars(string at, int hours) => Assert.Equal(hours, At(BudgetPeriod.Month, at).Length.TotalHours);

    [Fact]
    public void The_hour_that_comes_twice_is_two_windows()
    {
        BudgetWindow first = At(BudgetPeriod.Hour, "2026-10-25T02:30:00+02:00");
        BudgetWindow second = At(BudgetPeriod.Hour, "2026-10-25T02:30:00+01:00");
        Assert.Equal(first.End, second.Start);
        Assert.Equal((1, 1), (first.Length.TotalHours, second.Length.TotalHours));
    }

    [Fact]
    public void Where_clocks_change_by_half_an_hour_the_hour_is_cut()
    {
        // Lord Howe goes from 02:00 (+11:00) back to 01:30 (+10:30) on 5 April 2026.
        TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById("Australia/Lord_Howe");
        BudgetWindow summer = BudgetWindow.At(BudgetPeriod.Hour, BudgetWindowKind.Calendar, zone, DateTimeOffset.Parse("2026-04-05T01:45:00+11:00"));
        BudgetWindow winter = BudgetWindow.At(BudgetPeriod.Hour, BudgetWindowKind.Calendar, zone, DateTimeOffset.Parse("2026-04-05T01:45:00+10:30"));
        Assert.Equal((60, 30), (summer.Length.TotalMinutes, winter.Length.TotalMinutes));
        Assert.Equal(summer.End, winter.Start);
    }

    private static BudgetWindow At(BudgetPeriod period, string at) =>
        BudgetWindow.At(period, BudgetWindowKind.Calendar, TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"), DateTimeOffset.Parse(at));
}
