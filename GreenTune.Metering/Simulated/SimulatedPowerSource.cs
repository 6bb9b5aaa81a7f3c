using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Simulated;

/// <summary>A device of known power read through a sensor of known faults.</summary>
public sealed class SimulatedPowerSource : IPowerSource
{
    private const double Rounding = 1e-9;

    private readonly SimulatedSensor _sensor;
    private readonly SimulatedCurve _curve;
    private readonly MonotonicTime _origin;
    private readonly Action<double>? _extend;
    private readonly Random _random;
    // Times are multiples of the period, not sums of it: a sum drifts.
    private long _samples;
    private long _counts;

    /// <param name="sensor">The sensor.</param>
    /// <param name="curve">The device's true power.</param>
    /// <param name="origin">The curve's origin on the meter's clock.</param>
    /// <param name="description">Replaces parts of the description, for example its id.</param>
    /// <param name="extend">Called with the curve's time before each reading, so that the curve can follow something live.</param>
    public SimulatedPowerSource(SimulatedSensor sensor, SimulatedCurve curve, MonotonicTime origin, Func<PowerSourceDescription, PowerSourceDescription>? description = null, Action<double>? extend = null)
    {
        _sensor = sensor;
        _curve = curve;
        _origin = origin;
        _extend = extend;
        _random = new(sensor.Seed);
        var plain = new PowerSourceDescription
        {
            DeviceId = "simulated-0",
            DeviceName = "Simulated device",
            Component = DeviceComponent.Gpu,
            Meter = "simulated",
            Boundary = "device",
            Quality = EnergyQuality.Measured,
            GainRelative = 0.05,
            Explanation = "A simulated device: its figures say nothing about this machine.",
            Kinds = sensor.Kinds,
            NativePeriod = TimeSpan.FromSeconds(sensor.Kinds == ReadingKinds.Counter ? sensor.CounterPeriod : sensor.Period),
            CounterQuantum = sensor.CounterQuantum,
            SampleNoise = sensor.Noise,
            AveragingWindow = TimeSpan.FromSeconds(sensor.Kinds == ReadingKinds.Counter ? 0 : sensor.AveragingWindow),
            AssumedIdle = new(curve.MeanPower(0, 0.001)),
            AssumedIdleSigma = new(0.5 * curve.MeanPower(0, 0.001)),
        };
        Description = description is null ? plain : description(plain);
    }

    public PowerSourceDescription Description { get; }

    public SourceStatus Read(MonotonicTime now, PowerReadings into)
    {
        double seconds = (now - _origin).TotalSeconds;
        _extend?.Invoke(seconds);
        double until = Math.Min(seconds, _sensor.LostAt);
        if (_sensor.Kinds != ReadingKinds.Counter)
            ReadSamples(until, into);
        if (_sensor.Kinds != ReadingKinds.Samples)
            ReadCounter(until, into);
        return seconds >= _sensor.LostAt ? SourceStatus.Gone("the simulated device is gone") : SourceStatus.Ok;
    }

    public void Dispose()
    {
    }

    private void ReadSamples(double until, PowerReadings into)
    {
        double late = 3 * (_sensor.Jitter + _sensor.StampJitter);
        for (; _samples * _sensor.Period + late <= until + Rounding; _samples++)
        {
            double at = _samples * _sensor.Period + Scatter(_sensor.Jitter);
            double watts = _curve.MeanPower(at, _sensor.AveragingWindow) * _sensor.Gain + Gaussian() * _sensor.Noise;
            if (_random.NextDouble() < _sensor.DropProbability || Stalled(at))
                continue;
            double stamp = (_sensor.StampsMiddle ? at - _sensor.AveragingWindow / 2 : at) + Scatter(_sensor.StampJitter);
            into.Samples.Add(new(_origin + TimeSpan.FromSeconds(stamp), new(Math.Max(0, watts))));
        }
    }

    private void ReadCounter(double until, PowerReadings into)
    {
        for (; _counts * _sensor.CounterPeriod <= until + Rounding; _counts++)
        {
            double tick = _counts * _sensor.CounterPeriod;
            if (Stalled(tick))
                continue;
            double reset = 0;
            for (int i = 0; i < _sensor.CounterResets.Count; i++)
            {
                if (_sensor.CounterResets[i] <= tick)
                    reset = Math.Max(reset, _sensor.CounterResets[i]);
            }
            double joules = (_curve.EnergyTo(tick) - _curve.EnergyTo(reset)) * _sensor.Gain;
            double steps = _sensor.CounterQuantum > 0 ? Math.Floor(joules / _sensor.CounterQuantum) * _sensor.CounterQuantum : joules;
            into.Counter.Add(new(_origin + TimeSpan.FromSeconds(tick), new(steps)));
        }
    }

    private bool Stalled(double at)
    {
        for (int i = 0; i < _sensor.Stalls.Count; i++)
        {
            (double from, double to) = _sensor.Stalls[i];
            if (at >= from && at < to)
                return true;
        }
        return false;
    }

    private double Scatter(double sigma) => sigma > 0 ? Math.Clamp(Gaussian(), -3, 3) * sigma : 0;

    private double Gaussian() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
