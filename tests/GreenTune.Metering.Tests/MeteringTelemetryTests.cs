using System.Diagnostics.Metrics;
using GreenTune.Core.Telemetry;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests;

public sealed class MeteringTelemetryTests
{
    [Fact]
    public async Task Energy_power_and_phases_are_measured_where_they_are_known()
    {
        using var telemetry = new MeteringTelemetry();
        using var heard = new Listener(telemetry);
        await using var bench = new Bench(telemetry: telemetry, description: plain => plain with { DeviceId = "sim-telemetry" });
        heard.Collect();
        Assert.Empty(heard.Values);

        bench.Run(4, 100);
        Task<SettledRequest> settled = bench.Serve(2, 300);
        bench.Run(0.1, 100);
        heard.Collect();

        Assert.Equal(4 * 100 + 600 + 10, heard.Sum(TelemetryNames.HardwareEnergy), 15.0);
        Assert.Equal(100, heard.Sum(TelemetryNames.HardwarePower), 1.0);
        Assert.Contains(heard.Values, v => v.Name == TelemetryNames.HardwareEnergy && v.Tags[TelemetryNames.HardwareId] == "sim-telemetry" && v.Tags[TelemetryNames.HardwareType] == "gpu");
        Assert.Equal((await settled).Energy.DecodeJoules!.Value.Value, heard.Sum(TelemetryNames.Energy, "decode"), 1e-9);
        Assert.Equal((await settled).Energy.IdleJoules!.Value.Value, heard.Sum(TelemetryNames.Energy, "idle"), 1e-9);
        Assert.All(heard.Values.Where(v => v.Name == TelemetryNames.Energy), v => Assert.Equal("measured", v.Tags[TelemetryNames.EnergyQuality]));
        Assert.DoesNotContain(heard.Values, v => v.Tags.ContainsKey(TelemetryNames.RequestId));
    }

    [Fact]
    public async Task A_negative_figure_is_taken_off_the_next_instead_of_turning_the_counter_back()
    {
        using var telemetry = new MeteringTelemetry();
        using var heard = new Listener(telemetry);
        await using var bench = new Bench(telemetry: telemetry);
        bench.Run(4, 100);
        Task<SettledRequest> below = bench.Serve(1, 99);
        bench.Run(0.3, 100);
        Task<SettledRequest> above = bench.Serve(1, 120);
        bench.Run(0.3, 100);

        double active = (await below).Energy.ActiveJoules!.Value.Value + (await above).Energy.ActiveJoules!.Value.Value;
        Assert.True((await below).Energy.ActiveJoules!.Value.Value < 0);
        Assert.All(heard.Values, v => Assert.True(v.Value > 0));
        Assert.Equal(active, heard.Sum(TelemetryNames.Energy, "decode"), 1e-9);
    }

    [Fact]
    public async Task Without_a_meter_nothing_is_measured()
    {
        using var telemetry = new MeteringTelemetry();
        using var heard = new Listener(telemetry);
        var clock = new ManualClock();
        await using var meter = new DeviceMeter(new UnavailablePowerSource("cpu-0", "CPU", Core.Attribution.DeviceComponent.Cpu, "switched off"), null, clock, null, telemetry, startSampler: false);
        long request = meter.Admit(clock.Now);
        clock.Advance(TimeSpan.FromSeconds(1));
        Task<SettledRequest> settled = meter.Finish(request, clock.Now);
        clock.Advance(TimeSpan.FromMilliseconds(50));
        meter.Tick();
        heard.Collect();

        Assert.True(settled.IsCompleted);
        Assert.Empty(heard.Values);
    }

    private sealed class Listener : IDisposable
    {
        private readonly MeterListener _listener = new();

        public Listener(MeteringTelemetry telemetry)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (ReferenceEquals(instrument.Meter, telemetry.Meter))
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
            {
                var copy = new Dictionary<string, string?>();
                foreach (KeyValuePair<string, object?> tag in tags)
                    copy[tag.Key] = tag.Value?.ToString();
                lock (Values)
                    Values.Add((instrument.Name, value, copy));
            });
            _listener.Start();
        }

        public List<(string Name, double Value, Dictionary<string, string?> Tags)> Values { get; } = [];

        public void Collect() => _listener.RecordObservableInstruments();

        public double Sum(string name, string? phase = null) =>
            Values.Where(v => v.Name == name && (phase is null || v.Tags[TelemetryNames.Phase] == phase)).Sum(v => v.Value);

        public void Dispose() => _listener.Dispose();
    }
}
