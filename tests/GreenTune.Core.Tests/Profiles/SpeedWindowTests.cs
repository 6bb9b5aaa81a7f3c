using GreenTune.Core.Contracts;
using GreenTune.Core.Profiles;

namespace GreenTune.Core.Tests.Profiles;

public sealed class SpeedWindowTests
{
    [Fact]
    public void Throughput_follows_from_the_number_in_flight_and_latencies_from_the_requests()
    {
        var window = new SpeedWindow();
        Assert.Null(window.Figures());
        // Four at a time, each 2.5 s of which half a second waits, 101 tokens of which the first comes at 1 s.
        for (int i = 0; i < 100; i++)
            window.Add(new(2.5, 0.5, 1, 101, 4));

        SpeedFigures figures = window.Figures()!;
        Assert.Equal(100, figures.Requests);
        Assert.Equal(4 * 101 / 2.0, figures.OutputTokensPerSecond!.Value, 9);
        Assert.Equal(1, figures.TimeToFirstToken!.P99, 12);
        Assert.Equal(0.015, figures.InterTokenLatency!.Mean, 12);
        Assert.Equal(2.5, figures.Latency.P50, 12);
    }

    [Fact]
    public void Quantiles_are_of_the_last_requests()
    {
        var window = new SpeedWindow();
        for (int i = 0; i < 100; i++)
            window.Add(new(1000, 0, null, 0, 1));
        for (int i = 0; i < SpeedWindow.Capacity; i++)
            window.Add(new(1 + i / 511.0, 0, null, 1, 1));

        SpeedFigures figures = window.Figures()!;
        Assert.Equal(SpeedWindow.Capacity, window.Timings.Count);
        Assert.Equal(1.5, figures.Latency.P50, 9);
        Assert.Equal(1.95, figures.Latency.P95, 9);
        Assert.Equal(1.99, figures.Latency.P99, 9);
        Assert.Null(figures.TimeToFirstToken);
        Assert.Null(figures.InterTokenLatency);
    }

    [Fact]
    public void Timings_that_cannot_be_are_left_out()
    {
        var window = new SpeedWindow();
        foreach (RequestTiming timing in (RequestTiming[])[new(0, 0, null, 1, 1), new(1, 2, null, 1, 1), new(double.NaN, 0, null, 1, 1), new(1, 0, 2, 1, 1), new(1, 0, null, -1, 1), new(1, 0, null, 1, 0)])
            window.Add(timing);
        Assert.Empty(window.Timings);
    }
}
