using GreenTune.Accounting.RollUps;

namespace GreenTune.Accounting.Summaries;

/// <summary>A span from its first tick to before its last.</summary>
internal readonly record struct Ticks(long From, long To);

/// <summary>
/// A span cut into whole UTC days and hours, which roll-ups answer, and what is left at its ends, which is added up from the records themselves. The parts
/// do not overlap and leave nothing out.
/// </summary>
/// <param name="RollUps">At most three: hours, days, hours.</param>
/// <param name="Edges">At most two, each shorter than an hour.</param>
internal sealed record SpanCover(IReadOnlyList<(RollUpLevel Level, Ticks Span)> RollUps, IReadOnlyList<Ticks> Edges)
{
    public static SpanCover Of(long from, long to)
    {
        var rollUps = new List<(RollUpLevel, Ticks)>();
        var edges = new List<Ticks>();
        void RollUp(RollUpLevel level, long start, long end)
        {
            if (start < end)
            {
                rollUps.Add((level, new Ticks(start, end)));
            }
        }

        void Edge(long start, long end)
        {
            if (start < end)
            {
                edges.Add(new Ticks(start, end));
            }
        }

        long firstHour = Ceiling(from, TimeSpan.TicksPerHour);
        long lastHour = Floor(to, TimeSpan.TicksPerHour);
        if (firstHour >= lastHour)
        {
            // No whole hour; two edges where an hour's bound lies between, since an edge is within one hour.
            long middle = Math.Clamp(firstHour, from, to);
            Edge(from, middle);
            Edge(middle, to);
            return new SpanCover(rollUps, edges);
        }

        Edge(from, firstHour);
        long firstDay = Ceiling(firstHour, TimeSpan.TicksPerDay);
        long lastDay = Floor(lastHour, TimeSpan.TicksPerDay);
        if (firstDay < lastDay)
        {
            RollUp(RollUpLevel.Hour, firstHour, firstDay);
            RollUp(RollUpLevel.Day, firstDay, lastDay);
            RollUp(RollUpLevel.Hour, lastDay, lastHour);
        }
        else
        {
            RollUp(RollUpLevel.Hour, firstHour, lastHour);
        }

        Edge(lastHour, to);
        return new SpanCover(rollUps, edges);
    }

    private static long Floor(long ticks, long unit) => ticks - ticks % unit;

    private static long Ceiling(long ticks, long unit) => Floor(ticks + unit - 1, unit);
}
