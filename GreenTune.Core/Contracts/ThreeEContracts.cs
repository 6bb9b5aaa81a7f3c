namespace GreenTune.Core.Contracts;

/// <summary>Weights of the three axes: non-negative, summing to 1 (within 1e-6).</summary>
public sealed record ThreeEWeights(double Energy, double Efficiency, double Effectiveness)
{
    public static ThreeEWeights Equal { get; } = new(1.0 / 3, 1.0 / 3, 1.0 / 3);
}

/// <summary>What a product owner sets (PUT /api/threee/settings).</summary>
public sealed record ThreeESettingsInput
{
    public required ThreeEWeights Weights { get; init; }

    /// <summary>Configurations whose effectiveness is below this share of the reference's are never chosen; 0 to 1.</summary>
    public required double Floor { get; init; }

    /// <summary>Reference configuration; null takes the plan's.</summary>
    public string? Reference { get; init; }

    /// <summary>Configuration that `auto` serves whatever the scores; null lets the scores decide.</summary>
    public string? Pinned { get; init; }

    /// <summary>Version that was edited; an older one is refused (409).</summary>
    public long? Version { get; init; }
}

/// <summary>Stored settings; every change makes a new version.</summary>
public sealed record ThreeESettings
{
    public required ThreeEWeights Weights { get; init; }

    public required double Floor { get; init; }

    public string? Reference { get; init; }

    public string? Pinned { get; init; }

    public required long Version { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public static ThreeESettings Default { get; } = new()
    {
        Weights = ThreeEWeights.Equal,
        Floor = 0.95,
        Version = 0,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };
}

/// <summary>One configuration's score and axes, against the reference (1.0).</summary>
public sealed record ThreeEScore
{
    public required string ConfigurationId { get; init; }

    /// <summary>1 is best; null when the configuration is below the floor or has no score.</summary>
    public int? Rank { get; init; }

    /// <summary>The ThreeE score with its bootstrap interval; null with <see cref="Reason"/> when an axis with weight is missing.</summary>
    public Interval? Score { get; init; }

    public Interval? Energy { get; init; }

    public Interval? Efficiency { get; init; }

    public Interval? Effectiveness { get; init; }

    public required bool BelowFloor { get; init; }

    public required bool IsReference { get; init; }

    /// <summary>Why there is no score.</summary>
    public string? Reason { get; init; }

    /// <summary>Share of the bootstrap runs in which this configuration came first among those at or above the floor.</summary>
    public double? FirstShare { get; init; }

    public Interval? JoulesPerToken { get; init; }

    /// <summary>Joules per correctly answered item.</summary>
    public Interval? JoulesPerCorrectItem { get; init; }

    public Interval? TokensPerSecond { get; init; }

    public Interval? P95Seconds { get; init; }

    /// <summary>Task score (accuracy, 0 to 1).</summary>
    public Interval? TaskScore { get; init; }

    public required EnergyQuality Quality { get; init; }
}

/// <summary>What `auto` serves and why.</summary>
public sealed record AutoChoice
{
    /// <summary>Null when nothing was measured: Inference then serves its default configuration.</summary>
    public string? ConfigurationId { get; init; }

    /// <summary>Best first; the next one answers when the first cannot.</summary>
    public required IReadOnlyList<string> Candidates { get; init; }

    /// <summary>Sentences for the reader.</summary>
    public required IReadOnlyList<string> Because { get; init; }

    public required bool Pinned { get; init; }
}

/// <summary>Everything Compare shows (GET /api/threee and /api/threee/preview).</summary>
public sealed record ThreeEView
{
    public required ThreeESettings Settings { get; init; }

    public PlanSummary? Plan { get; init; }

    /// <summary>The reference in force: the settings' or the plan's.</summary>
    public string? Reference { get; init; }

    /// <summary>Energy per token, or per correct item where the outputs' lengths differ by configuration.</summary>
    public string? EnergyBasis { get; init; }

    /// <summary>Ranked first, then those below the floor, then those without a score.</summary>
    public required IReadOnlyList<ThreeEScore> Ranking { get; init; }

    public required AutoChoice Auto { get; init; }
}

/// <summary>Who wins at which weights (GET /api/threee/triangle): one cell per weight vector on a regular grid.</summary>
/// <param name="Steps">Grid steps along an edge.</param>
/// <param name="Configurations">Winners named in <paramref name="Cells"/>.</param>
/// <param name="Cells">Winner of each cell.</param>
public sealed record WeightTriangle(int Steps, IReadOnlyList<string> Configurations, IReadOnlyList<TriangleCell> Cells);

/// <summary>One cell: its weights and the index of its winner in <see cref="WeightTriangle.Configurations"/>, -1 for none.</summary>
public sealed record TriangleCell(double Energy, double Efficiency, double Effectiveness, int Winner);
