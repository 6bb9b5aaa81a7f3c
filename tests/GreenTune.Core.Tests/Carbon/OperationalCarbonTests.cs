using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Carbon;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Carbon;

public sealed class OperationalCarbonTests
{
    [Fact]
    public void A_kilowatt_hour_at_pue_one_emits_the_intensity()
    {
        Assert.Equal(475, OperationalCarbon.Of(new Joules(3.6e6), 1.0, new GramsPerKilowattHour(475)).Value, 12);
    }

    // Software Carbon Intensity specification (ISO/IEC 21031:2024), operational emissions O = E x I, with PUE included in E:
    // 0.97 J of a request at PUE 1.2 and 445 g/kWh (IEA Electricity 2025, world 2024).
    [Fact]
    public void Energy_times_pue_times_intensity_over_three_point_six_million()
    {
        double byHand = 0.97 * 1.2 * 445 / 3.6e6;
        Assert.Equal(byHand, OperationalCarbon.Of(new Joules(0.97), 1.2, new GramsPerKilowattHour(445)).Value, 15);
        Assert.Equal(0.000143883, byHand, 9);
    }

    [Fact]
    public void Grams_per_joule_is_the_same_formula()
    {
        var factor = CarbonTable.Default.FactorFor("DEU", 1.54);
        Assert.Equal(factor.Intensity.Value * 1.54 / 3.6e6, OperationalCarbon.GramsPerJoule(factor), 15);
    }

    [Fact]
    public void It_is_linear_in_the_energy()
    {
        var energies = ArbMap.Default.GeneratorFor<NormalFloat>().Select(value => value.Get).Where(value => Math.Abs(value) < 1e12);
        var factor = CarbonTable.Default.FactorFor("FRA", 1.2);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(energies.Two().ToArbitrary(), pair =>
        {
            double sum = OperationalCarbon.Of(new Joules(pair.Item1 + pair.Item2), factor).Value;
            double parts = (OperationalCarbon.Of(new Joules(pair.Item1), factor) + OperationalCarbon.Of(new Joules(pair.Item2), factor)).Value;
            return Math.Abs(sum - parts) <= 1e-9 * (Math.Abs(pair.Item1) + Math.Abs(pair.Item2) + 1);
        }));
    }

    [Theory]
    [InlineData(0.99)]
    [InlineData(5.01)]
    [InlineData(double.NaN)]
    public void A_pue_out_of_range_is_refused(double pue)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => OperationalCarbon.Of(new Joules(1), pue, new GramsPerKilowattHour(1)));
    }
}
