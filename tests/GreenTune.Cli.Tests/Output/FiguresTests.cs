using GreenTune.Cli.Output;
using GreenTune.Core.Units;

namespace GreenTune.Cli.Tests.Output;

public sealed class FiguresTests
{
    [Theory]
    [InlineData(0, "0 J")]
    [InlineData(1.834, "1.83 J")]
    [InlineData(0.0123456, "12.3 mJ")]
    [InlineData(-0.0004, "-400 µJ")]
    [InlineData(9.996, "10.0 J")]
    [InlineData(999.6, "1.00 kJ")]
    [InlineData(12345, "12.3 kJ")]
    [InlineData(3.6e6, "3.60 MJ")]
    [InlineData(5e12, "5,000 GJ")]
    [InlineData(1e-15, "0.00000100 nJ")]
    public void Energies_have_three_digits_and_a_prefix(double joules, string expected) => Assert.Equal(expected, Figures.Energy(new Joules(joules)));

    [Theory]
    [InlineData(null, "unknown (no reason given)")]
    [InlineData("no meter", "unknown (no meter)")]
    public void An_unknown_figure_says_why(string? reason, string expected) => Assert.Equal(expected, Figures.Energy(null, reason));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(27_600_000, "27.6 MB")]
    public void Sizes_are_decimal(long bytes, string expected) => Assert.Equal(expected, Figures.Size(bytes));

    [Theory]
    [InlineData(0.02, "20.0 ms")]
    [InlineData(1.5, "1.50 s")]
    [InlineData(7200, "7,200 s")]
    public void Times_are_in_seconds(double seconds, string expected) => Assert.Equal(expected, Figures.Seconds(seconds));

    [Fact]
    public void A_missing_figure_has_its_own_reason_or_that_of_the_whole()
    {
        var reasons = new Dictionary<string, string> { ["joules"] = "whole", ["idleJoules"] = "own" };
        Assert.Equal("own", Figures.Reason(reasons, "idleJoules"));
        Assert.Equal("whole", Figures.Reason(reasons, "activeJoules"));
        Assert.Null(Figures.Reason(new Dictionary<string, string>(), "joules"));
    }

    [Fact]
    public void A_terminal_gets_no_control_characters()
    {
        Assert.Equal("a\uFFFD[31m\n\tb", SafeText.Block("a\u001b[31m\n\tb"));
        Assert.Equal("a b\uFFFDc", SafeText.Line("a\r\nb\u009bc"));
    }
}
