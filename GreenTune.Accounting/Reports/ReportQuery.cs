using GreenTune.Accounting.Http;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Reports;

/// <summary>What every report is asked with.</summary>
internal readonly record struct ReportQuery(DateTimeOffset From, DateTimeOffset To, CarbonView View, bool Csv)
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366 * 5);

    public static ReportQuery Of(QueryReader query, DateTimeOffset now)
    {
        DateTimeOffset? from = query.Time("from");
        DateTimeOffset to = query.Time("to") ?? now;
        CarbonView view = query.Word<CarbonView>("as") ?? CarbonView.Original;
        string format = query.Text("format") ?? "json";
        if (from is null && query.Text("from") is null)
        {
            query.Errors.Add("from", "from is needed: the start of the span, for example 2026-11-01T00:00:00Z.");
        }

        if (from >= to)
        {
            query.Errors.Add("to", "to is after from.");
        }
        else if (to - from > Longest)
        {
            query.Errors.Add("to", "A report covers at most five years.");
        }

        if (format is not ("json" or "csv"))
        {
            query.Errors.Add("format", "format is json or csv.");
        }

        return new ReportQuery(from ?? default, to, view, format == "csv");
    }

    /// <summary>Name of the file, with the span in it.</summary>
    public string FileName(string report) => FormattableString.Invariant($"greentune-{report}-{From.UtcDateTime:yyyyMMdd'T'HHmm}-{To.UtcDateTime:yyyyMMdd'T'HHmm}.csv");
}
