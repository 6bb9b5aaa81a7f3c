using GreenTune.Accounting.Records;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.ThreeE;

/// <summary>Keeps the ThreeE settings; every change makes a new version, and the old ones stay.</summary>
internal sealed class SettingsStore(StoreWriter writer, IDbContextFactory<AccountingDb> contexts, TimeProvider clock)
{
    public async Task<ThreeESettings> CurrentAsync(CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        return await CurrentAsync(db, cancellation);
    }

    /// <summary>Saves checked settings as a new version.</summary>
    /// <returns>The version in force, and whether it is the one just saved: it is not when an older version was edited.</returns>
    public Task<(ThreeESettings Settings, bool Saved)> SaveAsync(ThreeESettingsInput input, CancellationToken cancellation) => writer.WriteAsync(Durability.Flushed, async (db, token) =>
    {
        ThreeESettings current = await CurrentAsync(db, token);
        if (input.Version is { } edited && edited != current.Version)
        {
            return (current, false);
        }

        var row = new SettingsRow
        {
            Version = current.Version + 1,
            EnergyWeight = input.Weights.Energy,
            EfficiencyWeight = input.Weights.Efficiency,
            EffectivenessWeight = input.Weights.Effectiveness,
            Floor = input.Floor,
            Reference = input.Reference,
            Pinned = input.Pinned,
            UpdatedTicks = clock.GetUtcNow().UtcTicks,
        };
        db.Settings.Add(row);
        await db.SaveChangesAsync(token);
        return (ToSettings(row), true);
    }, cancellation);

    private static async Task<ThreeESettings> CurrentAsync(AccountingDb db, CancellationToken cancellation) =>
        await db.Settings.AsNoTracking().OrderByDescending(row => row.Version).FirstOrDefaultAsync(cancellation) is { } row ? ToSettings(row) : ThreeESettings.Default;

    private static ThreeESettings ToSettings(SettingsRow row) => new()
    {
        Weights = new ThreeEWeights(row.EnergyWeight, row.EfficiencyWeight, row.EffectivenessWeight),
        Floor = row.Floor,
        Reference = row.Reference,
        Pinned = row.Pinned,
        Version = row.Version,
        UpdatedAt = RecordMapping.Time(row.UpdatedTicks),
    };
}
