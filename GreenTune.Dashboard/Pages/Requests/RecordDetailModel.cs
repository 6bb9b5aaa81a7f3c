using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Records;

namespace GreenTune.Dashboard.Pages.Requests;

/// <summary>One record, ready to be shown.</summary>
public sealed class RecordDetailModel(RecordView view, LocalTimes times)
{
    private RequestRecord Record => view.Record;

    private EnergyFigures Energy => view.Record.Energy;

    public ConfigurationName Configuration { get; } = ConfigurationName.Parse(view.Record.ConfigurationId);

    public Figure? Joules => Energy.Joules is { } joules ? Figures.Energy(joules) : null;

    public string? JoulesRange => Figures.IntervalOf(Energy.Joules, Energy.RelativeUncertainty) is { } interval ? Figures.Range(interval, Unit.Joule) : null;

    /// <summary>Why there is no figure; null when there is one.</summary>
    public string? Reason => RecordRow.ReasonOf(Energy);

    public Figure? Grams => view.CO2e is { } grams ? Figures.Carbon(grams) : null;

    public string GramsNote => $"{Figures.Significant(view.Factor.Intensity.Value)} g/kWh, PUE {Figures.Trimmed(view.Factor.Pue)}";

    public Figure? PerToken => Energy.Joules is { } joules && Record.OutputTokens > 0 ? Figures.Of(joules.Value / Record.OutputTokens, Unit.Joule) : null;

    /// <summary>Prefill, decode and idle share of the record's joules; empty when there are none.</summary>
    public IReadOnlyList<SplitPart> Parts
    {
        get
        {
            if (Energy.Joules is not { Value: > 0 } total)
            {
                return [];
            }

            var scale = UnitScale.For(total.Value, Unit.Joule);
            return
            [
                Part("prefill", "Prefill", Energy.PrefillJoules, "var(--c1)"),
                Part("decode", "Decode", Energy.DecodeJoules, "var(--c3)"),
                Part("idle", "Idle share", Energy.IdleJoules, "var(--c6)"),
            ];

            SplitPart Part(string key, string label, Joules? joules, string colour) => joules is { } part
                ? new(key, label, scale.Figure(part.Value).ToString(), Math.Max(0, part.Value / total.Value), colour)
                : new(key, label, Energy.Reasons.GetValueOrDefault(key + "Joules") ?? Figures.NotMeasured, 0, colour, Known: false);
        }
    }

    public bool HasTrace => Record.PowerTrace.Count > 1;

    public double TraceFrom => Math.Min(0, Record.PowerTrace.Count > 0 ? Record.PowerTrace[0].OffsetSeconds : 0);

    public double TraceTo => Math.Max(Record.DurationSeconds, Record.PowerTrace.Count > 0 ? Record.PowerTrace[^1].OffsetSeconds : 0);

    public double? BaselineWatts => Record.BaselineWatts?.Value;

    public IReadOnlyList<TracePoint> Trace => Record.PowerTrace;

    /// <summary>Prefill and decode along the trace; the whole request when the end of prefill is not known.</summary>
    public IReadOnlyList<TraceRegion> Regions => Record.PrefillEndOffsetSeconds is { } prefillEnd && prefillEnd < Record.DurationSeconds
        ? [new(0, prefillEnd, "Prefill", "var(--c1)"), new(prefillEnd, Record.DurationSeconds, "Decode", "var(--c3)")]
        : [new(0, Record.DurationSeconds, "Request", "var(--c3)")];

    private UnitScale TimeScale => UnitScale.ForAxis(Math.Max(TraceTo, -TraceFrom), Ticks.StepOf(Ticks.Inside(TraceFrom, TraceTo, 5)), Unit.Second);

    /// <summary>A tick of the trace's axis, which counts from the request's start.</summary>
    public string TimeLabel(double seconds) => Math.Abs(seconds) < 1e-9 ? $"0{Typography.NoBreakSpace}{TimeScale.Symbol}" : TimeScale.Number(seconds);

    public string TraceDescription =>
        $"Power around the request, from {TimeLabel(TraceFrom)} to {TimeScale.Figure(TraceTo)} after its start"
        + (BaselineWatts is { } watts ? $", idle baseline {Figures.Power(watts)}" : string.Empty);

    public ChartTable TraceTable => new(
        [new($"Offset, {TimeScale.Symbol}", true), new("Power, W", true)],
        [.. Record.PowerTrace.Select(IReadOnlyList<ChartCell> (p) => [ChartCell.Number(p.OffsetSeconds, TimeScale with { Decimals = TimeScale.Decimals + 1 }), ChartCell.Number(p.Watts, 2)])]);

    /// <summary>Everything else that is known, by group.</summary>
    public IReadOnlyList<(string Group, IReadOnlyList<(string Name, string Value)> Facts)> Facts =>
    [
        ("Request", RequestFacts()),
        ("Time", TimeFacts()),
        ("Measurement", MeasurementFacts()),
        ("Carbon", CarbonFacts()),
    ];

    /// <summary>Why a figure is missing or weaker, by its name.</summary>
    public IReadOnlyList<(string Name, string Reason)> Reasons => [.. Energy.Reasons.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => (r.Key, r.Value))];

    private List<(string, string)> RequestFacts()
    {
        List<(string, string)> facts = [("Asked for", Record.RequestedModel), ("Answered by", Record.ConfigurationId)];
        Add(facts, "Degraded from", Record.DegradedFrom);
        facts.Add(("Tenant", Record.Tenant));
        Add(facts, "Session", Record.Session);
        facts.Add(("Tokens in / out", $"{Figures.Count(Record.InputTokens)} / {Figures.Count(Record.OutputTokens)}"));
        facts.Add(("Finish reason", Record.FinishReason + (Record.Streamed ? ", streamed" : string.Empty)));
        facts.Add(("Record", Record.Id));
        Add(facts, "Trace", Record.TraceId);
        Add(facts, "Instance", Record.Instance);
        return facts;
    }

    private List<(string, string)> TimeFacts()
    {
        List<(string, string)> facts = [("Started", times.Full(Record.StartedAt)), ("Queued", Figures.Duration(Record.QueueSeconds).ToString())];
        facts.Add(("First token after", Record.TimeToFirstTokenSeconds is { } first ? Figures.Duration(first).ToString() : "no output"));
        facts.Add(("Duration", Figures.Duration(Record.DurationSeconds).ToString()));
        if (Record.OutputTokens > 0 && Record.DurationSeconds > 0)
        {
            facts.Add(("Tokens/s", Figures.Rate(Record.OutputTokens / Record.DurationSeconds)));
        }

        Add(facts, "Mean requests in flight", Record.MeanRowsInFlight is { } rows ? Figures.Significant(rows) : null);
        return facts;
    }

    private List<(string, string)> MeasurementFacts()
    {
        List<(string, string)> facts = [("Meter", MeterNames.Display(Energy.Meter))];
        Add(facts, "Boundary", Energy.Boundary);
        Add(facts, "Device", Energy.Device);
        Add(facts, "Relative uncertainty", Energy.RelativeUncertainty is { } relative ? $"{Figures.Percent(relative)} (one sigma)" : null);
        Add(facts, "Active", Energy.ActiveJoules is { } active ? Figures.Energy(active).ToString() : null);
        Add(facts, "GPU", Energy.Components.Gpu is { } gpu ? Figures.Energy(gpu).ToString() : null);
        Add(facts, "CPU", Energy.Components.Cpu is { } cpu ? Figures.Energy(cpu).ToString() : null);
        Add(facts, "Memory", Energy.Components.Dram is { } dram ? Figures.Energy(dram).ToString() : null);
        facts.Add(("Method", Energy.MethodVersion));
        return facts;
    }

    private List<(string, string)> CarbonFacts()
    {
        var factor = view.Factor;
        List<(string, string)> facts =
        [
            ("Intensity", $"{Figures.Significant(factor.Intensity.Value)} g{factor.GasBasis}/kWh, {factor.FactorType}, {(factor.Signal == CarbonSignal.Average ? "average" : "marginal")}"),
            ("Zone", factor.ZoneName),
            ("Source", $"{factor.Source}{(factor.Year is { } year ? $" {year}" : string.Empty)}, {factor.Licence}"),
            ("PUE", Figures.Trimmed(factor.Pue)),
        ];
        Add(facts, "Estimated", factor.Estimated ? factor.Reason ?? "yes" : null);
        facts.Add(("Method", factor.MethodVersion));
        return facts;
    }

    private static void Add(List<(string, string)> facts, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            facts.Add((name, value));
        }
    }
}
