namespace GreenTune.Core.Contracts;

/// <summary>What a device serves and what it has been seen to cost there, as Inference tells Accounting (POST /api/configurations).</summary>
public sealed record ConfigurationBatch(IReadOnlyList<ConfigurationReport> Configurations);

/// <summary>
/// One configuration on one device: the latest report of the pair is kept, so that a configuration can still be looked up, and its cost compared over devices, when the service that ran it is
/// gone.
/// </summary>
public sealed record ConfigurationReport
{
    /// <summary>For example "greentune-tiny-int4".</summary>
    public required string Id { get; init; }

    /// <summary>The metered device, for example "GPU-..." or "cpu-0".</summary>
    public required string Device { get; init; }

    /// <summary>For example "greentune-tiny".</summary>
    public required string Model { get; init; }

    /// <summary>"fp32", "fp16", "int8", "int4", or "unknown" of an external one.</summary>
    public required string Precision { get; init; }

    /// <summary>"cpu", "cuda" or "external".</summary>
    public required string Provider { get; init; }

    public long? Parameters { get; init; }

    public long? WeightBytes { get; init; }

    public int? ContextLength { get; init; }

    /// <summary>What requests cost over their lengths; null before anything is known.</summary>
    public ConfigurationProfile? Profile { get; init; }

    /// <summary>Who reports.</summary>
    public string? Instance { get; init; }

    /// <summary>When this was so.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>A configuration on a device as the books know it (GET /api/configurations on Accounting). Its profile is at /api/profiles.</summary>
/// <param name="Report">The latest report, without its profile.</param>
/// <param name="FirstSeenAt">When the first report came.</param>
/// <param name="LastSeenAt">When the latest report came.</param>
public sealed record StoredConfiguration(ConfigurationReport Report, DateTimeOffset FirstSeenAt, DateTimeOffset LastSeenAt);

/// <summary>The length profile of a configuration on a device (GET /api/profiles on Accounting).</summary>
/// <param name="Device">The metered device.</param>
/// <param name="At">When it was so.</param>
/// <param name="Profile">By load level.</param>
public sealed record StoredProfile(string Device, DateTimeOffset At, ConfigurationProfile Profile);
