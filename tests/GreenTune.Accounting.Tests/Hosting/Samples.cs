using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Accounting.Tests.Hosting;

/// <summary>Contracts with sound values.</summary>
internal static class Samples
{
    public static RequestRecord Record(
        string id, double? joules = 1.5, string tenant = "team-support", string configuration = "greentune-tiny-int4", DateTimeOffset? startedAt = null, double seconds = 0.5) => new()
        {
            Id = id,
            StartedAt = startedAt ?? AccountingHost.Noon.AddMinutes(-1),
            EndedAt = (startedAt ?? AccountingHost.Noon.AddMinutes(-1)).AddSeconds(seconds),
            Tenant = tenant,
            RequestedModel = "auto",
            ConfigurationId = configuration,
            Outcome = RequestOutcome.Completed,
            FinishReason = "stop",
            InputTokens = 38,
            OutputTokens = 60,
            QueueSeconds = 0.001,
            TimeToFirstTokenSeconds = 0.02,
            DurationSeconds = seconds,
            Energy = joules is { } value ? Energy(value) : EnergyFigures.None("no meter", MethodVersions.Attribution),
        };

    public static EnergyFigures Energy(double joules, double gain = 0.05, double sensitivity = 0.01, string device = "cpu-0", EnergyQuality quality = EnergyQuality.Estimated) => new()
    {
        Joules = new Joules(joules),
        ActiveJoules = new Joules(joules * 0.6),
        PrefillJoules = new Joules(joules * 0.2),
        DecodeJoules = new Joules(joules * 0.4),
        IdleJoules = new Joules(joules * 0.4),
        RelativeUncertainty = gain,
        Uncertainty = new EnergyUncertainty(gain, new Watts(1), sensitivity, sensitivity, new Joules(joules * 0.02)),
        Quality = quality,
        PhaseQuality = EnergyQuality.Modelled,
        Components = new ComponentJoules { Cpu = new Joules(joules) },
        Boundary = "package",
        Meter = "cpu-estimate",
        Device = device,
        Settled = true,
        MethodVersion = MethodVersions.Attribution,
        Reasons = new Dictionary<string, string> { ["components.gpu"] = "no GPU" },
    };

    public static BudgetInput Budget(double limit = 100, string tenant = "team-support", BudgetQuantity quantity = BudgetQuantity.GramsCO2e, params BudgetThreshold[] thresholds) => new()
    {
        Name = "playground",
        Tenant = tenant,
        Quantity = quantity,
        Limit = limit,
        Thresholds = thresholds.Length > 0 ? thresholds : [new(0.8, BudgetAction.Notify), new(0.95, BudgetAction.Degrade), new(1, BudgetAction.Block)],
    };

    public static ReservationRequest Reservation(string id, double upperJoules, string tenant = "team-support", params PredictedCost[] alternatives) => new()
    {
        RequestId = id,
        Tenant = tenant,
        Wanted = new PredictedCost("greentune-tiny-int4", upperJoules / 2, upperJoules),
        Alternatives = alternatives,
    };

    public static EnergyPeriod Period(string id, double idle = 60, DateTimeOffset? from = null) => new()
    {
        Id = id,
        Device = "cpu-0",
        From = from ?? AccountingHost.Noon.AddMinutes(-2),
        To = (from ?? AccountingHost.Noon.AddMinutes(-2)).AddMinutes(1),
        Active = new Joules(10),
        IdleShare = new Joules(5),
        Idle = new Joules(idle),
        Unattributed = new Joules(0.5),
        Other = new Joules(0),
        Total = new Joules(15.5 + idle),
        Quality = EnergyQuality.Estimated,
    };

    /// <summary>A plan of a reference and a configuration that uses half the energy, both right on 95 of 100 items.</summary>
    public static MeasurementPlan Plan(Guid? id = null, DateTimeOffset? endedAt = null) => new()
    {
        Id = id ?? Guid.NewGuid(),
        StartedAt = (endedAt ?? AccountingHost.Noon).AddMinutes(-3),
        EndedAt = endedAt ?? AccountingHost.Noon,
        Workload = "sentiment-public, checklist prompt",
        ScoreMethod = "accuracy",
        Repeats = 3,
        Concurrency = 1,
        OfferedRequestsPerSecond = 2,
        Reference = "greentune-tiny-fp32",
        Device = "cpu-0",
        Meter = "cpu-estimate",
        Boundary = "package",
        Quality = EnergyQuality.Estimated,
        MethodVersion = MethodVersions.ThreeE,
        Configurations = [Measured("greentune-tiny-fp32", 2, 0.5), Measured("greentune-tiny-int4", 1, 0.2), Measured("greentune-nano-int4", 0.3, 0.1, correct: 80)],
    };

    private static ConfigurationMeasurement Measured(string id, double joules, double seconds, int correct = 95) => new()
    {
        ConfigurationId = id,
        ClosedLoop = [.. Enumerable.Range(0, 30).Select(i => new ClosedLoopSample(i % 3, $"item-{i}", new Joules(joules * (1 + 0.1 * (i % 5))), 30, 40, seconds * (1 + 0.05 * (i % 3)), null))],
        OfferedLoadSeconds = [.. Enumerable.Range(1, 20).Select(i => seconds * (1 + 0.02 * i))],
        Correct = [.. Enumerable.Range(0, 100).Select(i => i < correct)],
    };
}
