using GreenTune.Core.Units;

namespace GreenTune.Metering.Baselines;

/// <summary>What a caller asks the sampler's thread to calibrate.</summary>
internal sealed record CalibrationOrder(TimeSpan Over, TaskCompletionSource<CalibrationResult>? Waiter);

/// <summary>A calibration under way: the baseline of one set is measured anew until there is enough quiet, or patience ends.</summary>
internal sealed record Calibration(string Key, TimeSpan Over, MonotonicTime Deadline)
{
    /// <summary>Calibrations may ask for 1 s to this long: what the keeper's batches hold.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <summary>Beside the quiet itself: settling, and requests that come in between.</summary>
    public static TimeSpan Patience(TimeSpan over) => over * 4 + TimeSpan.FromSeconds(10);
}
