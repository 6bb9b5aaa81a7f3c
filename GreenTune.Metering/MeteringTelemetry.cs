using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using GreenTune.Core.Contracts;
using GreenTune.Core.Telemetry;

namespace GreenTune.Metering;

/// <summary>
/// Energy and power as metrics: hw.energy (J, since the meter began) and hw.power (W) by device, greentune.energy (J) by phase and quality as requests
/// settle. What is not known is not measured: no value instead of 0.
/// </summary>
public sealed class MeteringTelemetry : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<double> _energy;
    private readonly ConcurrentDictionary<string, IDeviceMeter> _devices = new();
    private readonly ConcurrentDictionary<(string Phase, EnergyQuality Quality), StrongBox> _owed = new();

    /// <param name="factory">The host's meter factory; null makes a meter of its own.</param>
    public MeteringTelemetry(IMeterFactory? factory = null)
    {
        _meter = factory?.Create(TelemetryNames.Metering) ?? new Meter(TelemetryNames.Metering);
        _meter.CreateObservableCounter(TelemetryNames.HardwareEnergy, () => Observe(view => view.Totals?.Total.Value), "J", "Energy of the metered device.");
        _meter.CreateObservableGauge(TelemetryNames.HardwarePower, () => Observe(view => view.Now?.Value), "W", "Power of the metered device.");
        _energy = _meter.CreateCounter<double>(TelemetryNames.Energy, "J", "Energy of settled requests by phase.");
    }

    internal Meter Meter => _meter;

    public void Dispose() => _meter.Dispose();

    internal void Add(IDeviceMeter device) => _devices[device.DeviceId] = device;

    internal void Remove(IDeviceMeter device) => _devices.TryRemove(new(device.DeviceId, device));

    internal void Settled(EnergyFigures figures)
    {
        Count("prefill", figures.PrefillJoules?.Value, figures.PhaseQuality);
        Count("decode", figures.DecodeJoules?.Value, figures.PhaseQuality);
        Count("idle", figures.IdleJoules?.Value, figures.Quality);
    }

    /// <summary>A counter cannot fall: a slightly negative figure is taken off the next ones.</summary>
    private void Count(string phase, double? joules, EnergyQuality quality)
    {
        if (joules is not { } value)
            return;
        StrongBox owed = _owed.GetOrAdd((phase, quality), static _ => new());
        lock (owed)
        {
            owed.Joules += value;
            if (owed.Joules <= 0)
                return;
            value = owed.Joules;
            owed.Joules = 0;
        }
        _energy.Add(
            value,
            new KeyValuePair<string, object?>(TelemetryNames.Phase, phase),
            new KeyValuePair<string, object?>(TelemetryNames.EnergyQuality, LowerCase(quality)));
    }

    private static string LowerCase(EnergyQuality quality) => quality switch
    {
        EnergyQuality.Measured => "measured",
        EnergyQuality.Modelled => "modelled",
        EnergyQuality.Estimated => "estimated",
        _ => "none",
    };

    private IEnumerable<Measurement<double>> Observe(Func<DeviceView, double?> figure)
    {
        foreach (IDeviceMeter device in _devices.Values)
        {
            DeviceView view = device.View();
            if (figure(view) is { } value)
            {
                yield return new(
                    value,
                    new KeyValuePair<string, object?>(TelemetryNames.HardwareId, view.Id),
                    new KeyValuePair<string, object?>(TelemetryNames.HardwareType, view.Kind),
                    new KeyValuePair<string, object?>(TelemetryNames.HardwareName, view.Name));
            }
        }
    }

    private sealed class StrongBox
    {
        public double Joules;
    }
}
