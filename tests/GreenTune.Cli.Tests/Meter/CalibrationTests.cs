using GreenTune.Cli.Meter;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Cli.Tests.Meter;

public sealed class CalibrationTests
{
    [Theory]
    [InlineData("cpu", 0.05, 0.0, 0.5, false, null)]
    [InlineData("cpu", 0.5, 0.0, 0.5, false, "other programs use 50.0 % of the CPUs")]
    [InlineData("gpu", 0.5, 0.0, 0.5, false, null)]
    [InlineData("gpu", 0.0, 0.3, 0.5, false, "other programs have 30.0 % of its energy")]
    [InlineData("gpu", 0.0, 0.0, 8.0, false, "its power was not steady")]
    [InlineData("gpu", 0.0, 0.0, 0.5, true, "no quiet stretch was long enough")]
    public void A_device_that_is_not_idle_is_refused_with_the_reason(string kind, double busy, double otherShare, double sigma, bool assumed, string? refusal)
    {
        var view = new DeviceView
        {
            Id = "x",
            Name = "X",
            Kind = kind,
            Meter = "test",
            Quality = EnergyQuality.Measured,
            Explanation = "A test.",
            SamplePeriodSeconds = 0.1,
            ResidentConfigurations = [],
            EmptyBaseline = new BaselineView(new Watts(100), new Watts(sigma), null, 3, assumed),
        };
        var period = new EnergyPeriod
        {
            Id = "p",
            Device = "x",
            From = DateTimeOffset.UnixEpoch,
            To = DateTimeOffset.UnixEpoch.AddSeconds(1),
            Total = new Joules(100),
            Active = default,
            IdleShare = default,
            Idle = new Joules(100 * (1 - otherShare)),
            Unattributed = default,
            Other = new Joules(100 * otherShare),
            Quality = EnergyQuality.Measured,
        };
        string? said = Calibration.Of(view, period, busy).Refusal;
        if (refusal is null)
            Assert.Null(said);
        else
            Assert.StartsWith(refusal, said, StringComparison.Ordinal);
    }
}
