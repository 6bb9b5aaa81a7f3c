using GreenTune.Accounting.Carbon.Intensities;
using GreenTune.Accounting.Carbon.Sources;

namespace GreenTune.Accounting.Tests.Carbon;

public sealed class CallTimingTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 19, 11, 20, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(60, 0, 40)]
    [InlineData(60, 1, 42)]
    [InlineData(30, 0, 10)]
    [InlineData(5, 1, 5.5)]
    public void After_an_answer_the_next_call_is_a_little_into_the_next_period(int periodMinutes, double jitter, double minutes)
    {
        Assert.Equal(minutes, (CallTiming.AfterSuccess(Now, TimeSpan.FromMinutes(periodMinutes), jitter) - Now).TotalMinutes, 6);
    }

    [Theory]
    [InlineData(1, 1, 30)]
    [InlineData(1, 0, 15)]
    [InlineData(2, 1, 60)]
    [InlineData(4, 1, 240)]
    [InlineData(20, 1, 3600)]
    [InlineData(1000, 1, 3600)]
    public void Waits_double_up_to_an_hour_with_jitter(int failures, double jitter, double seconds)
    {
        Assert.Equal(seconds, (CallTiming.AfterFailure(Now, failures, SourceFailure.Passing, null, jitter) - Now).TotalSeconds, 6);
    }

    [Fact]
    public void Retry_after_is_heeded_up_to_a_day_and_a_refusal_waits_long()
    {
        Assert.Equal(TimeSpan.FromMinutes(10), CallTiming.AfterFailure(Now, 1, SourceFailure.Passing, TimeSpan.FromMinutes(10), 1) - Now);
        Assert.Equal(TimeSpan.FromHours(24), CallTiming.AfterFailure(Now, 1, SourceFailure.Passing, TimeSpan.FromDays(400), 1) - Now);
        Assert.Equal(TimeSpan.FromHours(1), CallTiming.AfterFailure(Now, 1, SourceFailure.Refused, null, 1) - Now);
    }
}
