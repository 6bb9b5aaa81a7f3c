using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Units;

public sealed class UnitsTests
{
    [Fact]
    public void Power_times_time_is_energy() => Assert.Equal(new Joules(250), new Watts(125) * TimeSpan.FromSeconds(2));

    [Fact]
    public void A_kilowatt_hour_is_3_6_megajoules()
    {
        Assert.Equal(new Joules(3.6e6), Joules.FromKilowattHours(1));
        Assert.Equal(0.5, new Joules(1.8e6).KilowattHours);
    }

    [Fact]
    public void Intensity_times_energy_is_grams() => Assert.Equal(new GramsCO2e(445), new GramsPerKilowattHour(445) * Joules.FromKilowattHours(1));

    [Fact]
    public void Units_travel_as_plain_numbers_and_null_stays_null()
    {
        string json = JsonSerializer.Serialize(new ComponentJoules { Cpu = new Joules(1.5) }, ContractJson.Options);
        Assert.Equal("""{"gpu":null,"cpu":1.5,"dram":null}""", json);
        Assert.Equal(new Joules(1.5), JsonSerializer.Deserialize<ComponentJoules>(json, ContractJson.Options)!.Cpu);
    }

    [Fact]
    public void Enums_travel_as_words_and_numbers_are_refused()
    {
        Assert.Equal("\"measured\"", JsonSerializer.Serialize(EnergyQuality.Measured, ContractJson.Options));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<EnergyQuality>("3", ContractJson.Options));
    }

    [Fact]
    public void Monotonic_time_keeps_100_ns_over_years_of_uptime()
    {
        var clock = new FixedClock(frequency: 1_000_000_000, timestamp: 400L * 24 * 3600 * 1_000_000_000 + 123_456_700);
        Assert.Equal(400L * 24 * 3600 * TimeSpan.TicksPerSecond + 1_234_567, MonotonicTime.Now(clock).Ticks);
    }

    private sealed class FixedClock(long frequency, long timestamp) : TimeProvider
    {
        public override long TimestampFrequency => frequency;

        public override long GetTimestamp() => timestamp;
    }
}
