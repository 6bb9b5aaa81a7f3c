using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Carbon;

public sealed class MarketBasedMethodTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Every_kilowatt_hour_is_allocated_once_and_no_instrument_gives_more_than_it_has()
    {
        Gen<double[]> consumption = Gen.Choose(0, 1000).Select(value => value / 10.0).ArrayOf(30);
        Gen<ContractualInstrument[]> instruments = Gen.Choose(0, 2000).Zip(Gen.Choose(0, 29)).Zip(Gen.Choose(1, 30))
            .Select(drawn => Instrument(drawn.Item1.Item1, drawn.Item1.Item2, drawn.Item1.Item2 + drawn.Item2)).ArrayOf(4);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(consumption.Zip(instruments).ToArbitrary(), drawn =>
        {
            ConsumedHour[] hours = [.. drawn.Item1.Select((energy, i) => new ConsumedHour(Start.AddHours(i), energy, new GramsPerKilowattHour(300)))];
            IReadOnlyList<MarketBasedPart> parts = MarketBasedMethod.Allocate(hours, drawn.Item2, new GramsPerKilowattHour(450));
            bool whole = hours.All(hour => Math.Abs(hour.KilowattHours - parts.Where(part => part.Hour == hour.Hour).Sum(part => part.KilowattHours)) < 1e-9);
            bool withinCover = drawn.Item2.Index().All(item => parts.Where(part => part.Instrument == item.Index).Sum(part => part.KilowattHours) <= item.Item.CoveredKilowattHours + 1e-9);
            bool withinTime = parts.Where(part => part.Instrument is not null).All(part =>
                part.Hour >= drawn.Item2[part.Instrument!.Value].GenerationFrom && part.Hour < drawn.Item2[part.Instrument!.Value].GenerationTo);
            return whole && withinCover && withinTime;
        }));
    }

    [Fact]
    public void The_instrument_that_ends_first_is_used_first()
    {
        ContractualInstrument[] instruments = [Instrument(10, 0, 100), Instrument(10, 0, 2)];
        IReadOnlyList<MarketBasedPart> parts = MarketBasedMethod.Allocate([new(Start, 5, default), new(Start.AddHours(3), 5, default)], instruments, null);
        Assert.Equal([1, 0], parts.Select(part => part.Instrument));
    }

    [Fact]
    public void A_later_hour_changes_nothing_of_an_earlier_one()
    {
        ContractualInstrument[] instruments = [Instrument(7, 0, 100)];
        ConsumedHour[] hours = [.. Enumerable.Range(0, 4).Select(i => new ConsumedHour(Start.AddHours(i), 3, new GramsPerKilowattHour(100)))];
        Assert.Equal(MarketBasedMethod.Allocate(hours[..2], instruments, null), MarketBasedMethod.Allocate(hours, instruments, null).Where(part => part.Hour < hours[2].Hour));
    }

    private static ContractualInstrument Instrument(double kilowattHours, int from, int to) => new()
    {
        Type = InstrumentType.Supplier,
        Factor = new GramsPerKilowattHour(20),
        CoveredKilowattHours = kilowattHours,
        GenerationFrom = Start.AddHours(from),
        GenerationTo = Start.AddHours(to),
    };
}
