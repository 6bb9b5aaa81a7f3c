using GreenTune.Accounting.Http;
using GreenTune.Core.Budgets;

namespace GreenTune.Accounting.Summaries;

/// <summary>The span that a summary covers and the one before it, each without its end.</summary>
internal readonly record struct SummarySpan(DateTimeOffset From, DateTimeOffset To, DateTimeOffset PreviousFrom, DateTimeOffset PreviousTo)
{
    private const string Today = "today";

    /// <summary>
    /// From `period`, or from `from` and `to`. Today runs from local midnight until now and is compared with yesterday from its midnight for as long;
    /// 7d and 30d run back from now, from the beginning of the hour in which they began, where the hourly roll-ups begin too.
    /// </summary>
    public static SummarySpan Of(QueryReader query, TimeZoneInfo zone, DateTimeOffset now)
    {
        string? period = query.Text("period");
        DateTimeOffset? from = query.Time("from");
        DateTimeOffset? to = query.Time("to");
        if (from is not null || to is not null)
        {
            if (period is not null)
            {
                query.Errors.Add("period", "Give a period, or from and to, not both.");
            }

            return Between(query, from, to ?? now);
        }

        switch (period ?? Today)
        {
            case Today:
                DayWindow day = DayWindow.At(now, zone);
                DayWindow yesterday = DayWindow.At(day.Start.AddTicks(-1), zone);
                DateTimeOffset sameHour = yesterday.Start + (now - day.Start);
                return new SummarySpan(day.Start, now, yesterday.Start, sameHour < day.Start ? sameHour : day.Start);
            case "7d":
                return Back(now, TimeSpan.FromDays(7));
            case "30d":
                return Back(now, TimeSpan.FromDays(30));
            default:
                query.Errors.Add("period", "The period is today, 7d or 30d; other spans are given by from and to.");
                return default;
        }
    }

    private static SummarySpan Between(QueryReader query, DateTimeOffset? from, DateTimeOffset to)
    {
        if (from is not { } start)
        {
            query.Errors.Add("from", "from is needed beside to, for example 2026-11-19T00:00:00Z.");
            return default;
        }

        if (start >= to)
        {
            query.Errors.Add("to", "to is after from.");
            return default;
        }

        return new SummarySpan(start, to, start - (to - start), start);
    }

    private static SummarySpan Back(DateTimeOffset now, TimeSpan length)
    {
        DateTimeOffset from = now - length;
        from = from.AddTicks(-(from.UtcTicks % TimeSpan.TicksPerHour));
        return new SummarySpan(from, now, from - length, now - length);
    }
}
