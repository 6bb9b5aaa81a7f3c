using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Tests.Formatting;

public sealed class UnitScaleTests
{
    [Fact]
    public void A_column_has_one_unit_and_one_number_of_decimals()
    {
        var scale = UnitScale.ForColumn([0.97, 0.72, 0.42, 2.03, null], Unit.Joule);
        Assert.Equal(("J", 2), (scale.Symbol, scale.Decimals));
        Assert.Equal("0.42", scale.Number(0.42));
        Assert.Equal("2.03", scale.Number(2.03));
    }

    [Fact]
    public void Milligrams_of_a_tenth_keep_their_unit_and_get_a_third_decimal()
    {
        var scale = UnitScale.ForColumn([0.000144, 0.000106, 0.000062, 0.000301], Unit.Gram);
        Assert.Equal(("mg", 3), (scale.Symbol, scale.Decimals));
    }

    [Fact]
    public void One_outlier_does_not_flatten_the_others()
    {
        var scale = UnitScale.ForColumn([0.5, 0.6, 0.7, 150], Unit.Joule);
        Assert.Equal("0.60", scale.Number(0.6));
        Assert.Equal("150.00", scale.Number(150));
    }

    [Fact]
    public void A_column_without_values_has_the_unit_itself() => Assert.Equal("J", UnitScale.ForColumn([null, null], Unit.Joule).Symbol);

    [Theory]
    [InlineData(20, 5, 0, "W")]
    [InlineData(10, 2.5, 1, "W")]
    [InlineData(1, 0.25, 2, "W")]
    [InlineData(2000, 500, 1, "kW")]
    [InlineData(0.9, 0.2, 0, "mW")]
    public void An_axis_has_the_decimals_of_its_step(double largest, double step, int decimals, string symbol)
    {
        var scale = UnitScale.ForAxis(largest, step, Unit.Watt);
        Assert.Equal((symbol, decimals), (scale.Symbol, scale.Decimals));
    }
}
