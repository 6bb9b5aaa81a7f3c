using GreenTune.Accounting.Store;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Carbon.Restatements;

/// <summary>Which factor a restatement gives an hour's figures of one factor: of several restatements the latest.</summary>
internal sealed class RestatedFactors
{
    private readonly Dictionary<(long Hour, int Old), (PricedFactor New, Guid Restatement)> _factors = [];

    private RestatedFactors()
    {
    }

    public static RestatedFactors None { get; } = new();

    /// <summary>Restatements that are in force for some hour of the span.</summary>
    public IEnumerable<Guid> Restatements => _factors.Values.Select(value => value.Restatement).Distinct();

    /// <summary>Null where there is no restatement of that hour and factor.</summary>
    public (PricedFactor New, Guid Restatement)? Find(long startedTicks, int oldFactor) =>
        _factors.TryGetValue((CarbonHours.Ticks(startedTicks), oldFactor), out var found) ? found : null;

    /// <summary>Those of the hours of a span.</summary>
    public static async Task<RestatedFactors> ReadAsync(AccountingDb db, CarbonPricing pricing, long fromTicks, long toTicks, CancellationToken cancellation)
    {
        long first = CarbonHours.Ticks(fromTicks);
        var rows = await db.RestatedHours.AsNoTracking()
            .Where(row => row.HourTicks >= first && row.HourTicks < toTicks)
            .Join(db.Restatements, row => row.Number, head => head.Number, (row, head) => new { row.HourTicks, row.OldFactorId, row.NewFactorId, row.Number, head.Id })
            .OrderBy(row => row.Number)
            .ToListAsync(cancellation);
        var factors = new RestatedFactors();
        foreach (var row in rows)
        {
            factors._factors[(row.HourTicks, row.OldFactorId)] = (await pricing.ByIdAsync(row.NewFactorId, cancellation), row.Id);
        }

        return factors;
    }
}
