using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Budgets;

namespace GreenTune.Core.Tests.Budgets;

public sealed class DayWindowTests
{
    // Santiago, Beirut and Cairo change clocks at midnight; Havana repeats the hour after midnight; Lord Howe moves by 30 minutes; Apia skipped a day.
    private static readonly string[] Zones =
        ["UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Beirut", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "America/St_Johns"];

    private static TimeZoneInfo Berlin => TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    [Fact]
    public void A_day_runs_from_local_midnight_to_local_midnight()
    {
        var window = DayWindow.At(new DateTimeOffset(2026, 11, 19, 23, 30, 0, TimeSpan.Zero), Berlin);
        Assert.Equal(new DateTimeOffset(2026, 11, 19, 23, 0, 0, TimeSpan.Zero), window.Start);
        Assert.Equal(new DateTimeOffset(2026, 11, 20, 23, 0, 0, TimeSpan.Zero), window.End);
        Assert.Equal(TimeSpan.FromHours(1), window.Start.Offset);
    }

    [Theory]
    [InlineData("2026-03-29T12:00:00+02:00", 23)]
    [InlineData("2026-10-25T12:00:00+01:00", 25)]
    [InlineData("2026-06-01T12:00:00+02:00", 24)]
    public void A_day_with_a_change_of_clocks_is_an_hour_shorter_or_longer(string noon, int hours)
    {
        Assert.Equal(TimeSpan.FromHours(hours), DayWindow.At(DateTimeOffset.Parse(noon, null), Berlin).Length);
    }

    [Fact]
    public void Where_clocks_skip_midnight_the_day_begins_with_the_change()
    {
        // Santiago, 6 September 2026: 24:00 on the 5th becomes 01:00 on the 6th (UTC-4 to UTC-3).
        TimeZoneInfo santiago = TimeZoneInfo.FindSystemTimeZoneById("America/Santiago");
        var window = DayWindow.At(new DateTimeOffset(2026, 9, 6, 12, 0, 0, TimeSpan.FromHours(-3)), santiago);
        Assert.Equal(new DateTimeOffset(2026, 9, 6, 4, 0, 0, TimeSpan.Zero), window.Start);
        Assert.Equal(TimeSpan.FromHours(23), window.Length);
    }

    [Theory]
    [InlineData("2011-12-29T12:00:00Z", "2011-12-29T10:00:00Z")]
    [InlineData("2011-12-30T02:00:00Z", "2011-12-29T10:00:00Z")]
    [InlineData("2011-12-30T09:59:00Z", "2011-12-29T10:00:00Z")]
    [InlineData("2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z")]
    [InlineData("2011-12-31T09:00:00Z", "2011-12-30T10:00:00Z")]
    public void A_date_that_was_left_out_has_no_day(string instant, string start)
    {
        // Samoa went from the end of the 29th of December 2011 (UTC-10) to the beginning of the 31st (UTC+14).
        var window = DayWindow.At(DateTimeOffset.Parse(instant, null), TimeZoneInfo.FindSystemTimeZoneById("Pacific/Apia"));
        Assert.Equal(DateTimeOffset.Parse(start, null), window.Start);
        Assert.Equal(TimeSpan.FromHours(24), window.Length);
    }

    [Fact]
    public void Days_hold_their_instants_and_follow_each_other_without_gap_or_overlap()
    {
        var instants = Gen.Choose(0, 40 * 366 * 24 * 4).Select(quarter => new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(quarter * 15.0));
        var cases = from zone in Gen.Elements(Zones) from instant in instants select (zone, instant);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll(cases.ToArbitrary(), test =>
        {
            TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(test.zone);
            DayWindow window = DayWindow.At(test.instant, zone);
            return window.Contains(test.instant)
                && DayWindow.At(window.Start, zone) == window
                && DayWindow.At(window.End.AddTicks(-1), zone) == window
                && DayWindow.At(window.End, zone).Start == window.End
                && DayWindow.At(window.Start.AddTicks(-1), zone).End == window.Start
                && window.Length > TimeSpan.FromHours(22) && window.Length < TimeSpan.FromHours(26);
        }));
    }
}
