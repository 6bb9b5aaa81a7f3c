using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Records;

/// <summary>A record as a row of a table: flat, so that a grid can sort by any of it. Amounts are in base units.</summary>
public sealed record RecordRow
{
    public required string Id { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required ConfigurationName Configuration { get; init; }

    /// <summary>What the grid sorts the configuration by.</summary>
    public string ConfigurationLabel => Configuration.Label;

    public required string Tenant { get; init; }

    public required int InputTokens { get; init; }

    public required int OutputTokens { get; init; }

    public required double DurationSeconds { get; init; }

    public double? FirstTokenSeconds { get; init; }

    /// <summary>Output tokens over the whole duration; null without output.</summary>
    public double? TokensPerSecond { get; init; }

    public double? Joules { get; init; }

    /// <summary>Half-width of the 95 % interval of <see cref="Joules"/>.</summary>
    public double? JoulesHalfWidth { get; init; }

    public double? Grams { get; init; }

    public required EnergyQuality Quality { get; init; }

    public required string QualityTip { get; init; }

    /// <summary>"ok", "degraded", "cancelled", "failed" or "aborted".</summary>
    public required string Outcome { get; init; }

    public required ChipKind OutcomeKind { get; init; }

    public static RecordRow Of(RecordView view)
    {
        var record = view.Record;
        var (outcome, kind) = OutcomeOf(record);
        var interval = Figures.IntervalOf(record.Energy.Joules, record.Energy.RelativeUncertainty);
        return new RecordRow
        {
            Id = record.Id,
            StartedAt = record.StartedAt,
            Configuration = ConfigurationName.Parse(record.ConfigurationId),
            Tenant = record.Tenant,
            InputTokens = record.InputTokens,
            OutputTokens = record.OutputTokens,
            DurationSeconds = record.DurationSeconds,
            FirstTokenSeconds = record.TimeToFirstTokenSeconds,
            TokensPerSecond = record.OutputTokens > 0 && record.DurationSeconds > 0 ? record.OutputTokens / record.DurationSeconds : null,
            Joules = record.Energy.Joules?.Value,
            JoulesHalfWidth = interval is null ? null : interval.High - interval.Value,
            Grams = view.CO2e?.Value,
            Quality = record.Energy.Quality,
            QualityTip = ReasonOf(record.Energy) ?? MeterNames.Explain(record.Energy),
            Outcome = outcome,
            OutcomeKind = kind,
        };
    }

    /// <summary>A word and a colour for how a request ended; a budget's degrading is told even when the request completed.</summary>
    public static (string Text, ChipKind Kind) OutcomeOf(RequestRecord record) => record.Outcome switch
    {
        RequestOutcome.Cancelled => ("cancelled", ChipKind.Off),
        RequestOutcome.Failed => ("failed", ChipKind.Block),
        RequestOutcome.Aborted => ("aborted", ChipKind.Block),
        _ => record.DegradedFrom is null ? ("ok", ChipKind.Ok) : ("degraded", ChipKind.Degrade),
    };

    /// <summary>Why there is no figure; null when there is one.</summary>
    public static string? ReasonOf(EnergyFigures energy) =>
        energy.Joules is null ? energy.Reasons.GetValueOrDefault("joules") ?? "The service gave no reason." : energy.Reasons.GetValueOrDefault("quality");
}
