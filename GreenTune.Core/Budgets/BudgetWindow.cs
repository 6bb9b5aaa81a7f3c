using GreenTune.Core.Contracts;

namespace GreenTune.Core.Budgets;

/// <summary>
/// The span of instants that a budget counts at a moment, <paramref name="End"/> excluded. Calendar windows of one kind follow each other without gap or overlap;
/// around a change of clocks a day has 23 or 25 hours, a week and a month that much less or more, and an hour may be cut where the change falls into it.
/// A rolling window is a whole number of <paramref name="Step"/>s, the last of which has not ended yet: what was used leaves at the end of the step that holds
/// it, so at most one step late, never early.
/// </summary>
/// <param name="Start">First instant.</param>
/// <param name="End">First instant after it.</param>
/// <param name="Step">Length of the slices that sums are kept for; the window itself where it is one of the calendar.</param>
public readonly record struct BudgetWindow(DateTimeOffset Start, DateTimeOffset End, TimeSpan Step)
{
    public TimeSpan Length => End - Start;

    /// <summary>The window at <paramref name="instant"/>.</summary>
    /// <param name="period">How long it is.</param>
    /// <param name="kind">Calendar or rolling.</param>
    /// <param name="zone">Whose calendar; a rolling window has none.</param>
    /// <param name="instant">The moment.</param>
    public static BudgetWindow At(BudgetPeriod period, BudgetWindowKind kind, TimeZoneInfo zone, DateTimeOffset instant)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return kind == BudgetWindowKind.Rolling ? Rolling(period, instant) : Calendar(period, zone, instant);
    }

    public bool Contains(DateTimeOffset instant) => instant >= Start && instant < End;

    /// <summary>The slices that the window consists of, oldest first.</summary>
    public IEnumerable<(DateTimeOffset Start, DateTimeOffset End)> Slices()
    {
        for (DateTimeOffset start = Start; start < End; start += Step)
        {
            yield return (start, start + Step);
        }
    }

    /// <summary>Length of a rolling window: an hour, 24 hours, seven or thirty days.</summary>
    public static TimeSpan LengthOf(BudgetPeriod period) => period switch
    {
        BudgetPeriod.Hour => TimeSpan.FromHours(1),
        BudgetPeriod.Day => TimeSpan.FromDays(1),
        BudgetPeriod.Week => TimeSpan.FromDays(7),
        BudgetPeriod.Month => TimeSpan.FromDays(30),
        _ => throw new ArgumentOutOfRangeException(nameof(period), period, "Not a budget's period."),
    };

    /// <summary>Steps of a rolling window: 60 to 120 of them.</summary>
    public static TimeSpan StepOf(BudgetPeriod period) => period switch
    {
        BudgetPeriod.Hour => TimeSpan.FromMinutes(1),
        BudgetPeriod.Day => TimeSpan.FromMinutes(15),
        BudgetPeriod.Week => TimeSpan.FromHours(2),
        BudgetPeriod.Month => TimeSpan.FromHours(6),
        _ => throw new ArgumentOutOfRangeException(nameof(period), period, "Not a budget's period."),
    };

    private static BudgetWindow Rolling(BudgetPeriod period, DateTimeOffset instant)
    {
        TimeSpan step = StepOf(period);
        var floor = new DateTimeOffset(instant.UtcTicks - instant.UtcTicks % step.Ticks, TimeSpan.Zero);
        return new BudgetWindow(floor - LengthOf(period), floor + step, step);
    }

    private static BudgetWindow Calendar(BudgetPeriod period, TimeZoneInfo zone, DateTimeOffset instant)
    {
        if (period == BudgetPeriod.Hour)
        {
            return Hour(zone, instant);
        }

        // The day first: it knows where clocks skip or repeat midnight.
        DateTimeOffset dayStart = DayWindow.At(instant, zone).Start;
        var date = DateOnly.FromDateTime(dayStart.DateTime);
        (DateOnly first, DateOnly next) = period switch
        {
            BudgetPeriod.Day => (date, date.AddDays(1)),
            BudgetPeriod.Week => (date.AddDays(-DaysSinceMonday(date)), date.AddDays(7 - DaysSinceMonday(date))),
            BudgetPeriod.Month => (new DateOnly(date.Year, date.Month, 1), new DateOnly(date.Year, date.Month, 1).AddMonths(1)),
            _ => throw new ArgumentOutOfRangeException(nameof(period), period, "Not a budget's period."),
        };
        DateTimeOffset start = DayWindow.StartOf(first, zone);
        DateTimeOffset end = DayWindow.StartOf(next, zone);
        return new BudgetWindow(start, end, end - start);
    }

    private static int DaysSinceMonday(DateOnly date) => ((int)date.DayOfWeek + 6) % 7;

    private static BudgetWindow Hour(TimeZoneInfo zone, DateTimeOffset instant)
    {
        TimeSpan offset = zone.GetUtcOffset(instant);
        DateTime local = instant.ToOffset(offset).DateTime;
        var start = new DateTimeOffset(local.AddTicks(-(local.Ticks % TimeSpan.TicksPerHour)), offset);
        DateTimeOffset end = start.AddHours(1);
        // Nearly all zones change their clocks at a full hour; where one does not, the hour is cut at the change.
        if (zone.GetUtcOffset(start) != offset)
        {
            start = Change(zone, start, instant).ToOffset(offset);
        }

        if (zone.GetUtcOffset(end.AddTicks(-1)) != offset)
        {
            end = Change(zone, instant, end);
        }

        return new BudgetWindow(start, end, end - start);
    }

    /// <summary>First instant after <paramref name="before"/> that has the offset of <paramref name="after"/>, found by halving.</summary>
    private static DateTimeOffset Change(TimeZoneInfo zone, DateTimeOffset before, DateTimeOffset after)
    {
        long low = before.UtcTicks, high = after.UtcTicks;
        TimeSpan offset = zone.GetUtcOffset(new DateTimeOffset(high, TimeSpan.Zero));
        while (high - low > 1)
        {
            long middle = low + (high - low) / 2;
            if (zone.GetUtcOffset(new DateTimeOffset(middle, TimeSpan.Zero)) == offset)
            {
                high = middle;
            }
            else
            {
                low = middle;
            }
        }

        return new DateTimeOffset(high, TimeSpan.Zero).ToOffset(offset);
    }
}
