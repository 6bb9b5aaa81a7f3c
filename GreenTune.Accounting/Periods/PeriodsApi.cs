using GreenTune.Accounting.Http;
using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Periods;

/// <summary>/api/periods: where the devices' energy went.</summary>
internal static class PeriodsApi
{
    private const int MaxBatch = 1000;

    public static void MapPeriodsApi(this IEndpointRouteBuilder app) =>
        app.MapPost("/api/periods", StoreAsync).WithSummary("Stores a batch of energy periods, each once whatever often it is sent.");

    private static async Task<Ok<IngestResult>> StoreAsync(HttpRequest request, StoreWriter writer, RollUpBook rollUps, TimeProvider clock, CancellationToken cancellation)
    {
        IReadOnlyList<BatchItem<EnergyPeriod>> batch = await JsonBody.ReadBatchAsync<PeriodBatch, EnergyPeriod>(
            request, "periods", MaxBatch, batch => batch.Periods, period => period.Id, cancellation);
        DateTimeOffset now = clock.GetUtcNow();
        var sound = new Dictionary<string, EnergyPeriod>(StringComparer.Ordinal);
        var refused = new List<IngestRefusal>();
        int repeated = 0;
        foreach (BatchItem<EnergyPeriod> item in batch)
        {
            if ((item.Problem ?? PeriodValidator.Problem(item.Value!, now)) is { } problem)
            {
                refused.Add(new IngestRefusal(item.Id, problem));
            }
            else if (!sound.TryAdd(item.Value!.Id, item.Value))
            {
                repeated++;
            }
        }

        int known = sound.Count == 0 ? 0 : await writer.WriteAsync(Durability.Flushed, async (db, token) =>
        {
            string[] ids = [.. sound.Keys];
            var there = (await db.Periods.Where(period => ids.Contains(period.Id)).Select(period => period.Id).ToListAsync(token)).ToHashSet(StringComparer.Ordinal);
            PeriodRow[] rows = [.. sound.Values.Where(period => !there.Contains(period.Id)).Select(Row)];
            db.Periods.AddRange(rows);
            await db.SaveChangesAsync(token);
            await rollUps.AddAsync(db, rows, token);
            return there.Count;
        }, cancellation);
        return TypedResults.Ok(new IngestResult(sound.Count - known, known + repeated, refused));
    }

    private static PeriodRow Row(EnergyPeriod period) => new()
    {
        Id = period.Id,
        Device = period.Device,
        FromTicks = period.From.UtcTicks,
        ToTicks = period.To.UtcTicks,
        TotalJoules = period.Total.Value,
        ActiveJoules = period.Active.Value,
        IdleShareJoules = period.IdleShare.Value,
        IdleJoules = period.Idle.Value,
        UnattributedJoules = period.Unattributed.Value,
        OtherJoules = period.Other.Value,
        Quality = period.Quality,
        Instance = period.Instance,
    };
}
