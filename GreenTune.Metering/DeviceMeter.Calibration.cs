using GreenTune.Core.Contracts;
using GreenTune.Metering.Baselines;

namespace GreenTune.Metering;

/// <content>Idle baselines on demand and from run to run.</content>
public sealed partial class DeviceMeter
{
    private static readonly TimeSpan SaveEvery = TimeSpan.FromMinutes(5);

    private TaskCompletionSource<CalibrationResult>? _calibrating;
    private long _lastSave;

    /// <inheritdoc/>
    public Task<CalibrationResult> CalibrateAsync(TimeSpan over, CancellationToken cancellation = default)
    {
        if (over < TimeSpan.FromSeconds(1) || over > Calibration.Longest)
            throw new ArgumentOutOfRangeException(nameof(over), over, $"A calibration takes from 1 to {Calibration.Longest.TotalSeconds:0} s, for example 10 s.");
        if (_description.Quality == EnergyQuality.None)
            return Task.FromResult(new CalibrationResult(null, [], $"there is no meter: {_description.Explanation}"));
        var waiter = new TaskCompletionSource<CalibrationResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _calibrating, waiter, null) is not null)
            return Task.FromResult(new CalibrationResult(null, [], "a calibration is under way already"));
        Tell(new(MeterEventKind.Calibrate, Now, 0, new CalibrationOrder(over, waiter)));
        if (_stopped || _stuck)
            EndCalibration(new(null, [], _stopped ? "the meter was stopped" : "the meter does not answer"));
        return waiter.Task.WaitAsync(cancellation);
    }

    private void EndCalibration(CalibrationResult? result)
    {
        if (result is not null)
            Interlocked.Exchange(ref _calibrating, null)?.TrySetResult(result);
    }

    /// <summary>Remembers the baselines, every five minutes and at the end.</summary>
    private void SaveBaselines(bool now = false)
    {
        if (_options.BaselineFile is not { } file || _description.Quality == EnergyQuality.None)
            return;
        if (!now && Now.Ticks - _lastSave < SaveEvery.Ticks)
            return;
        _lastSave = Now.Ticks;
        IReadOnlyList<SavedBaseline> measured;
        lock (_gate)
            measured = _core.MeasuredBaselines();
        file.Save(_description, _options.Period, measured);
    }
}
