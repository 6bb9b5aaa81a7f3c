using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>Sums records as Accounting does.</summary>
internal static class SampleSummary
{
    private const double Half = 1.96 * SampleRecords.RelativeUncertainty;

    public static Summary Of(IReadOnlyList<RecordView> all, string period, string? tenant, DateTimeOffset now, bool hasPlan, long refused, DateTimeOffset? spanFrom = null, DateTimeOffset? spanTo = null)
    {
        var midnight = new DateTimeOffset(now.Date, now.Offset);
        var from = spanFrom ?? period switch { "7d" => midnight.AddDays(-6), "30d" => midnight.AddDays(-29), _ => midnight };
        var until = spanTo ?? now;
        var records = all.Where(r => r.Record.StartedAt >= from && r.Record.StartedAt < until && (tenant is null || r.Record.Tenant == tenant)).Select(r => r.Record).ToList();
        var joules = records.Sum(r => r.Energy.Joules?.Value ?? 0);
        var tokens = records.Sum(r => (long)r.OutputTokens);
        var previous = all.Where(r => r.Record.StartedAt >= from.AddDays(-1) && r.Record.StartedAt < now.AddDays(-1) && (tenant is null || r.Record.Tenant == tenant)).Sum(r => r.Record.Energy.Joules?.Value ?? 0);
        var reference = SampleConfiguration.Of(SampleConfiguration.Reference).JoulesPerToken * tokens * 1.09;
        var saved = reference > 0 ? 1 - (joules / reference) : 0;
        var durations = records.Where(r => r.Outcome == RequestOutcome.Completed).Select(r => r.DurationSeconds).Order().ToList();
        return new Summary
        {
            From = from,
            To = until,
            Requests = records.Count,
            Cancelled = records.Count(r => r.Outcome == RequestOutcome.Cancelled),
            Failed = records.Count(r => r.Outcome == RequestOutcome.Failed),
            Refused = refused,
            InputTokens = records.Sum(r => (long)r.InputTokens),
            OutputTokens = tokens,
            Joules = records.Count == 0 ? null : Spread(joules),
            CO2eGrams = records.Count == 0 ? null : Spread(SampleRecords.Grams(new Joules(joules)).Value),
            JoulesPerOutputToken = tokens == 0 ? null : Spread(joules / tokens),
            Unmetered = 0,
            Quality = records.Count == 0 ? EnergyQuality.None : EnergyQuality.Estimated,
            DurationP95Seconds = durations.Count == 0 ? null : durations[(int)(durations.Count * 0.95)],
            Factor = SampleRecords.Factor,
            Configurations =
            [
                .. records.GroupBy(r => r.ConfigurationId).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g =>
                {
                    var sum = g.Sum(r => r.Energy.Joules?.Value ?? 0);
                    var output = g.Sum(r => (long)r.OutputTokens);
                    return new ConfigurationSummary(g.Key, g.Count(), output, Spread(sum), output == 0 ? null : Spread(sum / output), EnergyQuality.Estimated);
                }),
            ],
            Devices = records.Count == 0 ? null : Buckets(joules, now - from),
            PreviousJoules = previous > 0 ? new Joules(previous) : null,
            Saving = hasPlan && records.Count > 0
                ? new Saving(new Interval(saved, saved - 0.06, saved + 0.05), new Joules(reference - joules), SampleConfiguration.Reference, 14)
                : null,
        };
    }

    private static EnergyBuckets Buckets(double joules, TimeSpan span)
    {
        var active = joules * 0.63;
        var share = joules - active;
        var idle = (SampleRecords.BaselineWatts * span.TotalSeconds) - share;
        var unattributed = active * 0.014;
        return new EnergyBuckets(
            new Joules(active + share + idle + unattributed), new Joules(active), new Joules(share), new Joules(idle), new Joules(unattributed), Joules.Zero, EnergyQuality.Estimated);
    }

    private static Interval Spread(double value) => new(value, value * (1 - Half), value * (1 + Half));
}
