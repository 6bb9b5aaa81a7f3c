using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Carbon.Intensities;
using GreenTune.Accounting.Store;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Reports;

/// <summary>Software Carbon Intensity of a span by design section 4.5: (E x I + M) / R, hour by hour.</summary>
internal sealed class SciReports(ConsumedEnergy energy, MarginalIntensities marginal, IDbContextFactory<AccountingDb> contexts, IOptions<CarbonOptions> options)
{
    public async Task<SciReport> MakeAsync(DateTimeOffset from, DateTimeOffset to, SciUnit per, CarbonSignal signal, CarbonView view, CancellationToken cancellation)
    {
        var reasons = new Dictionary<string, string>(StringComparer.Ordinal);
        (IReadOnlyList<ConsumedHourOfDevice> hours, IReadOnlyCollection<string> defaultGains) = await energy.ReadAsync(from, to, view, cancellation);
        if (signal == CarbonSignal.Marginal)
        {
            hours = await MarginalAsync(hours, reasons, cancellation);
        }

        long units = await UnitsAsync(from.UtcTicks, to.UtcTicks, per, reasons, cancellation);
        if (defaultGains.Count > 0)
        {
            reasons["uncertainty"] = FormattableString.Invariant($"No record says the gain error of {string.Join(", ", defaultGains)}; {100 * ConsumedEnergy.DefaultGain} % of reading is taken.");
        }

        double seconds = (to - from).TotalSeconds;
        var coverage = hours.GroupBy(hour => hour.Device, StringComparer.Ordinal).ToDictionary(device => device.Key, device => Math.Min(1, device.Sum(hour => hour.Seconds) / seconds), StringComparer.Ordinal);
        (IReadOnlyList<EmbodiedPart> embodied, GramsCO2e? m) = Embodied(hours, reasons);
        if (hours.Count == 0)
        {
            reasons.TryAdd("joules", "No energy period has arrived in the span; SCI is about all energy of the reserved devices, which records of requests alone do not give.");
            return Report(null, null, null);
        }

        Interval joules = ConsumedEnergy.Total(hours, _ => 1);
        Interval operational = ConsumedEnergy.Total(hours, hour => OperationalCarbon.GramsPerJoule(hour.Factor));
        return Report(joules, operational, m);

        SciReport Report(Interval? all, Interval? grams, GramsCO2e? embodiedGrams)
        {
            double it = hours.Sum(hour => hour.Joules.Value);
            double facility = hours.Sum(hour => hour.Joules.Value * hour.Factor.Pue);
            return new SciReport
            {
                From = from,
                To = to,
                Per = per,
                Units = units,
                As = view,
                Signal = signal,
                Joules = all,
                KilowattHours = all is null ? null : new Joules(facility).KilowattHours,
                Pue = it > 0 ? facility / it : null,
                PueAssumed = hours.Any(hour => hour.Factor.PueAssumed),
                Intensity = facility > 0 ? new GramsPerKilowattHour(hours.Sum(hour => hour.Joules.Value * hour.Factor.Pue * hour.Factor.Intensity.Value) / facility) : null,
                OperationalGrams = grams,
                EmbodiedGrams = embodiedGrams,
                Embodied = embodied,
                OperationalGramsPerUnit = grams is { } operationalGrams ? SoftwareCarbonIntensity.Of(operationalGrams, GramsCO2e.Zero, units) : null,
                GramsPerUnit = grams is { } o && embodiedGrams is { } e ? SoftwareCarbonIntensity.Of(o, e, units) : null,
                Coverage = coverage,
                EstimatedShare = it > 0 ? hours.Where(hour => hour.Factor.Estimated).Sum(hour => hour.Joules.Value) / it : null,
                Quality = hours.Count > 0 ? hours.Min(hour => hour.Quality) : EnergyQuality.None,
                Sources = Sources(hours),
                Reasons = reasons,
                MethodVersion = MethodVersions.Carbon,
            };
        }
    }

    /// <summary>Sources of a report's intensities, with how much energy each stands for.</summary>
    public static IReadOnlyList<FactorSource> Sources(IEnumerable<ConsumedHourOfDevice> hours) =>
    [
        .. hours.GroupBy(hour => (hour.Factor.Source, hour.Factor.Licence, hour.Factor.Zone, hour.Factor.Year, hour.Factor.FactorType, hour.Factor.GasBasis, hour.Factor.Step, hour.Factor.Estimated))
            .Select(group => new FactorSource(
                group.Key.Source, group.Key.Licence, group.Key.Zone, group.Key.Year, group.Key.FactorType, group.Key.GasBasis, group.Key.Step, group.Key.Estimated,
                new Joules(group.Sum(hour => hour.Joules.Value * hour.Factor.Pue)).KilowattHours))
            .OrderByDescending(source => source.KilowattHours),
    ];

    // The two signals never stand in one sum: with the marginal one, hours without a marginal value are left out and said, never filled with averages.
    private async Task<IReadOnlyList<ConsumedHourOfDevice>> MarginalAsync(IReadOnlyList<ConsumedHourOfDevice> hours, Dictionary<string, string> reasons, CancellationToken cancellation)
    {
        var values = await marginal.AtAsync([.. hours.Select(hour => hour.HourTicks).Distinct()], cancellation);
        if (hours.Any(hour => !values.ContainsKey(hour.HourTicks)))
        {
            reasons["joules"] = $"{marginal.Reason} An SCI with marginal intensities needs one for every hour.";
            return [];
        }

        return [.. hours.Select(hour => hour with
        {
            Factor = hour.Factor with
            {
                Intensity = values[hour.HourTicks].Intensity,
                Signal = CarbonSignal.Marginal,
                Zone = values[hour.HourTicks].Basis.Zone,
                Source = values[hour.HourTicks].Basis.Source,
                Licence = values[hour.HourTicks].Basis.Licence,
                FactorType = values[hour.HourTicks].Basis.FactorType,
                GasBasis = values[hour.HourTicks].Basis.GasBasis,
                Step = values[hour.HourTicks].Step,
                Estimated = values[hour.HourTicks].IsProvisional,
            },
        })];
    }

    private async Task<long> UnitsAsync(long from, long to, SciUnit per, Dictionary<string, string> reasons, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        Served served = per == SciUnit.Sessions ? default : await HourlyEnergy.ServedAsync(db, from, to, cancellation);
        long units = per switch
        {
            SciUnit.Requests => served.Completed,
            SciUnit.Tokens => served.InputTokens + served.OutputTokens,
            SciUnit.OutputTokens => served.OutputTokens,
            _ => await db.Sessions.LongCountAsync(session => session.LastTicks >= from && session.FirstTicks < to, cancellation),
        };
        if (units == 0)
        {
            reasons["gramsPerUnit"] = per == SciUnit.Sessions ? "No request of the span named a session (x-greentune-session)." : "Nothing was served in the span, so there is nothing to divide by.";
        }

        return units;
    }

    private (IReadOnlyList<EmbodiedPart> Parts, GramsCO2e? Total) Embodied(IReadOnlyList<ConsumedHourOfDevice> hours, Dictionary<string, string> reasons)
    {
        var parts = new List<EmbodiedPart>();
        var missing = new List<string>();
        foreach (var device in hours.GroupBy(hour => hour.Device, StringComparer.Ordinal))
        {
            EmbodiedOptions[] own = [.. options.Value.Embodied.Where(entry => string.Equals(entry.Device, device.Key, StringComparison.OrdinalIgnoreCase))];
            EmbodiedOptions[] entries = own.Length > 0 ? own : [.. options.Value.Embodied.Where(entry => entry.Device == "*")];
            if (entries.Length == 0)
            {
                missing.Add(device.Key);
                continue;
            }

            TimeSpan reserved = TimeSpan.FromSeconds(device.Sum(hour => hour.Seconds));
            foreach (EmbodiedOptions entry in entries)
            {
                EmbodiedHardware hardware = entry.Hardware is { } id
                    ? EmbodiedTable.Find(id)!
                    : new EmbodiedHardware("stated", "stated by the site", new GramsCO2e(entry.Kilograms!.Value * 1000), entry.Year, entry.Source!, IsEstimate: false);
                parts.Add(new EmbodiedPart(
                    device.Key, hardware.Name, hardware.Total, reserved.TotalSeconds, entry.Lifetime.TotalSeconds, entry.ResourcesReserved / entry.ResourcesTotal,
                    EmbodiedCarbon.Share(hardware.Total, reserved, entry.Lifetime, entry.ResourcesReserved, entry.ResourcesTotal), hardware.Source, hardware.Year, hardware.IsEstimate));
            }
        }

        if (missing.Count > 0)
        {
            reasons["embodiedGrams"] = $"Carbon:Embodied has no figure for {string.Join(", ", missing)}; without M there is no SCI, only its operational part.";
            return (parts, null);
        }

        return (parts, new GramsCO2e(parts.Sum(part => part.Grams.Value)));
    }
}
