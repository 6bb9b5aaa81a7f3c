using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;

namespace GreenTune.Core.Tests.Carbon;

public sealed class CarbonTableTests
{
    private static readonly CarbonTable Table = CarbonTable.Default;

    [Theory]
    [InlineData("DEU")]
    [InlineData("deu")]
    [InlineData("DE")]
    [InlineData(" de ")]
    public void A_country_is_found_by_either_code_whatever_the_case(string code)
    {
        CarbonFactor factor = Table.FactorFor(code, 1.2);
        Assert.Equal("DEU", factor.Zone);
        Assert.Equal("Germany", factor.ZoneName);
        Assert.Equal(342, factor.Intensity.Value);
        Assert.Equal(2025, factor.Year);
        Assert.Equal(1.2, factor.Pue);
        Assert.False(factor.PueAssumed);
        Assert.False(factor.Estimated);
        Assert.Null(factor.Reason);
        Assert.Contains("Electricity Maps", factor.Source);
        Assert.Contains("ODbL", factor.Licence);
        Assert.Equal("life-cycle", factor.FactorType);
        Assert.Equal(CarbonSignal.Average, factor.Signal);
        Assert.Equal(MethodVersions.Carbon, factor.MethodVersion);
    }

    [Fact]
    public void UK_is_read_as_the_united_kingdom() => Assert.Equal("GBR", Table.FactorFor("UK", null).Zone);

    [Fact]
    public void A_grid_zone_carries_its_country_in_its_name()
    {
        CarbonFactor factor = Table.FactorFor("us-cal-ciso", null);
        Assert.Equal("US-CAL-CISO", factor.Zone);
        Assert.Equal("California ISO, United States", factor.ZoneName);
        Assert.Equal(208, factor.Intensity.Value);
    }

    [Fact]
    public void Ember_answers_where_electricity_maps_has_no_figure_and_its_year_is_not_known()
    {
        CarbonFactor factor = Table.FactorFor("UKR", null);
        Assert.Equal(250.47, factor.Intensity.Value);
        Assert.Null(factor.Year);
        Assert.Contains("Ember", factor.Source);
        Assert.Equal("CC BY-SA 4.0", factor.Licence);
        Assert.False(factor.Estimated);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void Without_a_zone_the_world_average_stands_in_and_says_so(string? zone)
    {
        CarbonFactor factor = Table.FactorFor(zone, null);
        Assert.Equal("WORLD", factor.Zone);
        Assert.Equal(472.94, factor.Intensity.Value);
        Assert.True(factor.Estimated);
        Assert.Contains("No zone is configured", factor.Reason);
        Assert.Equal(1.0, factor.Pue);
        Assert.True(factor.PueAssumed);
    }

    [Fact]
    public void A_known_country_without_a_figure_gets_the_world_average_with_the_reason()
    {
        CarbonFactor factor = Table.FactorFor("AD", null);
        Assert.Equal("WORLD", factor.Zone);
        Assert.True(factor.Estimated);
        Assert.Equal("No intensity is published for Andorra; the world average stands in.", factor.Reason);
    }

    [Theory]
    [InlineData("WORLD")]
    [InlineData("EU")]
    public void An_average_over_many_grids_is_estimated_even_when_asked_for(string zone)
    {
        CarbonFactor factor = Table.FactorFor(zone, null);
        Assert.Equal(zone, factor.Zone);
        Assert.True(factor.Estimated);
        Assert.NotNull(factor.Reason);
    }

    [Theory]
    [InlineData("DEY", "DEU (Germany)")]
    [InlineData("Germany", "DEU (Germany)")]
    [InlineData("Germny", "DEU (Germany)")]
    [InlineData("US-CAL-CIS", "US-CAL-CISO (California ISO, United States)")]
    public void An_unknown_zone_is_refused_with_near_matches(string zone, string near)
    {
        var refused = Assert.Throws<ArgumentException>(() => Table.FactorFor(zone, null));
        Assert.Contains(near, refused.Message);
        Assert.Contains(zone, refused.Message);
    }

    [Fact]
    public void An_unknown_zone_without_a_near_match_gets_examples()
    {
        Assert.Contains("DEU, DE or US-CAL-CISO", Table.UnknownZone("qqqqqqqqqqqq"));
        Assert.Empty(Table.NearMatches(""));
    }

    [Fact]
    public void Every_zone_has_a_name_a_source_and_an_intensity_above_nought()
    {
        Assert.All(Table.Zones, zone =>
        {
            Assert.InRange(zone.Intensity.Value, 1, 1500);
            Assert.NotEmpty(zone.Name);
            Assert.NotEqual(zone.Zone, zone.Name);
            Assert.NotEmpty(zone.Source);
            Assert.True(zone.Source.StartsWith("Ember", StringComparison.Ordinal) ? zone.Year is null : zone.Year == 2025);
            Assert.Equal(zone.Intensity, Table.FactorFor(zone.Zone, null).Intensity);
        });
        Assert.True(Table.Zones.Count > 350);
        Assert.Equal(Table.Zones.Count, Table.Zones.Select(zone => zone.Zone).Distinct().Count());
    }
}
