using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Metering.Baselines;

namespace GreenTune.Metering;

/// <summary>
/// The meter of one device: samples its power, keeps its baselines and attributes its energy to the requests in flight.
/// Every member may be called from any thread and returns at once: nothing here reads a sensor on the caller's thread.
/// </summary>
public interface IDeviceMeter : IAsyncDisposable
{
    /// <summary>For example "cpu-0" or a GPU's UUID.</summary>
    string DeviceId { get; }

    /// <summary>Now on the meter's clock, which steps and requests are stamped with.</summary>
    MonotonicTime Now { get; }

    /// <summary>A request enters the batch or its queue: from here on it shares the idle baseline.</summary>
    /// <returns>The request's key, for its steps and its end.</returns>
    long Admit(MonotonicTime at);

    /// <summary>A step ran. Steps must arrive in order of their time.</summary>
    void Step(StepRecord step);

    /// <summary>A request left the batch. The task completes when its figures have settled and never fails: without a meter it yields none with the reason.</summary>
    Task<SettledRequest> Finish(long request, MonotonicTime at);

    /// <summary>The set of configurations resident on the device changed: another baseline applies.</summary>
    void SetResident(IReadOnlyCollection<string> configurations);

    /// <summary>Until disposed, the device does work of the service that is no request (building, loading): no baseline is taken from it.</summary>
    IDisposable Busy();

    /// <summary>What is metered, how, and its baselines.</summary>
    DeviceView View();

    /// <summary>
    /// What the meter has learned of the configurations' work, for <see cref="DeviceMeterOptions.Remembered"/> after a restart; null where nothing is learned.
    /// </summary>
    WorkFitSnapshot? WorkFits() => null;

    /// <summary>Power between two times, thinned to at most <paramref name="maxPoints"/> points; offsets count from <paramref name="origin"/>.</summary>
    IReadOnlyList<TracePoint> Trace(MonotonicTime from, MonotonicTime to, MonotonicTime origin, int maxPoints);

    /// <summary>The last seconds of power, for a live chart.</summary>
    PowerFrame Frame(TimeSpan last, int maxPoints);

    /// <summary>
    /// Measures the idle baseline of what is resident now anew. The one in use serves meanwhile, and requests go on: time with one in flight does not count.
    /// </summary>
    /// <param name="over">Quiet time to measure over, 1 to 60 s.</param>
    /// <param name="cancellation">Ends the waiting, not the measurement.</param>
    /// <returns>The new baseline; with a problem when the device did not become quiet long enough within four times that and 10 s.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="over"/> is out of range.</exception>
    Task<CalibrationResult> CalibrateAsync(TimeSpan over, CancellationToken cancellation = default) =>
        Task.FromResult(new CalibrationResult(null, [], "this meter keeps no baseline"));

    /// <summary>Closes the current period at the last closed block and begins the next; null when nothing was metered in it.</summary>
    EnergyPeriod? CutPeriod();
}

/// <summary>A request's settled figures.</summary>
/// <param name="Energy">The figures, or none with a reason.</param>
/// <param name="MeanRowsInFlight">Mean number of requests in flight over its own time in flight.</param>
/// <param name="Baseline">Resident baseline that was used; null without a meter.</param>
public sealed record SettledRequest(EnergyFigures Energy, double MeanRowsInFlight, Watts? Baseline);
