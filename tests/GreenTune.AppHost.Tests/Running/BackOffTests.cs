using Aspire.Hosting.Running;
using FsCheck;
using FsCheck.Fluent;

namespace GreenTune.AppHost.Tests.Running;

public sealed class BackOffTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);

    [Fact]
    public void Waits_double_from_half_a_second_to_half_a_minute()
    {
        var backOff = new BackOff();
        Assert.Equal([0.5, 1, 2, 4, 8, 16, 30, 30], Enumerable.Range(0, 8).Select(_ => backOff.Next(Short).TotalSeconds));
    }

    [Fact]
    public void A_minute_of_running_forgives()
    {
        var backOff = new BackOff();
        backOff.Next(Short);
        backOff.Next(Short);
        Assert.Equal(0.5, backOff.Next(TimeSpan.FromMinutes(1)).TotalSeconds);
        Assert.Equal(1, backOff.Next(Short).TotalSeconds);
    }

    [Fact]
    public void However_long_processes_run_a_wait_stays_between_its_ends()
    {
        var property = Prop.ForAll(Gen.Choose(0, 200).ListOf().ToArbitrary(), seconds =>
        {
            var backOff = new BackOff();
            return seconds.Select(ran => backOff.Next(TimeSpan.FromSeconds(ran))).All(wait => wait >= BackOff.First && wait <= BackOff.Longest);
        });
        Check.QuickThrowOnFailure(property);
    }
}
