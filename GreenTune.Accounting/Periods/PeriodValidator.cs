using GreenTune.Accounting.Records;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Periods;

/// <summary>Checks one energy period from outside.</summary>
internal static class PeriodValidator
{
    /// <summary>The buckets are sums of many doubles; they may miss the total by this much of it (design section 4.3 asks 1e-9 of the meter).</summary>
    public const double BalanceTolerance = 1e-6;

    private const int MaxText = 100;
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>Why the period cannot be true; null when it may be stored.</summary>
    public static string? Problem(EnergyPeriod period, DateTimeOffset now)
    {
        var findings = new Findings();
        findings.Require(Text(period.Id), $"id is not 1 to {MaxText} printable characters.");
        findings.Require(Text(period.Device), $"device is not 1 to {MaxText} printable characters.");
        findings.Require(period.Instance is null || Text(period.Instance), $"instance is not 1 to {MaxText} printable characters.");
        findings.Require(Enum.IsDefined(period.Quality), $"quality is not known.");
        findings.Require(period.To > period.From, $"to is not after from.");
        findings.Require(period.To - period.From <= Longest, $"the period is longer than a day.");
        findings.Require(period.To <= now + RecordValidator.ClockTolerance, $"to is {period.To:u}, more than 5 minutes in the future.");

        (string Name, double Joules)[] buckets =
        [
            ("active", period.Active.Value), ("idleShare", period.IdleShare.Value), ("idle", period.Idle.Value), ("unattributed", period.Unattributed.Value), ("other", period.Other.Value),
        ];
        bool finite = double.IsFinite(period.Total.Value) && buckets.All(bucket => double.IsFinite(bucket.Joules));
        findings.Require(finite, $"a bucket is not a finite number.");
        if (finite)
        {
            double sum = buckets.Sum(bucket => bucket.Joules);
            double scale = Math.Max(1, buckets.Sum(bucket => Math.Abs(bucket.Joules)));
            findings.Require(period.Total.Value >= 0, $"total is {period.Total.Value}; it cannot be below 0.");
            findings.Require(period.IdleShare.Value >= 0 && period.Other.Value >= 0, $"idleShare and other cannot be below 0.");
            findings.Require(Math.Abs(sum - period.Total.Value) <= BalanceTolerance * scale, $"the buckets sum to {sum}, the total is {period.Total.Value}.");
            findings.Require(period.Total.Value <= RecordValidator.MaxWatts * Math.Max(1, (period.To - period.From).TotalSeconds), $"total is more than {RecordValidator.MaxWatts} W over the period.");
        }

        return findings.Text;
    }

    private static bool Text(string? text) => Identifiers.IsText(text, MaxText);
}
