using GreenTune.Accounting.Records;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Accounting.Carbon.Restatements;

/// <summary>Records as people see them: with the figure that they came with, and on demand with the restated one beside it.</summary>
internal static class RecordViews
{
    public static async Task<IReadOnlyList<RecordView>> OfAsync(AccountingDb db, CarbonPricing pricing, IReadOnlyList<RecordRow> rows, CarbonView view, CancellationToken cancellation)
    {
        RestatedFactors restated = view == CarbonView.Restated && rows.Count > 0
            ? await RestatedFactors.ReadAsync(db, pricing, rows.Min(row => row.StartedTicks), rows.Max(row => row.StartedTicks) + 1, cancellation)
            : RestatedFactors.None;
        var views = new List<RecordView>(rows.Count);
        foreach (RecordRow row in rows)
        {
            RecordView original = RecordMapping.ToView(row, (await pricing.ByIdAsync(row.FactorId, cancellation)).Factor);
            views.Add(restated.Find(row.StartedTicks, row.FactorId) is { } found
                ? original with
                {
                    Restated = new RestatedCarbon(found.Restatement, row.Joules is { } joules ? new GramsCO2e(joules * found.New.GramsPerJoule) : null, found.New.Factor),
                }
                : original);
        }

        return views;
    }
}
