using System.Collections.Concurrent;
using System.Text.Json;
using GreenTune.Accounting.Store;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Carbon;

/// <summary>A factor that records are priced with, and its number in the books.</summary>
internal sealed record PricedFactor(int Id, CarbonFactor Factor)
{
    public double GramsPerJoule { get; } = OperationalCarbon.GramsPerJoule(Factor);
}

/// <summary>
/// Which carbon factor is in force, and which one a stored record was priced with. The factor comes from the yearly table today; live sources will change
/// <see cref="InForce"/> by the hour. Thread-safe.
/// </summary>
internal sealed class CarbonPricing(CarbonTable table, IOptions<CarbonOptions> options, IDbContextFactory<AccountingDb> contexts, StoreWriter writer)
{
    private readonly ConcurrentDictionary<int, PricedFactor> _known = new();
    private readonly CarbonFactor _configured = table.FactorFor(options.Value.Zone, options.Value.Pue);
    private volatile PricedFactor? _inForce;

    /// <summary>The configured factor, without its number in the books.</summary>
    public CarbonFactor Configured => _configured;

    /// <summary>The factor in force; there once <see cref="OpenAsync"/> has run at the service's start.</summary>
    public PricedFactor InForce => _inForce ?? throw new InvalidOperationException("The books have not been opened yet.");

    /// <summary>The factor that <paramref name="id"/> stands for.</summary>
    public async ValueTask<PricedFactor> ByIdAsync(int id, CancellationToken cancellation)
    {
        if (_known.TryGetValue(id, out PricedFactor? factor))
        {
            return factor;
        }

        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        string json = await db.Factors.Where(row => row.Id == id).Select(row => row.Factor).SingleAsync(cancellation);
        return _known.GetOrAdd(id, new PricedFactor(id, JsonSerializer.Deserialize<CarbonFactor>(json, ContractJson.Options)!));
    }

    /// <summary>Enters the configured factor into the books when it is new there.</summary>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        string json = JsonSerializer.Serialize(_configured, ContractJson.Options);
        int id = await writer.WriteAsync(Durability.Flushed, async (db, token) =>
        {
            FactorRow? row = await db.Factors.SingleOrDefaultAsync(factor => factor.Factor == json, token);
            if (row is null)
            {
                row = new FactorRow { Factor = json };
                db.Factors.Add(row);
                await db.SaveChangesAsync(token);
            }

            return row.Id;
        }, cancellation);
        _inForce = _known.GetOrAdd(id, new PricedFactor(id, _configured));
    }
}
