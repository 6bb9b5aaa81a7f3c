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

    /// <summary>"nvml", "rapl", "cpu-estimate", "dcgm", "simulated", "replay" or "none".</summary>
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

    /// <summary>What the work of each configuration has been found to cost here; empty before any block has taught it.</summary>
    public IReadOnlyList<WorkFitView> WorkFits { get; init; } = [];

    /// <summary>How far the energy counter and the power samples disagree; null where the device does not give both.</summary>
    public CounterAgreement? CounterAgreement { get; init; }

    /// <summary>What bears on the device's figures, read about once a second; null where the meter tells nothing of it.</summary>
    public DeviceFacts? Facts { get; init; }
}

/// <summary>The fitted work model of one configuration on one device (design section 4.3): e = k_f FLOPs + k_b bytes + k_t time.</summary>
/// <param name="ConfigurationId">The configuration.</param>
/// <param name="InUse">Whether it shares out energy now; time alone does otherwise.</param>
/// <param name="Blocks">Blocks that taught it.</param>
/// <param name="RSquared">Coefficient of determination of active power on blocks before they were learned from; null before there are enough. May be below 0.</param>
/// <param name="TimeAloneRSquared">The same of time alone.</param>
/// <param name="JoulesPerFlop">k_f.</param>
/// <param name="JoulesPerByte">k_b.</param>
/// <param name="JoulesPerSecond">k_t.</param>
/// <param name="SensorWindowSeconds">What the sensor's samples were found to average, in seconds; 0 for a counter.</param>
/// <param name="SensorLagSeconds">By how much the middle of what a sample averages was found to lie before its stamp, in seconds.</param>
public sealed record WorkFitView(
    string ConfigurationId,
    bool InUse,
    long Blocks,
    double? RSquared,
    double? TimeAloneRSquared,
    double JoulesPerFlop,
    double JoulesPerByte,
    double JoulesPerSecond,
    double SensorWindowSeconds,
    double SensorLagSeconds);

/// <summary>
/// Disagreement of a device's energy counter with the integral of its samples: counter over integral, minus 1, over whole rescaling spans. Energies follow the counter
/// (design section 4.1).
/// </summary>
/// <param name="Idle">Over spans with nobody in flight; null before the first.</param>
/// <param name="IdleSeconds">How long those were.</param>
/// <param name="Loaded">Over spans with requests in flight throughout; null before the first.</param>
/// <param name="LoadedSeconds">How long those were.</param>
public sealed record CounterAgreement(double? Idle, double IdleSeconds, double? Loaded, double LoadedSeconds);

/// <summary>An idle baseline (design section 4.2).</summary>
/// <param name="Mean">Power with no request in flight.</param>
/// <param name="Sigma">Standard uncertainty of the mean.</param>
/// <param name="MeasuredAt">When it was measured; null when assumed.</param>
/// <param name="OverSeconds">How long it was measured.</param>
/// <param name="Assumed">True until one could be measured: taken from the power model.</param>
public sealed record BaselineView(Watts Mean, Watts Sigma, DateTimeOffset? MeasuredAt, double OverSeconds, bool Assumed)
{
    /// <summary>Measured by an earlier run, and serves until it is measured anew: <see cref="MeasuredAt"/> tells its age.</summary>
    public bool Saved { get; init; }
}

/// <summary>Live power of one device (GET /api/meter/power and the events of /api/meter/stream on Inference).</summary>
public sealed record PowerFrame(string Device, Watts? Baseline, IReadOnlyList<PowerPoint> Points);

/// <summary>Power at a time.</summary>
public sealed record PowerPoint(DateTimeOffset At, double Watts);
