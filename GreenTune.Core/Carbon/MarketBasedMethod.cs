using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Carbon;

/// <summary>Electricity consumed in one hour, the building's overhead included.</summary>
/// <param name="Hour">Start, UTC.</param>
/// <param name="KilowattHours">Energy.</param>
/// <param name="LocationFactor">The hour's location-based factor, which stands in where no residual mix is stated.</param>
public readonly record struct ConsumedHour(DateTimeOffset Hour, double KilowattHours, GramsPerKilowattHour LocationFactor);

/// <summary>One part of an hour's consumption and the factor it gets.</summary>
/// <param name="Hour">Start, UTC.</param>
/// <param name="KilowattHours">The part.</param>
/// <param name="Basis">What the factor is of.</param>
/// <param name="Instrument">Index of the instrument; null for the rest.</param>
/// <param name="Factor">Its factor.</param>
public readonly record struct MarketBasedPart(DateTimeOffset Hour, double KilowattHours, MarketBasis Basis, int? Instrument, GramsPerKilowattHour Factor)
{
    public GramsCO2e CO2e => new(KilowattHours * Factor.Value);
}

/// <summary>
/// Market-based scope 2 by the GHG Protocol Scope 2 Guidance (2015), chapter 6: consumption that contractual instruments cover takes their factors, the rest
/// the residual mix, and where that is not published the location-based factor, which has to be said.
/// </summary>
public static class MarketBasedMethod
{
    /// <summary>
    /// Splits consumption over instruments. Each kilowatt-hour of an instrument is used once: hours are served in their order, by the instruments of their
    /// time whose generation ends first, so a report of a part of the year depends on what was consumed before it but on nothing after it.
    /// </summary>
    /// <param name="hours">Consumption in order of time, from the first instrument's start on.</param>
    /// <param name="instruments">What the site holds; the order breaks ties.</param>
    /// <param name="residualMix">Factor of what nobody claimed; null when the site states none.</param>
    public static IReadOnlyList<MarketBasedPart> Allocate(IEnumerable<ConsumedHour> hours, IReadOnlyList<ContractualInstrument> instruments, GramsPerKilowattHour? residualMix)
    {
        double[] left = [.. instruments.Select(instrument => instrument.CoveredKilowattHours)];
        int[] order = [.. Enumerable.Range(0, instruments.Count).OrderBy(i => instruments[i].GenerationTo)];
        var parts = new List<MarketBasedPart>();
        foreach (ConsumedHour hour in hours)
        {
            double open = hour.KilowattHours;
            foreach (int i in order)
            {
                ContractualInstrument instrument = instruments[i];
                if (open <= 0 || left[i] <= 0 || hour.Hour < instrument.GenerationFrom || hour.Hour >= instrument.GenerationTo)
                {
                    continue;
                }

                double taken = Math.Min(open, left[i]);
                left[i] -= taken;
                open -= taken;
                parts.Add(new MarketBasedPart(hour.Hour, taken, MarketBasis.Instrument, i, instrument.Factor));
            }

            if (open > 0)
            {
                parts.Add(residualMix is { } residual
                    ? new MarketBasedPart(hour.Hour, open, MarketBasis.ResidualMix, null, residual)
                    : new MarketBasedPart(hour.Hour, open, MarketBasis.LocationFactor, null, hour.LocationFactor));
            }
        }

        return parts;
    }
}
