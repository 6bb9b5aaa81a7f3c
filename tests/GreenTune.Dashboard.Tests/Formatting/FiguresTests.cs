using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Formatting;
using Interval = GreenTune.Core.Contracts.Interval;

namespace GreenTune.Dashboard.Tests.Formatting;

public sealed class FiguresTests
{
    [Theory]
    [InlineData(18_800, "18.8", "kJ")]
    [InlineData(0.0176, "17.6", "mJ")]
    [InlineData(1, "1.00", "J")]
    [InlineData(0.9996, "1.00", "J")]
    [InlineData(0.9994, "999", "mJ")]
    [InlineData(999.4, "999", "J")]
    [InlineData(999.6, "1.00", "kJ")]
    [InlineData(9.996, "10.0", "J")]
    [InlineData(99.96, "100", "J")]
    [InlineData(0, "0", "J")]
    [InlineData(0.00000044, "440", "nJ")]
    [InlineData(228_700, "229", "kJ")]
    [InlineData(5.1e13, "51.0", "TJ")]
    public void Energy_has_a_prefix_and_three_significant_digits(double joules, string value, string unit) =>
        Assert.Equal(new Figure(value, unit), Figures.Energy(new Joules(joules)));

    [Fact]
    public void A_figure_is_joined_to_its_unit_by_a_no_break_space() => Assert.Equal("18.8\u00A0kJ", Figures.Energy(new Joules(18_800)).ToString());

    [Fact]
    public void Every_magnitude_reads_as_1_to_999_within_half_a_unit_of_its_last_digit()
    {
        var magnitudes = Gen.Choose(-1100, 1400).Select(hundredths => Math.Pow(10, hundredths / 100.0));
        Check.QuickThrowOnFailure(Prop.ForAll(magnitudes.ToArbitrary(), joules =>
        {
            var scale = UnitScale.For(joules, Unit.Joule);
            var read = double.Parse(scale.Number(joules).Replace(Typography.ThinSpace.ToString(), string.Empty), System.Globalization.CultureInfo.InvariantCulture);
            return read is >= 1 and < 1000 && Math.Abs((read * scale.Factor) - joules) <= joules * 0.005001;
        }));
    }

    [Fact]
    public void Grams_go_to_kilograms_and_no_further() => Assert.Equal(new Figure("12\u202F300", "kg"), Figures.Carbon(new GramsCO2e(12_300_000)));

    [Theory]
    [InlineData(0.059, "59.0", "ms")]
    [InlineData(1.5, "1.50", "s")]
    [InlineData(119, "119", "s")]
    [InlineData(180, "3", "min")]
    [InlineData(10_800, "3.0", "h")]
    public void Durations_leave_seconds_only_from_two_minutes_up(double seconds, string value, string unit) =>
        Assert.Equal(new Figure(value, unit), Figures.Duration(seconds));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(999, "999")]
    [InlineData(18420, "18\u202F420")]
    [InlineData(-1234567, "\u22121\u202F234\u202F567")]
    public void Counts_are_grouped_by_thin_spaces(long count, string text) => Assert.Equal(text, Figures.Count(count));

    [Theory]
    [InlineData(9_999, "9\u202F999")]
    [InlineData(1_070_000, "1.07\u00A0M")]
    [InlineData(118_400, "118\u00A0k")]
    public void Large_counts_are_shortened(long count, string text) => Assert.Equal(text, Figures.ShortCount(count));

    [Theory]
    [InlineData(1020.4, "1\u202F020")]
    [InlineData(49.54, "49.5")]
    [InlineData(0.01234, "0.0123")]
    [InlineData(0, "0")]
    public void Rates_have_three_significant_digits(double rate, string text) => Assert.Equal(text, Figures.Rate(rate));

    [Theory]
    [InlineData(0.64, "64\u00A0%")]
    [InlineData(0.0523, "5.2\u00A0%")]
    [InlineData(0.0004, "0.04\u00A0%")]
    [InlineData(1, "100\u00A0%")]
    [InlineData(0.9997, "100.0\u00A0%")]
    [InlineData(0.05, "5\u00A0%")]
    public void Percentages_keep_what_matters(double fraction, string text) => Assert.Equal(text, Figures.Percent(fraction).ToString());

    [Fact]
    public void An_interval_is_written_in_the_unit_of_its_value() =>
        Assert.Equal("13.2 to 24.4\u00A0kJ", Figures.Range(new Interval(18_800, 13_200, 24_400), Unit.Joule));

    [Fact]
    public void A_half_width_takes_the_columns_decimals_and_never_reads_as_nothing()
    {
        var scale = new UnitScale("J", 1, 2);
        Assert.Equal("\u00B1\u00A00.29", Figures.PlusMinus(0.291, scale));
        Assert.Equal("\u00B1\u00A00.01", Figures.PlusMinus(0.0001, scale));
    }

    [Fact]
    public void The_95_percent_interval_comes_from_one_sigma_and_stays_above_zero()
    {
        var interval = Figures.IntervalOf(new Joules(1), 0.153)!;
        Assert.Equal(0.700, interval.Low, 3);
        Assert.Equal(1.300, interval.High, 3);
        Assert.Equal(0, Figures.IntervalOf(new Joules(1), 0.9)!.Low);
        Assert.Null(Figures.IntervalOf(null, 0.1));
        Assert.Null(Figures.IntervalOf(new Joules(1), null));
    }

    [Theory]
    [InlineData(1.2, "1.2")]
    [InlineData(1, "1")]
    [InlineData(100, "100")]
    [InlineData(0.12345, "0.123")]
    public void Set_numbers_lose_their_trailing_zeros(double value, string text) => Assert.Equal(text, Figures.Trimmed(value));

    [Fact]
    public void Minus_is_a_minus_and_zero_has_no_sign()
    {
        Assert.Equal("\u22121.5", Figures.Fixed(-1.5, 1));
        Assert.Equal("0.0", Figures.Fixed(-0.01, 1));
    }

    [Fact]
    public void What_is_no_number_is_not_measured() => Assert.Equal(Figures.NotMeasured, Figures.Fixed(double.NaN, 2));
}
