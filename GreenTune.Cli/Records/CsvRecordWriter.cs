using System.Globalization;
using System.Text;
using GreenTune.Cli.Output;
using GreenTune.Core.Contracts;
using GreenTune.Core.Exports;

namespace GreenTune.Cli.Records;

/// <summary>
/// Comma-separated values by RFC 4180. An unknown figure is an empty cell, and the column "reasons" says why. A text that a spreadsheet would take for a
/// formula gets an apostrophe in front.
/// </summary>
internal sealed class CsvRecordWriter : IRecordWriter
{
    private static readonly (string Name, Func<RecordView, string?> Value)[] Columns =
    [
        ("id", v => Text(v.Record.Id)),
        ("started_at", v => Time(v.Record.StartedAt)),
        ("ended_at", v => Time(v.Record.EndedAt)),
        ("tenant", v => Text(v.Record.Tenant)),
        ("session", v => Text(v.Record.Session)),
        ("requested_model", v => Text(v.Record.RequestedModel)),
        ("configuration", v => Text(v.Record.ConfigurationId)),
        ("degraded_from", v => Text(v.Record.DegradedFrom)),
        ("outcome", v => Figures.Word(v.Record.Outcome)),
        ("finish_reason", v => Text(v.Record.FinishReason)),
        ("streamed", v => Switch(v.Record.Streamed)),
        ("input_tokens", v => Number(v.Record.InputTokens)),
        ("cached_input_tokens", v => Number(v.Record.CachedInputTokens)),
        ("output_tokens", v => Number(v.Record.OutputTokens)),
        ("queue_seconds", v => Number(v.Record.QueueSeconds)),
        ("time_to_first_token_seconds", v => Number(v.Record.TimeToFirstTokenSeconds)),
        ("duration_seconds", v => Number(v.Record.DurationSeconds)),
        ("mean_rows_in_flight", v => Number(v.Record.MeanRowsInFlight)),
        ("joules", v => Number(v.Record.Energy.Joules?.Value)),
        ("active_joules", v => Number(v.Record.Energy.ActiveJoules?.Value)),
        ("prefill_joules", v => Number(v.Record.Energy.PrefillJoules?.Value)),
        ("decode_joules", v => Number(v.Record.Energy.DecodeJoules?.Value)),
        ("idle_joules", v => Number(v.Record.Energy.IdleJoules?.Value)),
        ("gpu_joules", v => Number(v.Record.Energy.Components.Gpu?.Value)),
        ("cpu_joules", v => Number(v.Record.Energy.Components.Cpu?.Value)),
        ("dram_joules", v => Number(v.Record.Energy.Components.Dram?.Value)),
        ("relative_uncertainty_1_sigma", v => Number(v.Record.Energy.RelativeUncertainty)),
        ("quality", v => Figures.Word(v.Record.Energy.Quality)),
        ("phase_quality", v => Figures.Word(v.Record.Energy.PhaseQuality)),
        ("settled", v => Switch(v.Record.Energy.Settled)),
        ("boundary", v => Text(v.Record.Energy.Boundary)),
        ("meter", v => Text(v.Record.Energy.Meter)),
        ("device", v => Text(v.Record.Energy.Device)),
        ("baseline_watts", v => Number(v.Record.BaselineWatts?.Value)),
        ("energy_method", v => Text(v.Record.Energy.MethodVersion)),
        ("reasons", v => Text(string.Join("; ", v.Record.Energy.Reasons.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key}: {r.Value}")))),
        ("co2e_grams", v => Number(v.CO2e?.Value)),
        ("intensity_grams_per_kwh", v => Number(v.Factor.Intensity.Value)),
        ("pue", v => Number(v.Factor.Pue)),
        ("pue_assumed", v => Switch(v.Factor.PueAssumed)),
        ("zone", v => Text(v.Factor.Zone)),
        ("zone_name", v => Text(v.Factor.ZoneName)),
        ("intensity_source", v => Text(v.Factor.Source)),
        ("intensity_licence", v => Text(v.Factor.Licence)),
        ("intensity_year", v => Number(v.Factor.Year)),
        ("signal", v => Figures.Word(v.Factor.Signal)),
        ("factor_type", v => Text(v.Factor.FactorType)),
        ("gas_basis", v => Text(v.Factor.GasBasis)),
        ("intensity_estimated", v => Switch(v.Factor.Estimated)),
        ("intensity_reason", v => Text(v.Factor.Reason)),
        ("carbon_method", v => Text(v.Factor.MethodVersion)),
        ("trace_id", v => Text(v.Record.TraceId)),
        ("instance", v => Text(v.Record.Instance)),
        ("received_at", v => Time(v.ReceivedAt)),
    ];

    public string Header() => string.Join(',', Columns.Select(c => c.Name)) + CsvText.LineEnd;

    public void Append(StringBuilder lines, RecordView view) => lines.AppendJoin(',', Columns.Select(c => c.Value(view) ?? "")).Append(CsvText.LineEnd);

    private static string Text(string? text) => CsvText.Cell(text);

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    private static string Number(double? number) => CsvText.Cell(number);

    private static string Switch(bool value) => value ? "true" : "false";
}
