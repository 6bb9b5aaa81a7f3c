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

/// <summary>Adds up a span in a handful of indexed queries, from roll-ups wherever one covers it.</summary>
internal sealed class SummaryQuery(IDbContextFactory<AccountingDb> contexts, CarbonPricing pricing, ThreeEService threeE, UsageQuery usage)
{
    public async Task<Summary> RunAsync(SummarySpan span, string? tenant, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        long from = span.From.UtcTicks;
        long to = span.To.UtcTicks;
        var filter = new UsageFilter(tenant);
        SpanCover cover = await UsageQuery.CoverAsync(db, from, to, cancellation);
        IReadOnlyList<KeyedSums> sums = await usage.SumsAsync(db, filter, cover, UsageBy.Configuration, cancellation);
        IReadOnlyDictionary<string, LogHistogram> durations = await UsageQuery.DurationsAsync(db, filter, cover, UsageBy.Configuration, cancellation);
        UsageFigures total = UsageSums.Figures(sums, Together(durations.Values));
        SpanCover previous = await UsageQuery.CoverAsync(db, span.PreviousFrom.UtcTicks, span.PreviousTo.UtcTicks, cancellation);
        string blocked = DecisionLog.Name(BudgetAction.Block);
        return new Summary
        {
            From = span.From,
            To = span.To,
            Requests = total.Requests,
            Cancelled = total.Cancelled,
            Failed = total.Failed,
            Refused = await db.Decisions.Where(line => line.Action == blocked && line.AtTicks >= from && line.AtTicks < to && (tenant == null || line.Tenant == tenant))
                .SumAsync(line => line.Count, cancellation),
            InputTokens = total.InputTokens,
            OutputTokens = total.OutputTokens,
            Joules = total.Joules,
            CO2eGrams = total.CO2eGrams,
            JoulesPerOutputToken = total.JoulesPerOutputToken,
            Unmetered = total.Unmetered,
            Quality = total.Quality,
            DurationP95Seconds = total.DurationP95Seconds,
            Factor = pricing.InForce.Factor,
            Configurations = [.. sums.GroupBy(part => part.Key.Group).Select(Configuration).OrderByDescending(configuration => configuration.Requests).ThenBy(configuration => configuration.ConfigurationId, StringComparer.Ordinal)],
            Devices = tenant is null ? await DeviceQuery.TotalAsync(db, SpanCover.Of(from, to), cancellation) : null,
            PreviousJoules = await UsageQuery.JoulesAsync(db, filter, previous, cancellation) is (var joules, true) ? new Joules(joules) : null,
            Saving = await SavingAsync(sums, cancellation),
        };
    }

    /// <summary>All histograms in one.</summary>
    public static LogHistogram Together(IEnumerable<LogHistogram> histograms)
    {
        var all = new LogHistogram();
        foreach (LogHistogram histogram in histograms)
        {
            all.Add(histogram);
        }

        return all;
    }

    private static ConfigurationSummary Configuration(IGrouping<string, KeyedSums> parts)
    {
        UsageFigures figures = UsageSums.Figures([.. parts], null);
        return new ConfigurationSummary(parts.Key, figures.Requests, figures.OutputTokens, figures.Joules, figures.JoulesPerOutputToken, figures.Quality);
    }

    private async Task<Saving?> SavingAsync(IEnumerable<KeyedSums> sums, CancellationToken cancellation)
    {
        if (await threeE.LatestAsync(cancellation) is not { } plan)
        {
            return null;
        }

        ReferenceEvaluation reference = plan.Evaluation.Against(null);
        var joules = sums.Where(part => part.Metered > 0).GroupBy(part => part.Key.Group).ToDictionary(group => group.Key, group => group.Sum(part => part.Joules));
        return reference.Saving(joules) is { } saving
            ? new Saving(saving.Fraction, new Joules(saving.Joules), reference.Reference, plan.Summary.Number)
            : null;
    }
}
