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
        var problems = new List<string>();
        void Require(bool sound, FormattableString problem)
        {
            if (!sound)
            {
                problems.Add(FormattableString.Invariant(problem));
            }
        }

        Require(Text(period.Id), $"id is not 1 to {MaxText} printable characters.");
        Require(Text(period.Device), $"device is not 1 to {MaxText} printable characters.");
        Require(period.Instance is null || Text(period.Instance), $"instance is not 1 to {MaxText} printable characters.");
        Require(Enum.IsDefined(period.Quality), $"quality is not known.");
        Require(period.To > period.From, $"to is not after from.");
        Require(period.To - period.From <= Longest, $"the period is longer than a day.");
        Require(period.To <= now + RecordValidator.ClockTolerance, $"to is {period.To:u}, more than 5 minutes in the future.");

        (string Name, double Joules)[] buckets =
        [
            ("active", period.Active.Value), ("idleShare", period.IdleShare.Value), ("idle", period.Idle.Value), ("unattributed", period.Unattributed.Value), ("other", period.Other.Value),
        ];
        bool finite = double.IsFinite(period.Total.Value) && buckets.All(bucket => double.IsFinite(bucket.Joules));
        Require(finite, $"a bucket is not a finite number.");
        if (finite)
        {
            double sum = buckets.Sum(bucket => bucket.Joules);
            double scale = Math.Max(1, buckets.Sum(bucket => Math.Abs(bucket.Joules)));
            Require(period.Total.Value >= 0, $"total is {period.Total.Value}; it cannot be below 0.");
            Require(period.IdleShare.Value >= 0 && period.Other.Value >= 0, $"idleShare and other cannot be below 0.");
            Require(Math.Abs(sum - period.Total.Value) <= BalanceTolerance * scale, $"the buckets sum to {sum}, the total is {period.Total.Value}.");
            Require(period.Total.Value <= RecordValidator.MaxWatts * Math.Max(1, (period.To - period.From).TotalSeconds), $"total is more than {RecordValidator.MaxWatts} W over the period.");
        }

        return problems.Count == 0 ? null : string.Join(" ", problems);
    }

    private static bool Text(string? text) => text is { Length: >= 1 and <= MaxText } && !text.Any(char.IsControl);
}
