using GreenTune.Accounting.Budgets;
using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.ThreeE;
using GreenTune.Core.Contracts;
using GreenTune.Core.Scoring;
using GreenTune.Core.Totals;
using GreenTune.Core.Units;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Summaries;

/// <summary>Adds up a span in a handful of indexed queries.</summary>
internal sealed class SummaryQuery(IDbContextFactory<AccountingDb> contexts, CarbonPricing pricing, ThreeEService threeE)
{
    /// <summary>Sums of one configuration on one device at one carbon factor.</summary>
    private sealed record Part(
        string Configuration, string Device, PricedFactor Factor, long Requests, long Cancelled, long Failed, long InputTokens, long OutputTokens,
        long Metered, long MeteredOutputTokens, UncertainSum Joules, EnergyQuality Quality);

    public async Task<Summary> RunAsync(SummarySpan span, string? tenant, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        long from = span.From.UtcTicks;
        long to = span.To.UtcTicks;
        IReadOnlyList<Part> parts = await PartsAsync(Records(db, tenant, from, to), cancellation);
        Part[] metered = [.. parts.Where(part => part.Metered > 0)];
        long meteredTokens = metered.Sum(part => part.MeteredOutputTokens);
        Interval? joules = metered.Length > 0 ? Total(metered, _ => 1) : null;
        string blocked = DecisionLog.Name(BudgetAction.Block);
        return new Summary
        {
            From = span.From,
            To = span.To,
            Requests = parts.Sum(part => part.Requests),
            Cancelled = parts.Sum(part => part.Cancelled),
            Failed = parts.Sum(part => part.Failed),
            Refused = await db.Decisions.Where(line => line.Action == blocked && line.AtTicks >= from && line.AtTicks < to && (tenant == null || line.Tenant == tenant))
                .SumAsync(line => line.Count, cancellation),
            InputTokens = parts.Sum(part => part.InputTokens),
            OutputTokens = parts.Sum(part => part.OutputTokens),
            Joules = joules,
            CO2eGrams = metered.Length > 0 ? Total(metered, part => part.Factor.GramsPerJoule) : null,
            JoulesPerOutputToken = joules?.Per(meteredTokens),
            Unmetered = parts.Sum(part => part.Requests - part.Metered),
            Quality = metered.Length > 0 ? metered.Min(part => part.Quality) : EnergyQuality.None,
            DurationP95Seconds = await P95Async(Records(db, tenant, from, to), parts.Sum(part => part.Requests - part.Cancelled - part.Failed), cancellation),
            Factor = pricing.InForce.Factor,
            Configurations = [.. parts.GroupBy(part => part.Configuration).OrderByDescending(group => group.Sum(part => part.Requests)).ThenBy(group => group.Key, StringComparer.Ordinal).Select(Configuration)],
            Devices = tenant is null ? await DevicesAsync(db, from, to, cancellation) : null,
            PreviousJoules = await PreviousAsync(Records(db, tenant, span.PreviousFrom.UtcTicks, span.PreviousTo.UtcTicks), cancellation),
            Saving = await SavingAsync(metered, cancellation),
        };
    }

    private static IQueryable<RecordRow> Records(AccountingDb db, string? tenant, long from, long to)
    {
        IQueryable<RecordRow> records = db.Records.Where(record => record.StartedTicks >= from && record.StartedTicks < to);
        return tenant is null ? records : records.Where(record => record.Tenant == tenant);
    }

    private async Task<IReadOnlyList<Part>> PartsAsync(IQueryable<RecordRow> records, CancellationToken cancellation)
    {
        var sums = await records
            .GroupBy(record => new { record.ConfigurationId, record.Device, record.FactorId })
            .Select(group => new
            {
                group.Key.ConfigurationId,
                group.Key.Device,
                group.Key.FactorId,
                Requests = group.LongCount(),
                Cancelled = group.Sum(record => record.Outcome == RequestOutcome.Cancelled ? 1L : 0L),
                Failed = group.Sum(record => record.Outcome == RequestOutcome.Failed || record.Outcome == RequestOutcome.Aborted ? 1L : 0L),
                InputTokens = group.Sum(record => (long)record.InputTokens),
                OutputTokens = group.Sum(record => (long)record.OutputTokens),
                Metered = group.Sum(record => record.Joules != null ? 1L : 0L),
                MeteredOutputTokens = group.Sum(record => record.Joules != null ? (long)record.OutputTokens : 0L),
                Joules = group.Sum(record => record.Joules ?? 0),
                Gain = group.Sum(record => (record.GainRelative ?? record.RelativeUncertainty ?? 0) * (record.Joules ?? 0)),
                Baseline = group.Sum(record => record.Joules != null ? (record.BaselineSigmaWatts ?? 0) * (record.BaselineSensitivitySeconds ?? 0) : 0),
                Independent = group.Sum(record => record.Joules != null ? (record.IndependentJoules ?? 0) * (record.IndependentJoules ?? 0) : 0),
                Quality = group.Min(record => record.Joules != null ? (int)record.Quality : (int)EnergyQuality.Measured),
            }).ToListAsync(cancellation);
        var parts = new List<Part>(sums.Count);
        foreach (var sum in sums)
        {
            parts.Add(new Part(
                sum.ConfigurationId, sum.Device ?? "", await pricing.ByIdAsync(sum.FactorId, cancellation), sum.Requests, sum.Cancelled, sum.Failed, sum.InputTokens, sum.OutputTokens,
                sum.Metered, sum.MeteredOutputTokens, new UncertainSum(sum.Joules, sum.Gain, sum.Baseline, sum.Independent), (EnergyQuality)sum.Quality));
        }

        return parts;
    }

    /// <summary>Linear within a device, in quadrature over devices.</summary>
    private static Interval Total(IEnumerable<Part> parts, Func<Part, double> factor) => UncertainSum.Total(parts
        .GroupBy(part => part.Device, part => part.Joules * factor(part))
        .Select(device => device.Aggregate((a, b) => a + b)));

    private static ConfigurationSummary Configuration(IGrouping<string, Part> parts)
    {
        Part[] metered = [.. parts.Where(part => part.Metered > 0)];
        Interval? joules = metered.Length > 0 ? Total(metered, _ => 1) : null;
        return new ConfigurationSummary(
            parts.Key,
            parts.Sum(part => part.Requests),
            parts.Sum(part => part.OutputTokens),
            joules,
            joules?.Per(metered.Sum(part => part.MeteredOutputTokens)),
            metered.Length > 0 ? metered.Min(part => part.Quality) : EnergyQuality.None);
    }

    /// <summary>Nearest-rank p95 of completed requests: their count finds the rank, one value is read.</summary>
    private static async Task<double?> P95Async(IQueryable<RecordRow> records, long completed, CancellationToken cancellation)
    {
        int above = (int)(completed - (long)Math.Ceiling(0.95 * completed));
        return await records.Where(record => record.Outcome == RequestOutcome.Completed)
            .Select(record => (double?)record.DurationSeconds).OrderByDescending(seconds => seconds).Skip(above).FirstOrDefaultAsync(cancellation);
    }

    private static async Task<Joules?> PreviousAsync(IQueryable<RecordRow> records, CancellationToken cancellation)
    {
        var sum = await records.Where(record => record.Joules != null).GroupBy(_ => 1)
            .Select(group => new { Joules = group.Sum(record => record.Joules ?? 0) }).SingleOrDefaultAsync(cancellation);
        return sum is null ? null : new Joules(sum.Joules);
    }

    /// <summary>Periods count where they began; they are a minute long, so what an edge cuts is small.</summary>
    private static async Task<EnergyBuckets?> DevicesAsync(AccountingDb db, long from, long to, CancellationToken cancellation)
    {
        var sums = await db.Periods.Where(period => period.FromTicks >= from && period.FromTicks < to).GroupBy(_ => 1).Select(group => new
        {
            Total = group.Sum(period => period.TotalJoules),
            Active = group.Sum(period => period.ActiveJoules),
            IdleShare = group.Sum(period => period.IdleShareJoules),
            Idle = group.Sum(period => period.IdleJoules),
            Unattributed = group.Sum(period => period.UnattributedJoules),
            Other = group.Sum(period => period.OtherJoules),
            Quality = group.Min(period => (int)period.Quality),
        }).SingleOrDefaultAsync(cancellation);
        return sums is null
            ? null
            : new EnergyBuckets(new(sums.Total), new(sums.Active), new(sums.IdleShare), new(sums.Idle), new(sums.Unattributed), new(sums.Other), (EnergyQuality)sums.Quality);
    }

    private async Task<Saving?> SavingAsync(IEnumerable<Part> metered, CancellationToken cancellation)
    {
        if (await threeE.LatestAsync(cancellation) is not { } plan)
        {
            return null;
        }

        ReferenceEvaluation reference = plan.Evaluation.Against(null);
        var joules = metered.GroupBy(part => part.Configuration).ToDictionary(group => group.Key, group => group.Sum(part => part.Joules.Value));
        return reference.Saving(joules) is { } saving
            ? new Saving(saving.Fraction, new Joules(saving.Joules), reference.Reference, plan.Summary.Number)
            : null;
    }
}
