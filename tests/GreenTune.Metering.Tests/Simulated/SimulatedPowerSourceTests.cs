using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Simulated;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Tests.Simulated;

public sealed class SimulatedPowerSourceTests
{
    [Fact]
    public void A_curves_energy_is_exact()
    {
        var curve = new SimulatedCurve(50);
        curve.Append(1, 100);
        curve.Append(3, 200);
        curve.Append(2, 900);

        Assert.Equal(0, curve.EnergyTo(0));
        Assert.Equal(50, curve.EnergyTo(0.5), 9);
        Assert.Equal(100 + 400, curve.EnergyTo(3), 9);
        Assert.Equal(500 + 50, curve.EnergyTo(4), 9);
        Assert.Equal(-50, curve.EnergyTo(-1), 9);
        Assert.Equal(150, curve.MeanPower(1.5, 1), 9);
        Assert.Equal(200, curve.MeanPower(2, 0), 3);
    }

    [Fact]
    public void Its_sensor_averages_and_errs_as_told()
    {
        var curve = new SimulatedCurve(100);
        curve.Append(1, 100);
        curve.Append(2, 300);
        PowerReadings readings = Read(new() { Period = 0.1, AveragingWindow = 0.1, Gain = 1.1, StampsMiddle = true }, curve, 2);

        Assert.Equal(21, readings.Samples.Count);
        PowerSample across = readings.Samples.Single(s => Math.Abs(s.At.Seconds - 1.05) < 1e-6);
        Assert.Equal(330, across.Power.Value, 6);
        Assert.Equal(110, readings.Samples[5].Power.Value, 6);
    }

    [Fact]
    public void Drops_stalls_and_noise_come_from_the_seed()
    {
        var sensor = new SimulatedSensor { Period = 0.01, DropProbability = 0.3, Noise = 5, Jitter = 0.001, Stalls = [(1, 2)], Seed = 5 };
        PowerReadings one = Read(sensor, new(100), 4), two = Read(sensor, new(100), 4), other = Read(sensor with { Seed = 6 }, new(100), 4);

        Assert.Equal(one.Samples, two.Samples);
        Assert.NotEqual(one.Samples, other.Samples);
        Assert.InRange(one.Samples.Count, 180, 240);
        Assert.DoesNotContain(one.Samples, s => s.At.Seconds is > 1.004 and < 1.996);
        Assert.InRange(one.Samples.Select(s => s.Power.Value).Max(), 105, 130);
    }

    [Fact]
    public void Its_counter_steps_and_is_reset_as_told()
    {
        PowerReadings readings = Read(new() { Kinds = ReadingKinds.Counter, CounterPeriod = 0.1, CounterQuantum = 1, CounterResets = [1.05] }, new(123.4), 2);

        Assert.Equal(Math.Floor(123.4), readings.Counter[10].Energy.Value);
        Assert.Equal(Math.Floor(123.4 * 0.05), readings.Counter[11].Energy.Value);
        Assert.All(readings.Counter, r => Assert.Equal(r.Energy.Value, Math.Floor(r.Energy.Value)));
    }

    [Fact]
    public void Any_curve_can_be_followed()
    {
        SimulatedCurve sine = SimulatedCurve.Of(seconds => 200 + 100 * Math.Sin(2 * Math.PI * seconds), 2, 0.001, 50);
        Assert.Equal(400, sine.EnergyTo(2), 1e-6);
        Assert.Equal(100 + 100 / Math.PI, sine.EnergyTo(0.5), 1e-4);
        Assert.Equal(50, sine.MeanPower(3, 0.5), 9);
        Assert.Throws<ArgumentOutOfRangeException>(() => SimulatedCurve.Of(_ => 1, 1, 0, 1));
    }

    [Fact]
    public void A_curves_lines_are_checked()
    {
        Assert.Equal([(0.5, 100), (2, 320.5)], SimulatedCurve.Parse(new StringReader("seconds,watts\n# rest\n0.5,100\n\n2, 320.5\n")));
        Assert.Contains("Line 2", Assert.Throws<FormatException>(() => SimulatedCurve.Parse(new StringReader("1,100\n2;100"))).Message);
        Assert.Contains("not after", Assert.Throws<FormatException>(() => SimulatedCurve.Parse(new StringReader("1,100\n1,100"))).Message);
        Assert.Contains("no line", Assert.Throws<FormatException>(() => SimulatedCurve.Parse(new StringReader("# nothing"))).Message);
        Assert.Throws<FormatException>(() => SimulatedCurve.Parse(new StringReader("1,-5")));
    }

    private static PowerReadings Read(SimulatedSensor sensor, SimulatedCurve curve, double until)
    {
        var source = new SimulatedPowerSource(sensor, curve, default);
        var readings = new PowerReadings();
        source.Read(MonotonicTime.FromSeconds(until), readings);
        return readings;
    }
}
