using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Tests.Formatting;

public sealed class LocalTimesTests
{
    private static readonly DateTimeOffset Morning = new(2026, 11, 19, 8, 42, 10, TimeSpan.Zero);

    [Fact]
    public void Times_are_written_in_the_browsers_zone()
    {
        var times = LocalTimes.ForZone("Europe/Berlin");
        Assert.Equal("09:42", times.HourMinute(Morning));
        Assert.Equal("19 Nov 2026, 09:42:10", times.Full(Morning));
    }

    [Fact]
    public void A_time_of_another_day_has_its_day()
    {
        var times = LocalTimes.ForZone("Etc/UTC");
        Assert.Equal("08:42:10", times.Recent(Morning, Morning.AddHours(1)));
        Assert.Equal("19 Nov, 08:42", times.Recent(Morning, Morning.AddDays(1)));
    }

    [Theory]
    [InlineData("Nowhere/At_All")]
    [InlineData("")]
    [InlineData(null)]
    public void An_unknown_zone_falls_back_to_the_servers(string? zone) => Assert.Equal(TimeZoneInfo.Local.Id, LocalTimes.ForZone(zone).Zone.Id);
}
