namespace GreenTune.Core.Budgets;

/// <summary>
/// A calendar day of a time zone as a span of instants, <paramref name="End"/> excluded. Days follow each other without gap or overlap; one with a
/// change of clocks is 23 or 25 hours long.
/// </summary>
/// <param name="Start">First instant of the day.</param>
/// <param name="End">First instant of the next day.</param>
public readonly record struct DayWindow(DateTimeOffset Start, DateTimeOffset End)
{
    public TimeSpan Length => End - Start;

    /// <summary>The day that <paramref name="instant"/> falls into.</summary>
    public static DayWindow At(DateTimeOffset instant, TimeZoneInfo zone)
    {
        DateOnly date = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, zone).DateTime);
        // Where clocks change close to midnight a wall date can come back after the next day has begun, or begin before its own midnight.
        if (instant >= StartOf(date.AddDays(1), zone))
        {
            date = date.AddDays(1);
        }
        else if (instant < StartOf(date, zone))
        {
            date = date.AddDays(-1);
        }

        return new DayWindow(StartOf(date, zone), StartOf(date.AddDays(1), zone));
    }

    public bool Contains(DateTimeOffset instant) => instant >= Start && instant < End;

    /// <summary>
    /// First instant of a date: its midnight; the change itself where clocks skip midnight; the first of two midnights where they repeat it.
    /// </summary>
    internal static DateTimeOffset StartOf(DateOnly date, TimeZoneInfo zone)
    {
        DateTime midnight = date.ToDateTime(TimeOnly.MinValue);
        TimeSpan offset;
        if (zone.IsInvalidTime(midnight))
        {
            // Read with the offset before the change, a skipped midnight is the instant of the change.
            DateTime before = midnight;
            do
            {
                before = before.AddMinutes(-30);
            }
            while (zone.IsInvalidTime(before));
            offset = zone.GetUtcOffset(before);
        }
        else
        {
            offset = zone.IsAmbiguousTime(midnight) ? zone.GetAmbiguousTimeOffsets(midnight).Max() : zone.GetUtcOffset(midnight);
        }

        var start = new DateTimeOffset(midnight, offset);
        return Begins(date, start, zone) ? start : Search(date, zone);
    }

    private static bool Begins(DateOnly date, DateTimeOffset at, TimeZoneInfo zone) => DateAt(at, zone) >= date && DateAt(at.AddTicks(-1), zone) < date;

    /// <summary>
    /// Where a whole day is left out, as Samoa's 30th of December 2011 when it changed sides of the date line, what the runtime says about wall times and about instants does not fit
    /// together. Instants are right.
    /// </summary>
    private static DateTimeOffset Search(DateOnly date, TimeZoneInfo zone)
    {
        // No clock is further than this from UTC, and all changes since 1972 are at full quarters of an hour.
        var reach = TimeSpan.FromHours(15);
        var quarter = TimeSpan.FromMinutes(15);
        DateTimeOffset at = new DateTimeOffset(date.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero) - reach;
        while (DateAt(at, zone) < date)
        {
            at += quarter;
        }

        return TimeZoneInfo.ConvertTime(at, zone);
    }

    private static DateOnly DateAt(DateTimeOffset at, TimeZoneInfo zone) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(at, zone).DateTime);
}
