using GreenTune.Core.Units;

namespace GreenTune.Core.Contracts;

/// <summary>
/// Energy of one device over one period, by bucket (design section 4.3): active + idleShare + idle + unattributed + other = total.
/// Idempotent on <see cref="Id"/>. Sent by Inference about once a minute.
/// </summary>
public sealed record EnergyPeriod
{
    public required string Id { get; init; }

    public required string Device { get; init; }

    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }

    public required Joules Total { get; init; }

    /// <summary>Caused by requests.</summary>
    public required Joules Active { get; init; }

    /// <summary>Idle baseline while requests were in flight.</summary>
    public required Joules IdleShare { get; init; }

    /// <summary>Idle baseline while nobody was served.</summary>
    public required Joules Idle { get; init; }

    /// <summary>Above the baseline, with a request in flight but no step running.</summary>
    public required Joules Unattributed { get; init; }

    /// <summary>Other processes on the device.</summary>
    public required Joules Other { get; init; }

    public required EnergyQuality Quality { get; init; }

    public string? Instance { get; init; }
}
