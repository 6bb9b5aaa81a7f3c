using GreenTune.Core.Units;

namespace GreenTune.Metering.Baselines;

/// <summary>An idle baseline as it is remembered from run to run.</summary>
/// <param name="Resident">Configurations that were resident; empty for the empty device.</param>
/// <param name="MeanWatts">Power with no request in flight, in watts.</param>
/// <param name="SigmaWatts">Standard uncertainty of the mean, in watts.</param>
/// <param name="MeasuredAt">When it was measured.</param>
/// <param name="OverSeconds">How long it was measured, in seconds.</param>
public sealed record SavedBaseline(IReadOnlyList<string> Resident, Watts MeanWatts, Watts SigmaWatts, DateTimeOffset MeasuredAt, double OverSeconds);

/// <summary>What a calibration of the idle baseline came to.</summary>
/// <param name="Baseline">The baseline of what is resident; null when there is none.</param>
/// <param name="Resident">Configurations that are resident.</param>
/// <param name="Problem">Why it was not measured anew, as a sentence part; null when it was.</param>
public sealed record CalibrationResult(Core.Contracts.BaselineView? Baseline, IReadOnlyList<string> Resident, string? Problem);
