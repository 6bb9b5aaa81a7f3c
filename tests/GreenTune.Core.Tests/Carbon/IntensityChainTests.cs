using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Carbon;

public sealed class IntensityChainTests
{
    private static readonly DateTimeOffset Hour = new(2026, 11, 19, 11, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);
    private static readonly CarbonFactor Table = CarbonTable.Default.FactorFor("GBR", 1.2);

    [Fact]
    public void A_value_of_the_hour_is_live_within_its_period_and_cache_after_it()
    {
        IntensityReading<AverageSignal> reading = Reading(0, 60, 200);
        Assert.Equal(CarbonSteps.Live, Resolve(Hour, reading)!.Step);
        Assert.Equal(CarbonSteps.Cache, IntensityChain.Resolve(Hour, [[reading]], Hour.AddHours(5), Day)!.Step);
    }

    [Fact]
    public void Half_hours_are_averaged_over_time_and_a_missing_one_is_provisional()
    {
        ResolvedIntensity<AverageSignal> whole = Resolve(Hour, Reading(0, 30, 200), Reading(30, 30, 300))!;
        Assert.Equal(250, whole.Intensity.Value, 9);
        Assert.False(whole.IsProvisional);

        ResolvedIntensity<AverageSignal> half = Resolve(Hour, Reading(0, 30, 200))!;
        Assert.Equal(0.5, half.Coverage, 9);
        Assert.True(half.IsProvisional);
        Assert.Contains("50 %", AverageFactors.At(half, Hour, Table, true).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_measured_value_wins_over_the_forecast_of_the_same_span()
    {
        ResolvedIntensity<AverageSignal> resolved = Resolve(Hour, Reading(0, 60, 200) with { IsForecast = true }, Reading(0, 60, 150))!;
        Assert.Equal(150, resolved.Intensity.Value);
        Assert.False(resolved.IsForecast);
    }

    [Fact]
    public void The_first_source_that_has_the_hour_is_taken_before_a_stale_value_of_a_better_one()
    {
        ResolvedIntensity<AverageSignal> resolved = IntensityChain.Resolve(Hour, [[Reading(-60, 60, 100)], [Reading(0, 60, 400) with { Source = "second" }]], Hour, Day)!;
        Assert.Equal("second", resolved.Basis.Source);
    }

    [Theory]
    [InlineData(24, true)]
    [InlineData(25, false)]
    public void A_stale_value_holds_for_24_hours_and_is_flagged(int hoursOld, bool found)
    {
        ResolvedIntensity<AverageSignal>? resolved = Resolve(Hour, Reading(-60 * (hoursOld + 1), 60, 300));
        Assert.Equal(found, resolved is not null);
        CarbonFactor factor = AverageFactors.At(resolved, Hour, Table, hasLiveSource: true);
        Assert.True(factor.Estimated && factor.Provisional);
        Assert.Equal(found ? CarbonSteps.StaleCache : CarbonSteps.CountryTable, factor.Step);
        Assert.Equal(found ? hoursOld * 3600.0 : null, factor.AgeSeconds);
        Assert.NotNull(factor.Reason);
    }

    [Fact]
    public void A_forecast_of_another_hour_never_stands_in()
    {
        Assert.Null(Resolve(Hour, Reading(-60, 60, 300) with { IsForecast = true }));
    }

    [Fact]
    public void Without_a_live_source_the_table_is_no_stand_in()
    {
        CarbonFactor factor = AverageFactors.At(null, Hour, Table, hasLiveSource: false);
        Assert.Equal(Table, factor);
        Assert.Equal(CarbonSteps.CountryTable, factor.Step);
        Assert.Equal(CarbonSteps.WorldAverage, CarbonTable.Default.FactorFor(null, null).Step);
    }

    [Fact]
    public void The_factor_of_an_hour_keeps_the_source_and_the_sites_pue()
    {
        CarbonFactor factor = AverageFactors.At(Resolve(Hour, Reading(0, 60, 231) with { IsEstimated = true, Method = "TIME_SLICER_AVERAGE" }), Hour, Table, true);
        Assert.Equal((231, 1.2, "GB", "test", "TIME_SLICER_AVERAGE"), (factor.Intensity.Value, factor.Pue, factor.Zone, factor.Source, factor.Method!));
        Assert.Equal((Hour, Hour.AddHours(1)), (factor.ValidFrom!.Value, factor.ValidTo!.Value));
        Assert.True(factor.Estimated && factor.Provisional);
        Assert.Equal(2026, factor.Year);
    }

    [Theory]
    [InlineData(-1, "direct", false)]
    [InlineData(double.NaN, "direct", false)]
    [InlineData(0, "direct", true)]
    [InlineData(0, "life-cycle", false)]
    [InlineData(1500, "life-cycle", true)]
    [InlineData(1501, "life-cycle", false)]
    public void Only_what_can_be_an_average_intensity_is_taken(double value, string factorType, bool sound)
    {
        Assert.Equal(sound, IntensityRange.Problem<AverageSignal>(value, factorType) is null);
    }

    [Fact]
    public void A_marginal_intensity_may_be_higher_than_an_average_one()
    {
        Assert.Null(IntensityRange.Problem<MarginalSignal>(2_000, FactorTypes.Direct));
        Assert.NotNull(IntensityRange.Problem<MarginalSignal>(3_001, FactorTypes.Direct));
    }

    [Theory]
    [InlineData("DEU", "DE")]
    [InlineData("de", "DE")]
    [InlineData("US-CAL-CISO", "US-CAL-CISO")]
    [InlineData("WORLD", null)]
    [InlineData("EU", null)]
    [InlineData("Atlantis", null)]
    [InlineData(null, null)]
    public void Zones_are_written_as_electricity_maps_writes_them(string? code, string? zone)
    {
        Assert.Equal(zone, CarbonTable.Default.GridZoneOf(code));
    }

    private static ResolvedIntensity<AverageSignal>? Resolve(DateTimeOffset hour, params IntensityReading<AverageSignal>[] readings) =>
        IntensityChain.Resolve(hour, [readings], Hour, Day);

    private static IntensityReading<AverageSignal> Reading(int startMinute, int minutes, double grams) => new()
    {
        Zone = "GB",
        From = Hour.AddMinutes(startMinute),
        To = Hour.AddMinutes(startMinute + minutes),
        Intensity = new GramsPerKilowattHour(grams),
        Source = "test",
        Licence = "CC0",
        FactorType = FactorTypes.Direct,
        GasBasis = "CO2",
        FetchedAt = Hour.AddMinutes(5),
    };
}
