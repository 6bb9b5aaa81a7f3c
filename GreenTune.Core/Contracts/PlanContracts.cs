using System.Text.Json.Serialization;
using GreenTune.Core.Units;

namespace GreenTune.Core.Contracts;

/// <summary>Starts "Measure configurations" (POST /api/plans on Inference).</summary>
public sealed record PlanRequest
{
    /// <summary>Configurations to measure; null takes all that are built.</summary>
    public IReadOnlyList<string>? Configurations { get; init; }

    /// <summary>Items each configuration answers in the closed loop, over all repeats; 6 to 300.</summary>
    public int Items { get; init; } = 60;

    /// <summary>Items whose label is scored; 6 to 300.</summary>
    public int ScoredItems { get; init; } = 300;

    /// <summary>Requests each configuration gets at the equal offered load; 6 to 300.</summary>
    public int OfferedRequests { get; init; } = 30;

    /// <summary>Shuffled repeats; 1 to 20.</summary>
    public int Repeats { get; init; } = 3;

    /// <summary>Reference configuration; null takes the largest model at its highest precision.</summary>
    public string? Reference { get; init; }

    public int Seed { get; init; } = 1;
}

/// <summary>Where a plan is.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<PlanState>))]
public enum PlanState
{
    Running,
    Completed,
    Cancelled,
    Failed,
}

/// <summary>Progress of the plan that runs or ran last (GET /api/plans/current on Inference).</summary>
public sealed record PlanStatus
{
    public required Guid Id { get; init; }

    public required PlanState State { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>0 to 1.</summary>
    public required double Progress { get; init; }

    /// <summary>What it does now, in one line.</summary>
    public required string Step { get; init; }

    public double? RemainingSeconds { get; init; }

    /// <summary>Why it failed, in one sentence.</summary>
    public string? Error { get; init; }
}

/// <summary>A finished plan with its raw samples (POST /api/plans on Accounting; idempotent on <see cref="Id"/>).</summary>
public sealed record MeasurementPlan
{
    public required Guid Id { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>Name and version of the workload, for example "sentiment-public, checklist prompt".</summary>
    public required string Workload { get; init; }

    public required string ScoreMethod { get; init; }

    public required int Repeats { get; init; }

    /// <summary>Requests in flight in the closed loop.</summary>
    public required int Concurrency { get; init; }

    /// <summary>Rate of the equal offered load, in requests per second; null when that part did not run.</summary>
    public double? OfferedRequestsPerSecond { get; init; }

    public required string Reference { get; init; }

    public required string Device { get; init; }

    public string? Meter { get; init; }

    public string? Boundary { get; init; }

    public required EnergyQuality Quality { get; init; }

    public required string MethodVersion { get; init; }

    public required IReadOnlyList<ConfigurationMeasurement> Configurations { get; init; }
}

/// <summary>Raw samples of one configuration.</summary>
public sealed record ConfigurationMeasurement
{
    public required string ConfigurationId { get; init; }

    /// <summary>Closed loop: one sample per answered item.</summary>
    public required IReadOnlyList<ClosedLoopSample> ClosedLoop { get; init; }

    /// <summary>End-to-end latencies at the equal offered load, queueing included, in seconds.</summary>
    public required IReadOnlyList<double> OfferedLoadSeconds { get; init; }

    /// <summary>Whether each scored item was right; same items in the same order for every configuration.</summary>
    public required IReadOnlyList<bool> Correct { get; init; }

    /// <summary>Scored items whose answer could not be read; counted as wrong.</summary>
    public int Unparsable { get; init; }

    /// <summary>The model's weights were quantised before it came here: what a precision costs cannot be told against it, so it is no reference.</summary>
    public bool SourceQuantized { get; init; }

    /// <summary>Why the measurement does not count; null when it does.</summary>
    public string? Rejected { get; init; }
}

/// <summary>One answered item of the closed loop.</summary>
/// <param name="Repeat">Repeat it was part of, from 0.</param>
/// <param name="Item">The item's id.</param>
/// <param name="Joules">Active and idle share; null when not metered.</param>
/// <param name="InputTokens">Prompt tokens.</param>
/// <param name="OutputTokens">Generated tokens.</param>
/// <param name="Seconds">End-to-end latency in seconds.</param>
/// <param name="Correct">Whether the generated answer named the right label; null when the item is not scored this way.</param>
public sealed record ClosedLoopSample(int Repeat, string Item, Joules? Joules, int InputTokens, int OutputTokens, double Seconds, bool? Correct);

/// <summary>A stored plan without its samples.</summary>
public sealed record PlanSummary
{
    public required Guid Id { get; init; }

    /// <summary>Running number, from 1.</summary>
    public required int Number { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    public required string Workload { get; init; }

    public required string ScoreMethod { get; init; }

    public required int Repeats { get; init; }

    public required int Items { get; init; }

    public required int ScoredItems { get; init; }

    public double? OfferedRequestsPerSecond { get; init; }

    public required string Reference { get; init; }

    public required IReadOnlyList<string> Configurations { get; init; }

    public string? Meter { get; init; }

    public required EnergyQuality Quality { get; init; }

    public required string MethodVersion { get; init; }
}
