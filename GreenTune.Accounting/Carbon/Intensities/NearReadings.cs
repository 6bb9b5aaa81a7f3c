using GreenTune.Core.Carbon;

namespace GreenTune.Accounting.Carbon.Intensities;

/// <summary>Finds the readings that an hour's chain looks at without going through all of them: a report of a year asks for 8,760 hours.</summary>
internal sealed class NearReadings<TSignal>
    where TSignal : IIntensitySignal
{
    private static readonly TimeSpan Short = TimeSpan.FromHours(1);
    private static readonly TimeSpan Back = IntensityChain.DefaultStaleLimit + Short;

    private readonly IntensityReading<TSignal>[][] _short;
    private readonly IntensityReading<TSignal>[][] _long;

    public NearReadings(IReadOnlyList<IReadOnlyList<IntensityReading<TSignal>>> bySource)
    {
        _short = [.. bySource.Select(source => source.Where(reading => reading.To - reading.From <= Short).OrderBy(reading => reading.From).ToArray())];
        _long = [.. bySource.Select(source => source.Where(reading => reading.To - reading.From > Short).ToArray())];
    }

    /// <summary>Of each source what reaches from the stale limit before the hour to its end.</summary>
    public IEnumerable<IEnumerable<IntensityReading<TSignal>>> Of(DateTimeOffset hour)
    {
        for (int i = 0; i < _short.Length; i++)
        {
            int first = FirstFrom(_short[i], hour - Back);
            int end = FirstFrom(_short[i], hour.AddHours(1));
            yield return _short[i][first..end].Concat(_long[i].Where(reading => reading.To > hour - Back && reading.From < hour.AddHours(1)));
        }
    }

    private static int FirstFrom(IntensityReading<TSignal>[] sorted, DateTimeOffset from)
    {
        int low = 0;
        int high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (sorted[middle].From < from)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
