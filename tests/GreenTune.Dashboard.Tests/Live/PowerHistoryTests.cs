using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Live;

namespace GreenTune.Dashboard.Tests.Live;

public sealed class PowerHistoryTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 19, 9, 42, 0, TimeSpan.Zero);

    [Fact]
    public void It_keeps_a_minute_and_the_point_before_it()
    {
        var history = PowerHistory.Empty("cpu-0").With(Frame(0, 120, 1));
        Assert.Equal(62, history.Points.Count);
        Assert.Equal(Start.AddSeconds(120), history.Latest!.At);
    }

    [Fact]
    public void Points_that_are_known_are_not_added_twice()
    {
        var history = PowerHistory.Empty("cpu-0").With(Frame(0, 10, 1)).With(Frame(5, 12, 1));
        Assert.Equal(13, history.Points.Count);
        Assert.Equal(history.Points.OrderBy(p => p.At), history.Points);
    }

    [Fact]
    public void What_is_no_number_is_left_out_and_a_missing_baseline_keeps_the_last()
    {
        var history = PowerHistory.Empty("cpu-0")
            .With(new PowerFrame("cpu-0", new Watts(6.2), [new(Start, 7)]))
            .With(new PowerFrame("cpu-0", null, [new(Start.AddSeconds(1), double.NaN)]));
        Assert.Equal(6.2, history.BaselineWatts);
        Assert.Single(history.Points);
    }

    private static PowerFrame Frame(int from, int to, double watts) =>
        new("cpu-0", new Watts(6.2), [.. Enumerable.Range(from, to - from + 1).Select(s => new PowerPoint(Start.AddSeconds(s), watts))]);
}
