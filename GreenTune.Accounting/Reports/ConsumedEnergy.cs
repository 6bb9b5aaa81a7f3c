using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Carbon.Restatements;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Reports;

/// <summary>Energy of one device in one hour, with the hour's factor.</summary>
/// <param name="HourTicks">Start of the hour.</param>
/// <param name="Device">The device.</param>
/// <param name="Joules">All of its energy, whoever caused it, with what the sensor's gain error adds.</param>
/// <param name="Seconds">For how long it was metered.</param>
/// <param name="Quality">Of the meter.</param>
/// <param name="Factor">The hour's factor, original or restated.</param>
/// <param name="Restatement">The restatement that gave the factor.</param>
/// <param name="SupersededBy">The restatement that there is of an original factor.</param>
internal sealed record ConsumedHourOfDevice(
    long HourTicks, string Device, UncertainSum Joules, double Seconds, EnergyQuality Quality, CarbonFactor Factor, Guid? Restatement, Guid? SupersededBy);

/// <summary>All energy of the reserved devices by the hour, which SCI and scope 2 are about: what requests caused is only a part of it.</summary>
internal sealed class ConsumedEnergy(IDbContextFactory<AccountingDb> contexts, CarbonPricing pricing)
{
    /// <summary>
    /// Gain error where no record of a device says one: 5 % of reading, what is published of NVML's sensors (arXiv 2312.02741).
    /// </summary>
    public const double DefaultGain = 0.05;

    /// <summary>Hours of a span in order of time.</summary>
    /// <returns>The hours, and the devices whose gain error is the default.</returns>
    public async Task<(IReadOnlyList<ConsumedHourOfDevice> Hours, IReadOnlyCollection<string> DefaultGains)> ReadAsync(DateTimeOffset from, DateTimeOffset to, CarbonView view, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        IReadOnlyList<DeviceHour> devices = await HourlyEnergy.OfDevicesAsync(db, from.UtcTicks, to.UtcTicks, cancellation);
        if (devices.Count == 0)
        {
            return ([], []);
        }

        Dictionary<string, double> gains = await HourlyEnergy.GainsAsync(db, from.UtcTicks, to.UtcTicks, cancellation);
        var factors = await pricing.PastAsync([.. devices.Select(hour => hour.HourTicks).Distinct()], cancellation);
        RestatedFactors restated = await RestatedFactors.ReadAsync(db, pricing, from.UtcTicks, to.UtcTicks, cancellation);
        var hours = new List<ConsumedHourOfDevice>(devices.Count);
        foreach (DeviceHour hour in devices.OrderBy(hour => hour.HourTicks).ThenBy(hour => hour.Device, StringComparer.Ordinal))
        {
            (int? id, CarbonFactor factor) = factors[hour.HourTicks];
            var found = id is { } known ? restated.Find(hour.HourTicks, known) : null;
            bool use = view == CarbonView.Restated && found is not null;
            double gain = gains.GetValueOrDefault(hour.Device, DefaultGain);
            hours.Add(new ConsumedHourOfDevice(
                hour.HourTicks, hour.Device, new UncertainSum(hour.Joules, gain * hour.Joules, 0, 0), hour.Seconds, hour.Quality,
                use ? found!.Value.New.Factor : factor, use ? found!.Value.Restatement : null, use ? null : found?.Restatement));
        }

        return (hours, [.. devices.Select(hour => hour.Device).Distinct().Where(device => !gains.ContainsKey(device))]);
    }

    /// <summary>
    /// Sum over devices with its 95 % interval. A sensor's gain error is the same in every hour, so a device's hours add linearly and more of them make it no smaller;
    /// devices have sensors of their own and add in quadrature.
    /// </summary>
    public static Interval Total(IEnumerable<ConsumedHourOfDevice> hours, Func<ConsumedHourOfDevice, double> factor) => UncertainSum.Total(hours
        .GroupBy(hour => hour.Device, hour => hour.Joules * factor(hour), StringComparer.Ordinal)
        .Select(device => device.Aggregate((a, b) => a + b)));
}
