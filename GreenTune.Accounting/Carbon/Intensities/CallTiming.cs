using GreenTune.Accounting.Carbon.Sources;

namespace GreenTune.Accounting.Carbon.Intensities;

/// <summary>When a source is asked next. Pure.</summary>
internal static class CallTiming
{
    public static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan LongestBackOff = TimeSpan.FromHours(1);
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(24);

    /// <summary>What somebody has to mend is not worth asking for often.</summary>
    public static readonly TimeSpan AfterRefusal = TimeSpan.FromHours(1);

    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(2);

    /// <summary>
    /// After an answer: a little into the next period, so that there is one call per zone and period. The jitter keeps all services of the world from calling
    /// in the same second.
    /// </summary>
    /// <param name="now">Now.</param>
    /// <param name="period">Of the values.</param>
    /// <param name="jitter">0 to 1.</param>
    public static DateTimeOffset AfterSuccess(DateTimeOffset now, TimeSpan period, double jitter)
    {
        long next = (now.UtcTicks / period.Ticks + 1) * period.Ticks;
        TimeSpan most = period / 10 < LongestDelay ? period / 10 : LongestDelay;
        return new DateTimeOffset(next, TimeSpan.Zero) + most * jitter;
    }

    /// <summary>After a failure: doubling from half a minute to an hour, each wait 50 to 100 % of that; never before what the source asked for.</summary>
    /// <param name="now">Now.</param>
    /// <param name="failures">Failures in a row, this one included.</param>
    /// <param name="failure">What happened.</param>
    /// <param name="retryAfter">What the source asked for.</param>
    /// <param name="jitter">0 to 1.</param>
    public static DateTimeOffset AfterFailure(DateTimeOffset now, int failures, SourceFailure failure, TimeSpan? retryAfter, double jitter)
    {
        double factor = Math.Pow(2, Math.Clamp(failures - 1, 0, 20));
        TimeSpan wait = TimeSpan.FromSeconds(Math.Min(FirstBackOff.TotalSeconds * factor, LongestBackOff.TotalSeconds));
        if (failure == SourceFailure.Refused)
        {
            wait = AfterRefusal;
        }

        wait *= 0.5 + 0.5 * jitter;
        TimeSpan asked = retryAfter is { } long_ ? long_ < LongestRetryAfter ? long_ : LongestRetryAfter : TimeSpan.Zero;
        return now + (asked > wait ? asked : wait);
    }
}

/// <summary>Random numbers from 0 to 1 for spreading calls.</summary>
internal sealed class CarbonJitter(Func<double>? next = null)
{
    private readonly Func<double> _next = next ?? Random.Shared.NextDouble;

    public double Next() => _next();
}
