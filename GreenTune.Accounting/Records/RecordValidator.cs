using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;
using GreenTune.Core.Units;

namespace GreenTune.Accounting.Records;

/// <summary>What the configuration says of records.</summary>
/// <param name="MaxWatts">Above this mean power no device of this site could have served a request.</param>
/// <param name="KeptFrom">Older records are taken away, so one that comes now would be counted again; null where all are kept.</param>
internal readonly record struct RecordLimits(double MaxWatts, DateTimeOffset? KeptFrom = null);

/// <summary>Checks one record from outside. A record that is refused is not sent again, so only what cannot be true is refused.</summary>
internal static class RecordValidator
{
    /// <summary>Clocks of two machines may differ by this much.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    /// <summary>More tokens than any context holds.</summary>
    public const int MaxTokens = 10_000_000;

    public const int MaxTracePoints = 240;

    /// <summary>Longest request, in seconds: a day.</summary>
    public const double MaxSeconds = 86_400;

    /// <summary>Above this mean power no single machine could have served the request.</summary>
    public const double MaxWatts = 100_000;

    /// <summary>How far a sound record may be above its device's limit.</summary>
    private const double LimitTolerance = 1.2;

    private const int MaxText = 200;
    private const int MaxReasons = 32;
    private const int MaxReason = 500;

    private static readonly DateTimeOffset Earliest = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Why the record cannot be true, one sentence for each problem; null when it may be stored.</summary>
    public static string? Problem(RequestRecord record, DateTimeOffset now, RecordLimits limits)
    {
        var findings = new Findings();
        findings.Require(Identifiers.IsRequest(record.Id), $"id is not {Identifiers.RequestForm}.");
        findings.Require(Identifiers.IsTenant(record.Tenant), $"tenant is not {Identifiers.TenantForm}.");
        findings.Require(record.Session is null || Identifiers.IsSession(record.Session), $"session is not {Identifiers.SessionForm}.");
        findings.Require(Identifiers.IsConfiguration(record.ConfigurationId), $"configurationId is not {Identifiers.ConfigurationForm}.");
        findings.Require(record.DegradedFrom is null || Identifiers.IsConfiguration(record.DegradedFrom), $"degradedFrom is not {Identifiers.ConfigurationForm}.");
        findings.Require(Text(record.RequestedModel), $"requestedModel is not 1 to {MaxText} printable characters.");
        findings.Require(Text(record.FinishReason), $"finishReason is not 1 to {MaxText} printable characters.");
        findings.Require(record.Instance is null || Text(record.Instance), $"instance is not 1 to {MaxText} printable characters.");
        findings.Require(Enum.IsDefined(record.Outcome), $"outcome is not known.");
        findings.Require(record.TraceId is null || Hexadecimal(record.TraceId, 32), $"traceId is not 32 lower-case hex digits.");
        findings.Require(record.SpanId is null || Hexadecimal(record.SpanId, 16), $"spanId is not 16 lower-case hex digits.");

        findings.Require(record.StartedAt >= Earliest, $"startedAt is {record.StartedAt:u}, before 2020.");
        findings.Require(limits.KeptFrom is not { } kept || record.StartedAt >= kept, $"startedAt is {record.StartedAt:u}, older than the records that are kept (Accounting:RecordRetentionDays).");
        findings.Require(record.StartedAt <= now + ClockTolerance, $"startedAt is {record.StartedAt:u}, more than 5 minutes in the future.");
        findings.Require(record.EndedAt <= now + ClockTolerance, $"endedAt is {record.EndedAt:u}, more than 5 minutes in the future.");
        findings.Require(record.EndedAt >= record.StartedAt, $"endedAt is before startedAt.");

        findings.Require(record.InputTokens is >= 0 and <= MaxTokens, $"inputTokens is {record.InputTokens}; it can be 0 to {MaxTokens}.");
        findings.Require(record.CachedInputTokens is null || (record.CachedInputTokens >= 0 && record.CachedInputTokens <= record.InputTokens), $"cachedInputTokens is {record.CachedInputTokens}; it can be 0 to inputTokens ({record.InputTokens}) or null.");
        findings.Require(record.OutputTokens is >= 0 and <= MaxTokens, $"outputTokens is {record.OutputTokens}; it can be 0 to {MaxTokens}.");
        findings.Require(Seconds(record.DurationSeconds), $"durationSeconds is {record.DurationSeconds}; it can be 0 to {MaxSeconds}.");
        findings.Require(Seconds(record.QueueSeconds), $"queueSeconds is {record.QueueSeconds}; it can be 0 to {MaxSeconds}.");
        findings.Require(record.TimeToFirstTokenSeconds is null || Seconds(record.TimeToFirstTokenSeconds.Value), $"timeToFirstTokenSeconds is {record.TimeToFirstTokenSeconds}; it can be 0 to {MaxSeconds}.");
        findings.Require(record.MeanRowsInFlight is null or (>= 0 and <= 1e6), $"meanRowsInFlight is {record.MeanRowsInFlight}; it can be 0 to 1000000.");
        findings.Require(record.PrefillEndOffsetSeconds is null || Math.Abs(record.PrefillEndOffsetSeconds.Value) <= MaxSeconds, $"prefillEndOffsetSeconds is {record.PrefillEndOffsetSeconds}.");
        findings.Require(record.BaselineWatts is null || record.BaselineWatts.Value.Value is >= 0 and <= MaxWatts, $"baselineWatts is {record.BaselineWatts?.Value}; it can be 0 to {MaxWatts}.");
        findings.Require(record.DeviceLimit is null || record.DeviceLimit.Value.Value is > 0 and <= MaxWatts, $"deviceLimit is {record.DeviceLimit?.Value}; it is above 0 and at most {MaxWatts}.");
        CheckTrace(record, findings);
        CheckEnergy(record, limits, findings);
        return findings.Text;
    }

    private static void CheckTrace(RequestRecord record, Findings findings)
    {
        findings.Require(record.PowerTrace.Count <= MaxTracePoints, $"powerTrace has {record.PowerTrace.Count} points; it can have {MaxTracePoints}.");
        findings.Require(record.PowerTrace.Count == 0 || record.PowerTrace.Take(MaxTracePoints).All(point => point is not null && Math.Abs(point.OffsetSeconds) <= MaxSeconds && point.Watts is >= 0 and <= MaxWatts),
            $"powerTrace has a point that is out of range.");
    }

    private static void CheckEnergy(RequestRecord record, RecordLimits limits, Findings findings)
    {
        EnergyFigures energy = record.Energy;
        findings.Require(Enum.IsDefined(energy.Quality) && Enum.IsDefined(energy.PhaseQuality), $"energy.quality is not known.");
        findings.Require(Text(energy.MethodVersion), $"energy.methodVersion is missing.");
        findings.Require((energy.Boundary is null || Text(energy.Boundary)) && (energy.Meter is null || Text(energy.Meter)) && (energy.Device is null || Text(energy.Device)),
            $"energy.boundary, energy.meter and energy.device are 1 to {MaxText} printable characters or null.");
        findings.Require(energy.Reasons.Count <= MaxReasons && energy.Reasons.All(reason => reason.Key.Length <= MaxText && reason.Value?.Length is > 0 and <= MaxReason),
            $"energy.reasons has more than {MaxReasons} entries, or one that is empty or longer than {MaxReason} characters.");

        ReadOnlySpan<(string Name, double? Value)> figures =
        [
            ("joules", energy.Joules?.Value), ("activeJoules", energy.ActiveJoules?.Value), ("prefillJoules", energy.PrefillJoules?.Value), ("decodeJoules", energy.DecodeJoules?.Value),
            ("idleJoules", energy.IdleJoules?.Value), ("components.gpu", energy.Components.Gpu?.Value), ("components.cpu", energy.Components.Cpu?.Value), ("components.dram", energy.Components.Dram?.Value),
        ];
        bool finite = true;
        foreach ((string name, double? value) in figures)
        {
            bool sound = value is null || double.IsFinite(value.Value);
            findings.Require(sound, $"energy.{name} is not a finite number.");
            finite &= sound;
        }

        if (energy.Joules is not { Value: var joules } || !finite)
        {
            findings.Require(energy.Joules is not null || energy.Quality == EnergyQuality.None || energy.Reasons.ContainsKey("joules"), $"energy.joules is null without a reason in energy.reasons.");
            return;
        }

        findings.Require(joules >= 0, $"energy.joules is {joules}; it cannot be below 0.");
        findings.Require(energy.Quality != EnergyQuality.None, $"energy.quality is none although energy.joules is there.");
        findings.Require(energy.IdleJoules is null || energy.IdleJoules.Value.Value >= 0, $"energy.idleJoules is {energy.IdleJoules?.Value}; it cannot be below 0.");
        // The meter's block may be longer than the request, so a very short one is given a second.
        findings.Require(joules <= limits.MaxWatts * Math.Max(1, record.DurationSeconds), $"energy.joules is {joules} in {record.DurationSeconds} s, more than {limits.MaxWatts} W.");
        if (record.DeviceLimit is { Value: > 0 } limit)
        {
            // A driver holds its limit over a moving average, and its sensor may read 5 % too much.
            double most = LimitTolerance * limit.Value * (record.DurationSeconds + 1);
            findings.Require(joules <= most, $"energy.joules is {joules} in {record.DurationSeconds} s, more than the device's limit of {limit.Value} W allows.");
        }

        foreach ((string name, Joules? component) in (ReadOnlySpan<(string, Joules?)>)[("gpu", energy.Components.Gpu), ("cpu", energy.Components.Cpu), ("dram", energy.Components.Dram)])
        {
            findings.Require(component is null || component.Value.Value >= 0, $"energy.components.{name} is {component?.Value}; it cannot be below 0.");
        }

        CheckUncertainty(energy, findings);
    }

    private static void CheckUncertainty(EnergyFigures energy, Findings findings)
    {
        findings.Require(energy.Uncertainty is not null || energy.RelativeUncertainty is not null, $"energy.uncertainty or energy.relativeUncertainty is needed beside energy.joules.");
        findings.Require(energy.RelativeUncertainty is null or (>= 0 and <= 1000), $"energy.relativeUncertainty is {energy.RelativeUncertainty}; it can be 0 to 1000.");
        if (energy.Uncertainty is { } parts)
        {
            bool sound = parts.GainRelative is >= 0 and <= 10 && parts.BaselineSigma.Value is >= 0 and <= MaxWatts && parts.Independent.Value is >= 0 and <= 1e12
                && Math.Abs(parts.BaselineSensitivitySeconds) <= MaxSeconds && Math.Abs(parts.ActiveBaselineSensitivitySeconds) <= MaxSeconds;
            findings.Require(sound, $"energy.uncertainty has a part that is out of range.");
            if (!sound)
            {
                return;
            }
        }

        if (UncertainSum.OfActiveJoules(energy) is { Value: < 0 } active && !BaselineWasWrong(energy))
        {
            findings.Require(active.Value >= -3 * active.StandardUncertainty,
                $"energy.activeJoules is {active.Value}, below -3 sigma ({-3 * active.StandardUncertainty}); only a record that is modelled with the reason baseline may be.");
        }
    }

    /// <summary>Such a record is known for what it is (design section 4.2): modelled, and the reason names the baseline. An estimated one stays estimated, the weaker of the two.</summary>
    private static bool BaselineWasWrong(EnergyFigures energy) => energy.Quality is EnergyQuality.Modelled or EnergyQuality.Estimated
        && energy.Reasons.Any(reason => reason.Key == "baseline" || reason.Value.Contains("baseline", StringComparison.OrdinalIgnoreCase));

    private static bool Seconds(double value) => value is >= 0 and <= MaxSeconds;

    private static bool Text(string? text) => Identifiers.IsText(text, MaxText);

    private static bool Hexadecimal(string text, int length) => text.Length == length && text.All(char.IsAsciiHexDigitLower);
}
