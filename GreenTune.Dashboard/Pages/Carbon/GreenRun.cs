using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Dashboard.Pages.Carbon;

/// <summary>Hours of a forecast that follow one another.</summary>
/// <param name="From">Where they begin.</param>
/// <param name="To">Where they end.</param>
/// <param name="Mean">Their mean, weighted by time.</param>
public sealed record GreenRun(DateTimeOffset From, DateTimeOffset To, GramsPerKilowattHour Mean)
{
    /// <summary>The greenest hours, joined where they touch, greenest first and the earlier one of equals.</summary>
    public static IReadOnlyList<GreenRun> Of(IEnumerable<ForecastHour> greenest)
    {
        var runs = new List<List<ForecastHour>>();
        foreach (var hour in greenest.OrderBy(h => h.From))
        {
            if (runs.Count > 0 && runs[^1][^1].To == hour.From)
            {
                runs[^1].Add(hour);
            }
            else
            {
                runs.Add([hour]);
            }
        }

        return [.. runs.Select(run => new GreenRun(run[0].From, run[^1].To, MeanOf(run))).OrderBy(run => run.Mean.Value).ThenBy(run => run.From)];
    }

    /// <summary>Mean of some hours, weighted by time.</summary>
    public static GramsPerKilowattHour MeanOf(IReadOnlyList<ForecastHour> hours) =>
        new(hours.Sum(h => h.Intensity.Value * (h.To - h.From).TotalHours) / hours.Sum(h => (h.To - h.From).TotalHours));
}
