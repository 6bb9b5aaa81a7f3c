using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>Budgets whose limits stand in a chosen relation to what the samples used.</summary>
internal static class SampleBudgets
{
    public static void Fill(SampleWorld world)
    {
        var support = Add(world, "Support desk", "team-support", BudgetQuantity.GramsCO2e, 0.32, paused: false);
        var playground = Add(world, "Playground", "playground", BudgetQuantity.KilowattHours, 0.957, paused: false);
        var batch = Add(world, "Batch evaluation", "batch-eval", BudgetQuantity.GramsCO2e, 1.004, paused: false);
        var search = Add(world, "Search", "team-search", BudgetQuantity.GramsCO2e, 0.155, paused: true);
        var now = world.Now;
        world.Log(support, "edited", "limit 0.30 to 0.26 g", "by operator", now.AddHours(-1.7));
        world.Log(search, "paused", "no longer enforced", "by operator", now.AddHours(-1.65));
        world.Log(playground, "notify", "threshold 80 % reached", "responses carry a warning", now.AddMinutes(-61));
        world.Log(batch, "notify", "threshold 80 % reached", "responses carry a warning", now.AddMinutes(-47));
        world.Log(playground, "degrade", "threshold 95 % reached", "greener configurations answer", now.AddMinutes(-30));
        world.Log(batch, "block", "429, Retry-After 51 710 s", "100 % settled, 0.44 J would pass the limit", now.AddMinutes(-4), "chatcmpl-blocked0001");
        world.Log(playground, "degrade", "greentune-tiny-int4 to greentune-nano-int8", "96 % used; tiny int4 would need 2.15 J, nano int8 0.79 J", now.AddSeconds(-18), "chatcmpl-degraded001");
    }

    public static double AmountOf(RecordView record, BudgetQuantity quantity) =>
        quantity == BudgetQuantity.GramsCO2e ? record.CO2e?.Value ?? 0 : record.Record.Energy.Joules?.KilowattHours ?? 0;

    public static BudgetStatus StatusOf(Budget budget, IReadOnlyList<RecordView> records, DateTimeOffset now)
    {
        var midnight = new DateTimeOffset(now.Date, now.Offset);
        var used = records.TakeWhile(r => r.Record.StartedAt >= midnight).Where(r => r.Record.Tenant == budget.Tenant).Sum(r => AmountOf(r, budget.Quantity));
        var fraction = used / budget.Limit;
        var reached = budget.Thresholds.Where(t => fraction >= t.Fraction).Select(t => (BudgetAction?)t.Action).Max();
        return new BudgetStatus
        {
            Budget = budget,
            Used = new Interval(used, used * 0.7, used * 1.3),
            Reserved = 0,
            Left = Math.Max(0, budget.Limit - used),
            Fraction = fraction,
            State = budget.Paused ? BudgetState.Paused : reached switch
            {
                BudgetAction.Notify => BudgetState.Notifying,
                BudgetAction.Degrade => BudgetState.Degrading,
                BudgetAction.Block => BudgetState.Blocking,
                _ => BudgetState.OnTrack,
            },
            Quality = EnergyQuality.Estimated,
            WindowStart = midnight,
            ResetsAt = midnight.AddDays(1),
        };
    }

    /// <summary>The budget on the records of a span, as Accounting tries it.</summary>
    public static BudgetPreview Try(Budget budget, BudgetPreviewRequest request, IReadOnlyList<RecordView> records)
    {
        var counted = records.Where(r => (budget.Tenant is null || r.Record.Tenant == budget.Tenant) && r.Record.StartedAt >= request.From && r.Record.StartedAt < request.To).ToList();
        var replay = new BudgetReplay(budget, TimeZoneInfo.Utc);
        foreach (var record in counted.Where(r => r.Record.Energy.Joules is not null).OrderBy(r => r.Record.StartedAt))
        {
            replay.Next(record.Record.StartedAt, AmountOf(record, budget.Quantity));
        }

        return new BudgetPreview
        {
            From = request.From,
            To = request.To,
            Requests = replay.Requests,
            Unmetered = counted.Count - replay.Requests,
            Notified = replay.Notified,
            Degraded = replay.Degraded,
            Blocked = replay.Blocked,
            Used = replay.Used,
            Passed = replay.Passed,
            Windows = replay.Windows(),
            Notes = ["Each request counts with what it used. A budget reserves more than that before a request runs, so it may act a little earlier."],
        };
    }

    /// <summary>Rounded down to three significant digits, as a person would set a limit.</summary>
    private static double Floor3(double value)
    {
        var step = Math.Pow(10, Math.Floor(Math.Log10(value)) - 2);
        return Math.Round(Math.Floor(value / step) * step, 12);
    }

    private static Budget Add(SampleWorld world, string name, string tenant, BudgetQuantity quantity, double fraction, bool paused)
    {
        var midnight = new DateTimeOffset(world.Now.Date, world.Now.Offset);
        var used = world.Records.Where(r => r.Record.Tenant == tenant && r.Record.StartedAt >= midnight).Sum(r => AmountOf(r, quantity));
        var budget = new Budget
        {
            Id = Guid.NewGuid(),
            Name = name,
            Tenant = tenant,
            Quantity = quantity,
            Limit = Floor3(used / fraction),
            Thresholds = [new(0.8, BudgetAction.Notify), new(0.95, BudgetAction.Degrade, "greentune-nano-int8"), new(1, BudgetAction.Block)],
            Paused = paused,
            Version = 3,
            CreatedAt = world.Now.AddDays(-9).AddSeconds(world.Budgets.Count),
            UpdatedAt = world.Now.AddHours(-2),
        };
        world.Put(budget);
        return budget;
    }
}
