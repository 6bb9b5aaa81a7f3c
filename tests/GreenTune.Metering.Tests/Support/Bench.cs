using GreenTune.Core.Attribution;
using GreenTune.Core.Units;
using GreenTune.Metering.Simulated;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Tests.Support;

/// <summary>A device of known power, its meter driven by hand on a clock of its own.</summary>
internal sealed class Bench : IAsyncDisposable
{
    public static readonly WorkModel Work = new("tiny-int4", 22e6, 4e3, 22e6, 600);

    public Bench(SimulatedSensor? sensor = null, double idleWatts = 100, DeviceMeterOptions? options = null, Func<PowerSourceDescription, PowerSourceDescription>? description = null, MeteringTelemetry? telemetry = null)
    {
        Curve = new(idleWatts);
        Origin = Clock.Now;
        Options = options ?? new();
        Source = new(sensor ?? new(), Curve, Origin, description);
        Meter = new(Source, Options, Clock, Logger, telemetry, startSampler: false);
    }

    public ManualClock Clock { get; } = new();

    public ListLogger Logger { get; } = new();

    public SimulatedCurve Curve { get; }

    public MonotonicTime Origin { get; }

    public DeviceMeterOptions Options { get; }

    public SimulatedPowerSource Source { get; }

    public DeviceMeter Meter { get; }

    public double Seconds => (Clock.Now - Origin).TotalSeconds;

    public MonotonicTime At(double seconds) => Origin + TimeSpan.FromSeconds(seconds);

    /// <summary>Draws a power for a time, reading the meter as it passes.</summary>
    public void Run(double seconds, double watts)
    {
        double end = Seconds + seconds;
        Curve.Append(end, watts);
        while (Seconds < end - 1e-9)
        {
            Clock.AdvanceTo(At(Math.Min(end, Seconds + Options.Period.TotalSeconds)));
            Meter.Tick();
        }
    }

    /// <summary>One request alone with one step, at a power.</summary>
    public Task<SettledRequest> Serve(double seconds, double watts)
    {
        MonotonicTime start = Clock.Now;
        long request = Meter.Admit(start);
        Run(seconds, watts);
        Meter.Step(new(start, Clock.Now, StepPhase.Decode, Work, [new(request, 1, 10)]));
        return Meter.Finish(request, Clock.Now);
    }

    public ValueTask DisposeAsync() => Meter.DisposeAsync();
}
