using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>The state behind the fake services. Everything is computed from the records, the settings and the budgets that are in it.</summary>
internal sealed class SampleWorld
{
    private readonly Lock _gate = new();
    private readonly List<RecordView> _records = [];
    private readonly List<BudgetDecision> _decisions = [];
    private readonly Dictionary<Guid, Budget> _budgets = [];
    private long _lastDecision;

    public SampleWorld(TimeProvider clock)
    {
        Clock = clock;
        Settings = ThreeESettings.Default with { Version = 6, UpdatedAt = clock.GetUtcNow().AddDays(-1) };
    }

    /// <summary>When the samples' day is.</summary>
    public static DateTimeOffset Morning { get; } = new(2026, 11, 19, 9, 42, 11, TimeSpan.Zero);

    public TimeProvider Clock { get; }

    public ThreeESettings Settings { get; set; }

    public PlanSummary? Plan { get; set; }

    public DateTimeOffset Now => Clock.GetUtcNow();

    /// <summary>A day that has run until 09:42, with a plan, budgets in every state and their log.</summary>
    public static SampleWorld Busy(TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        var world = new SampleWorld(clock) { Plan = SamplePlan(now) };
        // Made once for each second that a clock may begin at.
        world._records.AddRange(SampleRecords.Month(new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), now.Offset)));
        SampleBudgets.Fill(world);
        return world;
    }

    /// <summary>A service that was just installed.</summary>
    public static SampleWorld Empty(TimeProvider clock) => new(clock) { Settings = ThreeESettings.Default };

    public static PlanSummary SamplePlan(DateTimeOffset now, int number = 14) => new()
    {
        Id = Guid.NewGuid(),
        Number = number,
        StartedAt = now.AddHours(-18),
        EndedAt = now.AddHours(-18).AddMinutes(4),
        Workload = "sentiment-public, checklist prompt",
        ScoreMethod = "accuracy",
        Repeats = 3,
        Items = 60,
        ScoredItems = 300,
        OfferedRequestsPerSecond = 2.5,
        Reference = SampleConfiguration.Reference,
        Configurations = [.. SampleConfiguration.All.Select(c => c.Id)],
        Meter = "cpu-estimate",
        Quality = EnergyQuality.Estimated,
        MethodVersion = MethodVersions.ThreeE,
    };

    public IReadOnlyList<RecordView> Records
    {
        get
        {
            lock (_gate)
            {
                return [.. _records];
            }
        }
    }

    public IReadOnlyList<BudgetDecision> Decisions
    {
        get
        {
            lock (_gate)
            {
                return [.. _decisions.OrderByDescending(d => d.Id)];
            }
        }
    }

    public IReadOnlyList<string> Tenants => [.. Records.Select(r => r.Record.Tenant).Distinct().Order(StringComparer.Ordinal)];

    public IReadOnlyList<BudgetStatus> Budgets
    {
        get
        {
            lock (_gate)
            {
                return [.. _budgets.Values.OrderBy(b => b.CreatedAt).Select(b => SampleBudgets.StatusOf(b, _records, Now))];
            }
        }
    }

    public void Add(RecordView record)
    {
        lock (_gate)
        {
            _records.Insert(0, record);
        }
    }

    public BudgetStatus Put(Budget budget)
    {
        lock (_gate)
        {
            _budgets[budget.Id] = budget;
            return SampleBudgets.StatusOf(budget, _records, Now);
        }
    }

    public bool Remove(Guid id)
    {
        lock (_gate)
        {
            return _budgets.Remove(id);
        }
    }

    public Budget? Find(Guid id)
    {
        lock (_gate)
        {
            return _budgets.GetValueOrDefault(id);
        }
    }

    public BudgetDecision Log(Budget budget, string action, string effect, string detail, DateTimeOffset? at = null, string? requestId = null)
    {
        lock (_gate)
        {
            var decision = new BudgetDecision
            {
                Id = ++_lastDecision,
                At = at ?? Now,
                BudgetId = budget.Id,
                BudgetName = budget.Name,
                Tenant = budget.Tenant,
                Action = action,
                Effect = effect,
                Detail = detail,
                RequestId = requestId,
            };
            _decisions.Add(decision);
            return decision;
        }
    }

    public IReadOnlyList<UsagePoint> UsageOf(Budget budget)
    {
        var midnight = new DateTimeOffset(Now.Date, Now.Offset);
        var used = 0.0;
        var points = new List<UsagePoint> { new(midnight, 0) };
        var records = Records.Where(r => r.Record.Tenant == budget.Tenant && r.Record.StartedAt >= midnight).OrderBy(r => r.Record.StartedAt).ToList();
        var next = 0;
        for (var at = midnight.AddMinutes(5); at <= Now; at = at.AddMinutes(5))
        {
            while (next < records.Count && records[next].Record.StartedAt <= at)
            {
                used += SampleBudgets.AmountOf(records[next++], budget.Quantity);
            }

            points.Add(new UsagePoint(at, used));
        }

        return points;
    }

    public DeviceView Device() => new()
    {
        Id = "cpu-0",
        Name = "2 cores",
        Kind = "cpu",
        Meter = "cpu-estimate",
        Boundary = "package",
        Quality = EnergyQuality.Estimated,
        Explanation = "No power meter was found, so power is worked out from utilisation and the processor's thermal design power.",
        GainRelative = 0.15,
        SamplePeriodSeconds = 0.1,
        EmptyBaseline = new BaselineView(new Watts(5.8), new Watts(0.1), Now.AddHours(-9), 20, false),
        ResidentBaseline = new BaselineView(new Watts(SampleRecords.BaselineWatts), new Watts(0.1), Now.AddMinutes(-12), 20, false),
        ResidentConfigurations = ["greentune-tiny-int4", "greentune-nano-int4"],
        Now = new Watts(SamplePower.At(Now)),
    };
}
