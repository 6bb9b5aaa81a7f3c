using System.IO.Compression;
using System.Text.Json;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.ThreeE;

/// <summary>Keeps measurement plans with all their samples.</summary>
internal sealed class PlanStore(StoreWriter writer, IDbContextFactory<AccountingDb> contexts)
{
    /// <summary>Stores a plan once; a known one is left as it is.</summary>
    public Task<(PlanSummary Summary, bool New)> AddAsync(MeasurementPlan plan, CancellationToken cancellation)
    {
        byte[] body = Compress(plan);
        return writer.WriteAsync(Durability.Flushed, async (db, token) =>
        {
            if (await db.Plans.AsNoTracking().SingleOrDefaultAsync(row => row.Id == plan.Id, token) is { } known)
            {
                return (Summary(known), false);
            }

            int number = (await db.Plans.MaxAsync(row => (int?)row.Number, token) ?? 0) + 1;
            PlanSummary summary = Summarise(plan, number);
            db.Plans.Add(new PlanRow
            {
                Id = plan.Id,
                Number = number,
                StartedTicks = plan.StartedAt.UtcTicks,
                Summary = JsonSerializer.Serialize(summary, ContractJson.Options),
                Body = body,
            });
            await db.SaveChangesAsync(token);
            return (summary, true);
        }, cancellation);
    }

    /// <summary>Summaries, newest first.</summary>
    public async Task<IReadOnlyList<PlanSummary>> ListAsync(CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        List<string> summaries = await Newest(db).Select(row => row.Summary).ToListAsync(cancellation);
        return [.. summaries.Select(Summary)];
    }

    /// <summary>The plan that started last, which scores come from; null when there is none.</summary>
    public async Task<PlanSummary?> LatestAsync(CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        string? summary = await Newest(db).Select(row => row.Summary).FirstOrDefaultAsync(cancellation);
        return summary is null ? null : Summary(summary);
    }

    public async Task<MeasurementPlan?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        byte[]? body = await db.Plans.Where(row => row.Id == id).Select(row => row.Body).SingleOrDefaultAsync(cancellation);
        return body is null ? null : Decompress(body);
    }

    private static IQueryable<PlanRow> Newest(AccountingDb db) => db.Plans.AsNoTracking().OrderByDescending(row => row.StartedTicks).ThenByDescending(row => row.Number);

    private static PlanSummary Summary(PlanRow row) => Summary(row.Summary);

    private static PlanSummary Summary(string json) => JsonSerializer.Deserialize<PlanSummary>(json, ContractJson.Options)!;

    private static PlanSummary Summarise(MeasurementPlan plan, int number) => new()
    {
        Id = plan.Id,
        Number = number,
        StartedAt = plan.StartedAt,
        EndedAt = plan.EndedAt,
        Workload = plan.Workload,
        ScoreMethod = plan.ScoreMethod,
        Repeats = plan.Repeats,
        Items = plan.Configurations.Max(configuration => configuration.ClosedLoop.Count),
        ScoredItems = plan.Configurations.Max(configuration => configuration.Correct.Count),
        OfferedRequestsPerSecond = plan.OfferedRequestsPerSecond,
        Reference = plan.Reference,
        Configurations = [.. plan.Configurations.Select(configuration => configuration.ConfigurationId)],
        Meter = plan.Meter,
        Quality = plan.Quality,
        MethodVersion = plan.MethodVersion,
    };

    private static byte[] Compress(MeasurementPlan plan)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Optimal))
        {
            JsonSerializer.Serialize(brotli, plan, ContractJson.Options);
        }

        return packed.ToArray();
    }

    private static MeasurementPlan Decompress(byte[] body)
    {
        using var brotli = new BrotliStream(new MemoryStream(body), CompressionMode.Decompress);
        return JsonSerializer.Deserialize<MeasurementPlan>(brotli, ContractJson.Options)!;
    }
}
