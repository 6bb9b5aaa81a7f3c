using System.Globalization;
using System.Text;
using GreenTune.Accounting.Reports;
using GreenTune.Core.Contracts;
using GreenTune.Core.Exports;

namespace GreenTune.Accounting.Exports;

/// <summary>Records as comma-separated values: one line each, units in the columns' names, an empty cell for what is not known.</summary>
internal static class RecordCsv
{
    private static readonly (string Name, Func<RecordView, string> Cell)[] Columns =
    [
        ("id", view => CsvText.Cell(view.Record.Id)),
        ("started_at", view => ReportCsv.Time(view.Record.StartedAt)),
        ("ended_at", view => ReportCsv.Time(view.Record.EndedAt)),
        ("tenant", view => CsvText.Cell(view.Record.Tenant)),
        ("session", view => CsvText.Cell(view.Record.Session)),
        ("requested_model", view => CsvText.Cell(view.Record.RequestedModel)),
        ("configuration", view => CsvText.Cell(view.Record.ConfigurationId)),
        ("degraded_from", view => CsvText.Cell(view.Record.DegradedFrom)),
        ("outcome", view => CsvText.Cell(Word(view.Record.Outcome))),
        ("finish_reason", view => CsvText.Cell(view.Record.FinishReason)),
        ("input_tokens", view => CsvText.Cell(view.Record.InputTokens)),
        ("output_tokens", view => CsvText.Cell(view.Record.OutputTokens)),
        ("queue_s", view => CsvText.Cell(view.Record.QueueSeconds)),
        ("time_to_first_token_s", view => CsvText.Cell(view.Record.TimeToFirstTokenSeconds)),
        ("duration_s", view => CsvText.Cell(view.Record.DurationSeconds)),
        ("mean_rows_in_flight", view => CsvText.Cell(view.Record.MeanRowsInFlight)),
        ("energy_j", view => CsvText.Cell(view.Record.Energy.Joules?.Value)),
        ("active_j", view => CsvText.Cell(view.Record.Energy.ActiveJoules?.Value)),
        ("prefill_j", view => CsvText.Cell(view.Record.Energy.PrefillJoules?.Value)),
        ("decode_j", view => CsvText.Cell(view.Record.Energy.DecodeJoules?.Value)),
        ("idle_share_j", view => CsvText.Cell(view.Record.Energy.IdleJoules?.Value)),
        ("gpu_j", view => CsvText.Cell(view.Record.Energy.Components.Gpu?.Value)),
        ("cpu_j", view => CsvText.Cell(view.Record.Energy.Components.Cpu?.Value)),
        ("dram_j", view => CsvText.Cell(view.Record.Energy.Components.Dram?.Value)),
        ("energy_relative_uncertainty", view => CsvText.Cell(view.Record.Energy.RelativeUncertainty)),
        ("energy_quality", view => CsvText.Cell(Word(view.Record.Energy.Quality))),
        ("phase_quality", view => CsvText.Cell(Word(view.Record.Energy.PhaseQuality))),
        ("boundary", view => CsvText.Cell(view.Record.Energy.Boundary)),
        ("meter", view => CsvText.Cell(view.Record.Energy.Meter)),
        ("device", view => CsvText.Cell(view.Record.Energy.Device)),
        ("instance", view => CsvText.Cell(view.Record.Instance)),
        ("energy_method", view => CsvText.Cell(view.Record.Energy.MethodVersion)),
        ("co2e_g", view => CsvText.Cell(view.CO2e?.Value)),
        ("intensity_g_per_kwh", view => CsvText.Cell(view.Factor.Intensity.Value)),
        ("pue", view => CsvText.Cell(view.Factor.Pue)),
        ("pue_assumed", view => Flag(view.Factor.PueAssumed)),
        ("zone", view => CsvText.Cell(view.Factor.Zone)),
        ("factor_source", view => CsvText.Cell(view.Factor.Source)),
        ("factor_licence", view => CsvText.Cell(view.Factor.Licence)),
        ("factor_year", view => CsvText.Cell(view.Factor.Year)),
        ("factor_step", view => CsvText.Cell(view.Factor.Step)),
        ("factor_estimated", view => Flag(view.Factor.Estimated)),
        ("factor_provisional", view => Flag(view.Factor.Provisional)),
        ("factor_type", view => CsvText.Cell(view.Factor.FactorType)),
        ("gas_basis", view => CsvText.Cell(view.Factor.GasBasis)),
        ("signal", view => CsvText.Cell(Word(view.Factor.Signal))),
        ("carbon_method", view => CsvText.Cell(view.Factor.MethodVersion)),
        ("restated_co2e_g", view => CsvText.Cell(view.Restated?.CO2e?.Value)),
        ("restated_intensity_g_per_kwh", view => CsvText.Cell(view.Restated?.Factor.Intensity.Value)),
        ("restated_pue", view => CsvText.Cell(view.Restated?.Factor.Pue)),
        ("restated_factor_source", view => CsvText.Cell(view.Restated?.Factor.Source)),
        ("restatement", view => CsvText.Cell(view.Restated?.Restatement.ToString())),
        ("trace_id", view => CsvText.Cell(view.Record.TraceId)),
    ];

    public static string Header { get; } = string.Join(',', Columns.Select(column => column.Name)) + CsvText.LineEnd;

    public static void Write(StringBuilder text, RecordView view)
    {
        for (int i = 0; i < Columns.Length; i++)
        {
            if (i > 0)
            {
                text.Append(',');
            }

            text.Append(Columns[i].Cell(view));
        }

        text.Append(CsvText.LineEnd);
    }

    private static string Flag(bool flag) => flag ? "true" : "false";

    private static string Word<T>(T value)
        where T : struct, Enum
    {
        string word = value.ToString();
        return char.ToLower(word[0], CultureInfo.InvariantCulture) + word[1..];
    }
}
