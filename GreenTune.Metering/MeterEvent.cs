using GreenTune.Core.Attribution;
using GreenTune.Core.Units;
using GreenTune.Metering.Baselines;

namespace GreenTune.Metering;

internal enum MeterEventKind
{
    Admit,
    Step,
    Finish,
    Resident,
    BusyBegins,
    BusyEnds,
    Calibrate,
}

/// <summary>What producers tell the sampler's thread.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="At">When.</param>
/// <param name="Request">The request's key.</param>
/// <param name="Payload">A step, who waits for the end's figures, the resident configurations, or a calibration's order.</param>
internal readonly record struct MeterEvent(MeterEventKind Kind, MonotonicTime At, long Request, object? Payload)
{
    public StepRecord Step => (StepRecord)Payload!;

    public TaskCompletionSource<SettledRequest> Waiter => (TaskCompletionSource<SettledRequest>)Payload!;

    public CalibrationOrder Calibration => (CalibrationOrder)Payload!;

    public IReadOnlyList<string> Resident => (IReadOnlyList<string>)Payload!;
}
