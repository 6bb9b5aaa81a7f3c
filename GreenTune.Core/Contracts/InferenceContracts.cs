using System.Text.Json.Serialization;
using GreenTune.Core.Units;

namespace GreenTune.Core.Contracts;

/// <summary>Where a configuration is on its way to serving.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<ConfigurationState>))]
public enum ConfigurationState
{
    /// <summary>Its folder has still to be made.</summary>
    Waiting,
    Building,
    Loading,
    Ready,
    Failed,

    /// <summary>It can serve and is not in memory, for want of room: the next request for it loads it.</summary>
    Unloaded,
}

/// <summary>A model at a precision on a device (GET /api/configurations on Inference).</summary>
public sealed record ConfigurationView
{
    /// <summary>For example "greentune-tiny-int4".</summary>
    public required string Id { get; init; }

    /// <summary>For example "greentune-tiny".</summary>
    public required string Model { get; init; }

    /// <summary>"fp32", "fp16", "int8" or "int4".</summary>
    public required string Precision { get; init; }

    /// <summary>"cpu" or "cuda".</summary>
    public required string Provider { get; init; }

    public required ConfigurationState State { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Error { get; init; }

    public long? Parameters { get; init; }

    public long? WeightBytes { get; init; }

    public int? ContextLength { get; init; }

    /// <summary>True for the one served when nothing was measured.</summary>
    public bool IsDefault { get; init; }
}

/// <summary>Asks what a request would cost (POST /api/predictions on Inference).</summary>
public sealed record PredictionRequest(string ConfigurationId, int InputTokens, int OutputTokens);

/// <summary>The length profile's answer (design section 4.4).</summary>
/// <param name="ConfigurationId">The configuration.</param>
/// <param name="Joules">Expected joules.</param>
/// <param name="Sigma">Standard uncertainty.</param>
/// <param name="Basis">"profile" when fitted from records, "warm-up" when from the calibration at load.</param>
public sealed record Prediction(string ConfigurationId, Joules Joules, Joules Sigma, string Basis);

/// <summary>One metered device (GET /api/meter on Inference).</summary>
public sealed record DeviceView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>"cpu" or "gpu".</summary>
    public required string Kind { get; init; }

    /// <summary>"nvml", "cpu-estimate", "simulated" or "none".</summary>
    public required string Meter { get; init; }

    public string? Boundary { get; init; }

    public required EnergyQuality Quality { get; init; }

    /// <summary>How the meter works or why there is none, in one sentence.</summary>
    public required string Explanation { get; init; }

    /// <summary>Sensor's relative gain error, one sigma.</summary>
    public double? GainRelative { get; init; }

    public required double SamplePeriodSeconds { get; init; }

    public BaselineView? EmptyBaseline { get; init; }

    public BaselineView? ResidentBaseline { get; init; }

    public required IReadOnlyList<string> ResidentConfigurations { get; init; }

    public Watts? Now { get; init; }

    /// <summary>Since the service started.</summary>
    public EnergyBuckets? Totals { get; init; }
}

/// <summary>An idle baseline (design section 4.2).</summary>
/// <param name="Mean">Power with no request in flight.</param>
/// <param name="Sigma">Standard uncertainty of the mean.</param>
/// <param name="MeasuredAt">When it was measured; null when assumed.</param>
/// <param name="OverSeconds">How long it was measured.</param>
/// <param name="Assumed">True until one could be measured: taken from the power model.</param>
public sealed record BaselineView(Watts Mean, Watts Sigma, DateTimeOffset? MeasuredAt, double OverSeconds, bool Assumed);

/// <summary>Live power of one device (GET /api/meter/power and the events of /api/meter/stream on Inference).</summary>
public sealed record PowerFrame(string Device, Watts? Baseline, IReadOnlyList<PowerPoint> Points);

/// <summary>Power at a time.</summary>
public sealed record PowerPoint(DateTimeOffset At, double Watts);
