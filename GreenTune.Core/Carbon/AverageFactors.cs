using System.Globalization;
using GreenTune.Core.Contracts;

namespace GreenTune.Core.Carbon;

/// <summary>Carbon factors of the average signal by the hour: from the chain, or else from the yearly table, flagged.</summary>
public static class AverageFactors
{
    /// <summary>The factor of an hour.</summary>
    /// <param name="resolved">What the average chain found; null when it found nothing.</param>
    /// <param name="hour">Start of the hour, UTC.</param>
    /// <param name="table">The site's factor from the yearly table: its zone's name and PUE hold in any case.</param>
    /// <param name="hasLiveSource">A live source is set, so the table only stands in.</param>
    public static CarbonFactor At(ResolvedIntensity<AverageSignal>? resolved, DateTimeOffset hour, CarbonFactor table, bool hasLiveSource)
    {
        if (resolved is null)
        {
            return hasLiveSource
                ? table with
                {
                    Estimated = true,
                    Provisional = true,
                    Reason = Join($"No live source has a value of this hour, nor one of the {IntensityChain.DefaultStaleLimit.TotalHours:0} hours before; a yearly average stands in.", table.Reason),
                }
                : table;
        }

        IntensityReading<AverageSignal> basis = resolved.Basis;
        return table with
        {
            Intensity = resolved.Intensity,
            Zone = basis.Zone,
            ZoneName = table.ZoneName,
            Source = basis.Source,
            Licence = basis.Licence,
            Year = hour.UtcDateTime.Year,
            Signal = CarbonSignal.Average,
            FactorType = basis.FactorType,
            GasBasis = basis.GasBasis,
            Estimated = resolved.IsProvisional,
            Reason = Reason(resolved),
            Step = resolved.Step,
            ValidFrom = hour,
            ValidTo = hour.AddHours(1),
            Method = basis.Method,
            Forecast = resolved.IsForecast,
            UpdatedAt = basis.UpdatedAt,
            FetchedAt = basis.FetchedAt,
            AgeSeconds = resolved.Age.TotalSeconds,
            Provisional = resolved.IsProvisional,
            MethodVersion = MethodVersions.Carbon,
        };
    }

    private static string? Reason(ResolvedIntensity<AverageSignal> resolved)
    {
        if (resolved.Step == CarbonSteps.StaleCache)
        {
            string age = resolved.Age.TotalHours.ToString("0.#", CultureInfo.InvariantCulture);
            return $"The source has no value of this hour yet; the one of {resolved.Basis.From.UtcDateTime:yyyy-MM-dd HH:mm} UTC stands in, {age} h before it.";
        }

        string? reason = null;
        if (resolved.IsForecast)
        {
            reason = "The source's forecast of this hour stands in for its measured value.";
        }
        else if (resolved.IsEstimated)
        {
            reason = "The source estimated this hour.";
        }

        return resolved.Coverage < 1
            ? Join(reason, string.Create(CultureInfo.InvariantCulture, $"The source's values cover {100 * resolved.Coverage:0} % of the hour."))
            : reason;
    }

    private static string? Join(string? first, string? second) => first is null ? second : second is null ? first : $"{first} {second}";
}
