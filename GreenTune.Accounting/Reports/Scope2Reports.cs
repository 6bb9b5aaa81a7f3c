using GreenTune.Accounting.Carbon;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;
using GreenTune.Core.Units;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Reports;

/// <summary>Length of a report's rows.</summary>
internal enum ReportInterval
{
    Hour,
    Day,
    Month,
}

/// <summary>
/// Scope 2 by the GHG Protocol Scope 2 Guidance: both methods, each row with what an auditor asks of it. Hours stay hours until they are put into rows, so that
/// hourly matching needs no other data.
/// </summary>
internal sealed class Scope2Reports(ConsumedEnergy energy, IOptions<CarbonOptions> carbon, IOptions<AccountingOptions> accounting)
{
    private const string LocationBased = "location-based";
    private const string MarketBased = "market-based";

    public async Task<Scope2Report> MakeAsync(DateTimeOffset from, DateTimeOffset to, ReportInterval interval, CarbonView view, CancellationToken cancellation)
    {
        ContractualInstrument[] instruments = [.. carbon.Value.Instruments.Select(instrument => instrument.ToContract())];
        // What an instrument has left depends on what was consumed since its start.
        DateTimeOffset first = instruments.Length > 0 && instruments.Min(instrument => instrument.GenerationFrom) is var earliest && earliest < from ? earliest : from;
        (IReadOnlyList<ConsumedHourOfDevice> all, IReadOnlyCollection<string> defaultGains) = await energy.ReadAsync(first, to, view, cancellation);
        ConsumedHourOfDevice[] hours = [.. all.Where(hour => hour.HourTicks >= CarbonHours.Ticks(from))];
        var reasons = new Dictionary<string, string>(StringComparer.Ordinal);
        if (hours.Length == 0)
        {
            reasons["locationBasedGrams"] = "No energy period has arrived in the span; scope 2 is about all electricity of the devices.";
        }
        else if (defaultGains.Count > 0)
        {
            reasons["uncertainty"] = FormattableString.Invariant($"No record says the gain error of {string.Join(", ", defaultGains)}; {100 * ConsumedEnergy.DefaultGain} % of reading is taken.");
        }

        if (instruments.Length == 0)
        {
            reasons["instruments"] = "No contractual instrument is stated (Carbon:Instruments).";
        }

        if (carbon.Value.ResidualMix.GramsPerKwh is null)
        {
            reasons["residualMix"] = "No residual mix is stated (Carbon:ResidualMix); the location-based factor stands in for what no instrument covers.";
        }

        IReadOnlyList<Scope2Row> location = Location(hours, from, to, interval);
        (IReadOnlyList<Scope2Row> market, Interval? marketGrams) = Market(all, instruments, from, to, interval);
        return new Scope2Report
        {
            From = from,
            To = to,
            As = view,
            Site = carbon.Value.Site,
            LocationBasedGrams = hours.Length > 0 ? ConsumedEnergy.Total(hours, hour => OperationalCarbon.GramsPerJoule(hour.Factor)) : null,
            MarketBasedGrams = marketGrams,
            ItKilowattHours = hours.Length > 0 ? new Joules(hours.Sum(hour => hour.Joules.Value)).KilowattHours : null,
            TotalKilowattHours = hours.Length > 0 ? hours.Sum(KilowattHours) : null,
            LocationBased = location,
            MarketBased = market,
            GwpSet = Gwp,
            MethodVersion = MethodVersions.Carbon,
            Restatements = [.. hours.Select(hour => hour.Restatement ?? hour.SupersededBy).OfType<Guid>().Distinct()],
            Reasons = reasons,
        };
    }

    private string Gwp => GlobalWarmingPotentials.Find(carbon.Value.Gwp)!.Name;

    private IReadOnlyList<Scope2Row> Location(IEnumerable<ConsumedHourOfDevice> hours, DateTimeOffset from, DateTimeOffset to, ReportInterval interval) =>
    [
        .. hours.GroupBy(hour => (Start: Start(hour.HourTicks, interval), Key: Key.Of(hour)))
            .OrderBy(group => group.Key.Start)
            .Select(group => Row(LocationBased, group.Key.Start, group.Key.Key, [.. group.Select(hour => (hour, 1.0, hour.Factor.Intensity))], from, to, interval)),
    ];

    private (IReadOnlyList<Scope2Row> Rows, Interval? Grams) Market(
        IReadOnlyList<ConsumedHourOfDevice> all, ContractualInstrument[] instruments, DateTimeOffset from, DateTimeOffset to, ReportInterval interval)
    {
        ResidualMixOptions mix = carbon.Value.ResidualMix;
        GramsPerKilowattHour? residual = mix.GramsPerKwh is { } grams ? new GramsPerKilowattHour(grams) : null;
        ILookup<long, ConsumedHourOfDevice> byHour = all.ToLookup(hour => hour.HourTicks);
        IEnumerable<ConsumedHour> consumed = byHour.OrderBy(hour => hour.Key).Select(hour =>
        {
            double energyOfHour = hour.Sum(KilowattHours);
            double location = energyOfHour > 0 ? hour.Sum(device => KilowattHours(device) * device.Factor.Intensity.Value) / energyOfHour : 0;
            return new ConsumedHour(CarbonHours.Time(hour.Key), energyOfHour, new GramsPerKilowattHour(location));
        });
        long first = CarbonHours.Ticks(from);
        var pieces = new List<(MarketBasedPart Part, ConsumedHourOfDevice Hour, double Share)>();
        foreach (MarketBasedPart part in MarketBasedMethod.Allocate(consumed, instruments, residual).Where(part => part.Hour.UtcTicks >= first))
        {
            double energyOfHour = byHour[part.Hour.UtcTicks].Sum(KilowattHours);
            pieces.AddRange(byHour[part.Hour.UtcTicks].Select(hour => (part, hour, part.KilowattHours / energyOfHour)));
        }

        Scope2Row[] rows =
        [
            .. pieces.GroupBy(piece => (Start: Start(piece.Hour.HourTicks, interval), piece.Part.Basis, piece.Part.Instrument, Key: Key.Of(piece.Hour)))
                .OrderBy(group => group.Key.Start).ThenBy(group => group.Key.Basis).ThenBy(group => group.Key.Instrument)
                .Select(group => Described(
                    Row(MarketBased, group.Key.Start, group.Key.Key, [.. group.Select(piece => (piece.Hour, piece.Share, piece.Part.Factor))], from, to, interval),
                    group.Key.Basis, group.Key.Instrument is { } i ? instruments[i] : null, mix)),
        ];
        return (rows, pieces.Count == 0 ? null : UncertainSum.Total(pieces
            .GroupBy(piece => piece.Hour.Device, piece => piece.Hour.Joules * (piece.Share * OperationalCarbon.Of(new Joules(1), piece.Hour.Factor.Pue, piece.Part.Factor).Value), StringComparer.Ordinal)
            .Select(device => device.Aggregate((a, b) => a + b))));
    }

    private Scope2Row Row(
        string method, DateTimeOffset start, Key key, IReadOnlyList<(ConsumedHourOfDevice Hour, double Share, GramsPerKilowattHour Factor)> parts,
        DateTimeOffset from, DateTimeOffset to, ReportInterval interval)
    {
        double it = new Joules(parts.Sum(part => part.Hour.Joules.Value * part.Share)).KilowattHours;
        double total = parts.Sum(part => KilowattHours(part.Hour) * part.Share);
        Interval grams = UncertainSum.Total(parts
            .GroupBy(part => part.Hour.Device, part => part.Hour.Joules * (part.Share * OperationalCarbon.Of(new Joules(1), part.Hour.Factor.Pue, part.Factor).Value), StringComparer.Ordinal)
            .Select(device => device.Aggregate((a, b) => a + b)));
        DateTimeOffset end = End(start, interval);
        return new Scope2Row
        {
            Method = method,
            PeriodStart = start < from ? from : start,
            PeriodEnd = end > to ? to : end,
            Site = carbon.Value.Site,
            GridZone = key.Zone,
            MeterType = parts.All(part => part.Hour.Quality == EnergyQuality.Measured) ? "measured" : "estimated",
            ItKilowattHours = it,
            Pue = key.Pue,
            PueSource = key.PueAssumed ? "assumed" : "stated",
            TotalKilowattHours = total,
            Factor = new GramsPerKilowattHour(total > 0 ? grams.Value / total : 0),
            FactorUnit = $"g{key.GasBasis}/kWh",
            GasCoverage = key.GasBasis,
            FactorType = key.FactorType,
            Signal = "average",
            FactorSource = key.Source,
            DatasetYear = key.Year,
            LossScope = key.FactorType == FactorTypes.LifeCycle
                ? "plants' building and fuel supply included; transmission and distribution losses are scope 3 category 3 and are not"
                : "combustion alone; fuel supply, transmission and distribution losses are scope 3 category 3 and are not included",
            DataQuality = key.DataQuality,
            Grams = grams.Value,
            GramsInterval = grams,
            GwpSet = Gwp,
            MethodVersion = MethodVersions.Carbon,
            SupersededBy = key.SupersededBy,
            Restatement = key.Restatement,
        };
    }

    private static Scope2Row Described(Scope2Row row, MarketBasis basis, ContractualInstrument? instrument, ResidualMixOptions mix)
    {
        GramsPerKilowattHour? residual = mix.GramsPerKwh is { } grams ? new GramsPerKilowattHour(grams) : null;
        return basis switch
        {
            MarketBasis.Instrument => row with
            {
                InstrumentType = instrument!.Type switch
                {
                    InstrumentType.PowerPurchaseAgreement => "PPA",
                    InstrumentType.Supplier => "supplier",
                    _ => "EAC",
                },
                CertificateSerial = instrument.Serial,
                Registry = instrument.Registry,
                Generator = instrument.Generator,
                Fuel = instrument.Fuel,
                GenerationFrom = instrument.GenerationFrom,
                GenerationTo = instrument.GenerationTo,
                MarketBoundary = instrument.Market,
                RetiredOn = instrument.RetiredOn,
                CoveredKilowattHours = row.TotalKilowattHours,
                FactorSource = "contractual instrument",
                DatasetYear = instrument.GenerationFrom.Year,
                DataQuality = "stated",
            },
            MarketBasis.ResidualMix => row with
            {
                InstrumentType = "residual mix",
                FactorSource = mix.Source!,
                DatasetYear = mix.Year,
                ResidualMixFactor = residual,
                DataQuality = "yearly average",
            },
            _ => row with
            {
                InstrumentType = "none",
                Note = "No residual mix is stated; the location-based factor stands in (GHG Protocol Scope 2 Guidance, table 6.3).",
            },
        };
    }

    private static double KilowattHours(ConsumedHourOfDevice hour) => new Joules(hour.Joules.Value * hour.Factor.Pue).KilowattHours;

    private DateTimeOffset Start(long hourTicks, ReportInterval interval)
    {
        DateTimeOffset hour = CarbonHours.Time(hourTicks);
        if (interval == ReportInterval.Hour)
        {
            return hour;
        }

        TimeZoneInfo zone = accounting.Value.Zone;
        DateTime local = TimeZoneInfo.ConvertTime(hour, zone).DateTime;
        return AtMidnight(interval == ReportInterval.Day ? local.Date : new DateTime(local.Year, local.Month, 1), zone);
    }

    private DateTimeOffset End(DateTimeOffset start, ReportInterval interval)
    {
        if (interval == ReportInterval.Hour)
        {
            return start.AddHours(1);
        }

        TimeZoneInfo zone = accounting.Value.Zone;
        DateTime local = TimeZoneInfo.ConvertTime(start, zone).Date;
        return AtMidnight(interval == ReportInterval.Day ? local.AddDays(1) : local.AddMonths(1), zone);
    }

    private static DateTimeOffset AtMidnight(DateTime date, TimeZoneInfo zone)
    {
        // Where clocks skip midnight the day begins with the first moment that there is.
        while (zone.IsInvalidTime(date))
        {
            date = date.AddMinutes(30);
        }

        return new DateTimeOffset(date, zone.GetUtcOffset(date));
    }

    /// <summary>What the hours of one row have in common.</summary>
    private sealed record Key(
        string Zone, string Source, int? Year, string FactorType, string GasBasis, double Pue, bool PueAssumed, string DataQuality, Guid? Restatement, Guid? SupersededBy)
    {
        public static Key Of(ConsumedHourOfDevice hour)
        {
            CarbonFactor factor = hour.Factor;
            string quality = factor switch
            {
                { Step: CarbonSteps.StaleCache } => "stand-in",
                { Step: CarbonSteps.CountryTable or CarbonSteps.WorldAverage, Estimated: true } => "stand-in",
                { Step: CarbonSteps.CountryTable or CarbonSteps.WorldAverage } => "yearly average",
                { Forecast: true } => "forecast",
                { Estimated: true } => "estimated",
                { Step: CarbonSteps.Stated } => "stated",
                _ => "measured",
            };
            return new Key(factor.Zone, factor.Source, factor.Year, factor.FactorType, factor.GasBasis, factor.Pue, factor.PueAssumed, quality, hour.Restatement, hour.SupersededBy);
        }
    }
}
