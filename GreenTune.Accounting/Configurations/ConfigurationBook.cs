using System.Text.Json;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Configurations;

/// <summary>Which configurations have served on which devices, and what they were seen to cost there. The latest report of a pair is kept.</summary>
internal sealed class ConfigurationBook(StoreWriter writer, IDbContextFactory<AccountingDb> contexts, TimeProvider clock)
{
    private const string ScopeKey = "configurations";

    /// <returns>Reports that were kept; the others were older than what is there.</returns>
    /// <exception cref="StoreUnavailableException">Nothing was stored; send them again.</exception>
    public Task<int> StoreAsync(IReadOnlyCollection<ConfigurationReport> reports, CancellationToken cancellation) =>
        writer.WriteAsync(Durability.Relaxed, WriteScope.Of(ScopeKey), async (db, token) =>
        {
            string[] ids = [.. reports.Select(report => report.Id).Distinct()];
            Dictionary<(string, string), ConfigurationRow> there = await db.Configurations.Where(row => ids.Contains(row.Id)).ToDictionaryAsync(row => (row.Id, row.Device), token);
            long now = clock.GetUtcNow().UtcTicks;
            int kept = 0;
            foreach (ConfigurationReport report in reports)
            {
                if (!there.TryGetValue((report.Id, report.Device), out ConfigurationRow? row))
                {
                    row = new ConfigurationRow { Id = report.Id, Device = report.Device, Model = "", Precision = "", Provider = "", FirstSeenTicks = now };
                    there.Add((row.Id, row.Device), row);
                    db.Configurations.Add(row);
                }
                else if (row.AtTicks > report.At.UtcTicks)
                {
                    continue;
                }

                Set(row, report, now);
                kept++;
            }

            await db.SaveChangesAsync(token);
            return kept;
        }, cancellation);

    /// <param name="id">One configuration; null for all.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async Task<IReadOnlyList<StoredConfiguration>> ListAsync(string? id, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        List<ConfigurationRow> rows = await Rows(db, id).ToListAsync(cancellation);
        return [.. Sorted(rows).Select(row => new StoredConfiguration(Report(row), At(row.FirstSeenTicks), At(row.LastSeenTicks)))];
    }

    /// <param name="id">One configuration; null for all.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async Task<IReadOnlyList<StoredProfile>> ProfilesAsync(string? id, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        List<ConfigurationRow> rows = await Rows(db, id).Where(row => row.Profile != null).ToListAsync(cancellation);
        return [.. Sorted(rows).Select(row => new StoredProfile(row.Device, At(row.ProfileTicks!.Value), JsonSerializer.Deserialize<ConfigurationProfile>(row.Profile!, ContractJson.Options)!))];
    }

    private static IQueryable<ConfigurationRow> Rows(AccountingDb db, string? id) => db.Configurations.AsNoTracking().Where(row => id == null || row.Id == id);

    // Sorted here, since databases differ in how they compare text.
    private static IEnumerable<ConfigurationRow> Sorted(IEnumerable<ConfigurationRow> rows) => rows.OrderBy(row => row.Id, StringComparer.Ordinal).ThenBy(row => row.Device, StringComparer.Ordinal);

    private static void Set(ConfigurationRow row, ConfigurationReport report, long now)
    {
        row.Model = report.Model;
        row.Precision = report.Precision;
        row.Provider = report.Provider;
        // A configuration that is not in memory does not know its size; it has not changed for that.
        row.Parameters = report.Parameters ?? row.Parameters;
        row.WeightBytes = report.WeightBytes ?? row.WeightBytes;
        row.ContextLength = report.ContextLength ?? row.ContextLength;
        row.Instance = report.Instance;
        row.AtTicks = report.At.UtcTicks;
        row.LastSeenTicks = now;
        if (report.Profile is not null)
        {
            row.Profile = JsonSerializer.Serialize(report.Profile, ContractJson.Options);
            row.ProfileTicks = report.At.UtcTicks;
        }
    }

    private static ConfigurationReport Report(ConfigurationRow row) => new()
    {
        Id = row.Id,
        Device = row.Device,
        Model = row.Model,
        Precision = row.Precision,
        Provider = row.Provider,
        Parameters = row.Parameters,
        WeightBytes = row.WeightBytes,
        ContextLength = row.ContextLength,
        Instance = row.Instance,
        At = At(row.AtTicks),
    };

    private static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);
}
