using System.Globalization;
using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Records;
using GreenTune.Accounting.Store;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Budgets;

/// <summary>Runs a budget over the records of a span of the past.</summary>
internal sealed class BudgetPreviews(IDbContextFactory<AccountingDb> contexts, CarbonPricing pricing, IOptions<AccountingOptions> options, TimeProvider clock)
{
    /// <summary>Longest span of a preview.</summary>
    public static readonly TimeSpan MaxSpan = TimeSpan.FromDays(92);

    /// <summary>Most records that a preview reads: some seconds of work.</summary>
    public const int MaxRecords = 2_000_000;

    /// <summary>What is wrong with the span, by field.</summary>
    public static IEnumerable<(string Field, string Message)> Problems(BudgetPreviewRequest request)
    {
        if (request.To <= request.From)
        {
            yield return ("to", "The end is after the beginning.");
        }
        else if (request.To - request.From > MaxSpan)
        {
            yield return ("from", string.Create(CultureInfo.InvariantCulture, $"A preview spans at most {MaxSpan.TotalDays:0} days."));
        }
    }

    public async Task<BudgetPreview> RunAsync(BudgetPreviewRequest request, CancellationToken cancellation)
    {
        Budget budget = BudgetMapping.ToBudget(request.Budget, clock.GetUtcNow());
        var replay = new BudgetReplay(budget, BudgetZones.Of(budget, options.Value.Zone));
        long from = request.From.UtcTicks, to = request.To.UtcTicks;
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        IQueryable<RecordRow> records = UsageScope.Of(budget).Of(db.Records.AsNoTracking()).Where(record => record.StartedTicks >= from && record.StartedTicks < to);
        long unmetered = await records.LongCountAsync(record => record.Joules == null, cancellation);
        var inOrder = records.Where(record => record.Joules != null).OrderBy(record => record.StartedTicks).ThenBy(record => record.Key)
            .Select(record => new { record.StartedTicks, Joules = record.Joules!.Value, record.FactorId }).Take(MaxRecords + 1);
        var perJoule = new Dictionary<int, double>();
        bool cut = false;
        await foreach (var record in inOrder.AsAsyncEnumerable().WithCancellation(cancellation))
        {
            if (replay.Requests == MaxRecords)
            {
                cut = true;
                break;
            }

            if (!perJoule.TryGetValue(record.FactorId, out double factor))
            {
                perJoule[record.FactorId] = factor = BudgetQuantities.PerJoule(budget.Quantity, (await pricing.ByIdAsync(record.FactorId, cancellation)).GramsPerJoule);
            }

            replay.Next(RecordMapping.Time(record.StartedTicks), record.Joules * factor);
        }

        return new BudgetPreview
        {
            From = request.From,
            To = request.To,
            Requests = replay.Requests,
            Unmetered = unmetered,
            Notified = replay.Notified,
            Degraded = replay.Degraded,
            Blocked = replay.Blocked,
            Used = replay.Used,
            Passed = replay.Passed,
            Windows = replay.Windows(),
            Notes = [.. Notes(replay, unmetered, cut)],
        };
    }

    private static IEnumerable<string> Notes(BudgetReplay replay, long unmetered, bool cut)
    {
        yield return "Each request counts with what it used. A budget reserves more than that before a request runs, so it may act a little earlier.";
        if (replay.Degraded > 0)
        {
            yield return "A degraded request counts with what it used, since what a greener configuration would have used is not known.";
        }

        if (replay.Blocked > 0)
        {
            yield return "A blocked request uses nothing and is not tried again.";
        }

        if (unmetered > 0)
        {
            yield return "Requests that nothing metered are not counted.";
        }

        if (cut)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"Only the first {MaxRecords} requests were looked at: choose a shorter span.");
        }
    }
}

/// <summary>Whose calendar a budget follows.</summary>
internal static class BudgetZones
{
    /// <summary>The budget's own zone, else the service's. A zone that has gone from the machine since it was set is the service's as well.</summary>
    public static TimeZoneInfo Of(Budget budget, TimeZoneInfo otherwise) =>
        budget.TimeZone is { } name && TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? zone) ? zone : otherwise;
}
