using GreenTune.Dashboard.Live;

namespace GreenTune.Dashboard.Tests.Live;

public sealed class ReconnectDelayTests
{
    [Fact]
    public void Delays_double_up_to_eight_seconds_and_begin_anew_after_a_success()
    {
        var delay = new ReconnectDelay(new Random(1));
        double[] expected = [0.5, 1, 2, 4, 8, 8];
        foreach (var seconds in expected)
        {
            Assert.InRange(delay.Next().TotalSeconds, seconds * 0.8, seconds * 1.2);
        }

        delay.Reset();
        Assert.InRange(delay.Next().TotalSeconds, 0.4, 0.6);
    }
}
