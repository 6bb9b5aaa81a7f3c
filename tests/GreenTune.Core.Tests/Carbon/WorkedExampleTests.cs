using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Carbon;

/// <summary>Every formula against an example that its source works out.</summary>
public sealed class WorkedExampleTests
{
    // Software Carbon Intensity specification 1.1, embodied emissions: "if the device's embodied carbon was 1000kg with an expected lifespan of four years
    // and it was reserved for use for one hour, the time-share embodied emissions would be 1000 * 1/(4*365*24) or around 28g of the total".
    [Fact]
    public void Sci_specification_embodied_share_of_an_hour_of_a_thousand_kilograms_over_four_years_is_about_28_grams()
    {
        GramsCO2e share = EmbodiedCarbon.Share(new GramsCO2e(1_000_000), TimeSpan.FromHours(1), TimeSpan.FromDays(4 * 365));
        Assert.Equal(28.54, share.Value, 2);
    }

    // The same specification, resource share: a fraction of the device's resources takes the same fraction of the emissions.
    [Fact]
    public void Sci_specification_a_quarter_of_the_resources_takes_a_quarter_of_the_share()
    {
        GramsCO2e whole = EmbodiedCarbon.Share(new GramsCO2e(1_000_000), TimeSpan.FromHours(1), TimeSpan.FromDays(4 * 365));
        GramsCO2e quarter = EmbodiedCarbon.Share(new GramsCO2e(1_000_000), TimeSpan.FromHours(1), TimeSpan.FromDays(4 * 365), resourcesReserved: 2, resourcesTotal: 8);
        Assert.Equal(whole.Value / 4, quarter.Value, 12);
    }

    // Green Software Foundation, SCI for AI, provider example: 6,500 kg over 50 billion tokens. The document prints 0.13 gCO2e per million tokens; grams from
    // kilograms make it 130, a thousand times as much.
    [Fact]
    public void Sci_for_ai_example_is_130_grams_per_million_tokens_and_not_the_printed_0_13()
    {
        GramsCO2e perToken = SoftwareCarbonIntensity.Of(new GramsCO2e(6_500_000), GramsCO2e.Zero, 50e9)!.Value;
        Assert.Equal(130, perToken.Value * 1e6, 9);
        Assert.NotEqual(0.13, perToken.Value * 1e6, 3);
    }

    // ISO/IEC 21031:2024: SCI = (E x I + M) per R. 2 kWh at 500 g/kWh and 200 g embodied over 100 requests, worked by hand from the equation.
    [Fact]
    public void Sci_specification_adds_operational_and_embodied_before_dividing_by_the_unit()
    {
        GramsCO2e sci = SoftwareCarbonIntensity.Of(Joules.FromKilowattHours(2), 1, new GramsPerKilowattHour(500), new GramsCO2e(200), 100)!.Value;
        Assert.Equal((2 * 500 + 200) / 100.0, sci.Value, 12);
        Assert.Null(SoftwareCarbonIntensity.Of(Joules.FromKilowattHours(2), 1, new GramsPerKilowattHour(500), new GramsCO2e(200), 0));
    }

    // GHG Protocol Scope 2 Guidance (2015), chapter 6: activity data times factor by both methods, covered consumption at the instrument's factor, the rest at the
    // residual mix. Figures of the example at tools.gera.services/scope2-market-vs-location-based, which applies it: 1,000,000 kWh at 0.20 kg/kWh is 200 t
    // location-based; 600,000 kWh of zero-emission certificates and a residual mix of 0.45 kg/kWh make 180 t market-based.
    [Fact]
    public void Ghg_protocol_scope_2_example_is_200_tonnes_location_based_and_180_market_based()
    {
        ConsumedHour[] year = [new(Hour(0), 1_000_000, new GramsPerKilowattHour(200))];
        IReadOnlyList<MarketBasedPart> parts = MarketBasedMethod.Allocate(year, [Certificate(600_000)], new GramsPerKilowattHour(450));
        Assert.Equal(200, year[0].KilowattHours * year[0].LocationFactor.Value / 1e6, 9);
        Assert.Equal(180, parts.Sum(part => part.CO2e.Value) / 1e6, 9);
        Assert.Equal([MarketBasis.Instrument, MarketBasis.ResidualMix], parts.Select(part => part.Basis));
    }

    // GHG Protocol Scope 2 Guidance, table 6.3: where no residual mix is published, the location-based factor stands in, which has to be said. 100 MWh with
    // 75 MWh covered is then a quarter of the location-based figure (the example of blog.wattcarbon.com on scope 2 accounting).
    [Fact]
    public void Ghg_protocol_scope_2_without_a_residual_mix_the_rest_takes_the_location_factor_and_says_so()
    {
        IReadOnlyList<MarketBasedPart> parts = MarketBasedMethod.Allocate([new(Hour(0), 100_000, new GramsPerKilowattHour(380))], [Certificate(75_000)], null);
        Assert.Equal(0.25 * 100_000 * 380, parts.Sum(part => part.CO2e.Value), 6);
        Assert.Equal(MarketBasis.LocationFactor, parts[^1].Basis);
    }

    // Electricity Maps' reference: carbonIntensity is in gCO2eq/kWh. Its sample answer says 245 for Austria: one kWh emits 245 g.
    [Fact]
    public void Electricity_maps_sample_of_245_is_245_grams_for_a_kilowatt_hour()
    {
        Assert.Equal(245, OperationalCarbon.Of(Joules.FromKilowattHours(1), 1, new GramsPerKilowattHour(245)).Value, 9);
    }

    // WattTime's sample answer: 870 lbs_co2_per_mwh. 870 lb x 0.453592 kg/lb = 394.625 kg/MWh, and a kg/MWh is a g/kWh.
    [Fact]
    public void Watttime_sample_of_870_pounds_per_megawatt_hour_is_394_6_grams_per_kilowatt_hour()
    {
        Assert.Equal(394.62504, IntensityUnits.FromPoundsPerMegawattHour(870).Value, 6);
    }

    // SI brochure: 1 kWh is 3.6 MJ.
    [Fact]
    public void A_kilowatt_hour_is_three_point_six_megajoules()
    {
        Assert.Equal(1, new Joules(3_600_000).KilowattHours, 15);
        Assert.Equal(0.6, IntensityUnits.FromTonnesPerMegawattHour(0.6).Value / 1000, 12);
    }

    // NVIDIA's product carbon footprint of the HGX H100 is 1,312 kg for 8 GPUs; over four years that is 4.68 g for an hour of one.
    [Fact]
    public void Nvidia_hgx_h100_footprint_gives_an_eighth_to_each_gpu()
    {
        EmbodiedHardware h100 = EmbodiedTable.Find("NVIDIA-H100")!;
        Assert.Equal(1_312_000 / 8.0, h100.Total.Value, 9);
        Assert.Equal(164_000 / 35_040.0, EmbodiedCarbon.Share(h100.Total, TimeSpan.FromHours(1), EmbodiedCarbon.DefaultLifetime).Value, 9);
        Assert.False(h100.IsEstimate);
    }

    // IPCC AR6 WG1, table 7.15 and AR5: a kilogram of fossil methane is 29.8 or 30 kg CO2e, one of nitrous oxide 273 or 265 kg.
    [Theory]
    [InlineData("AR6", 1 + 29.8 + 273)]
    [InlineData("ar5", 1 + 30 + 265)]
    public void Ipcc_potentials_turn_gases_into_co2e(string set, double expected)
    {
        Assert.Equal(expected, GlobalWarmingPotentials.Find(set)!.CO2e(1, 1, 1).Value, 12);
        Assert.Null(GlobalWarmingPotentials.Find("AR3"));
    }

    private static DateTimeOffset Hour(int hour) => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddHours(hour);

    private static ContractualInstrument Certificate(double kilowattHours) => new()
    {
        Type = InstrumentType.Certificate,
        Factor = new GramsPerKilowattHour(0),
        CoveredKilowattHours = kilowattHours,
        GenerationFrom = Hour(0),
        GenerationTo = Hour(8760),
        RetiredOn = new DateOnly(2027, 1, 31),
    };
}
