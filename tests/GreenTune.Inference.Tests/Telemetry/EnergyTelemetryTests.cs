using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using GreenTune.Core.Contracts;
using GreenTune.Core.Telemetry;
using GreenTune.Core.Units;
using GreenTune.Inference.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace GreenTune.Inference.Tests.Telemetry;

/// <summary>Names, units and attributes of energy in telemetry: OpenTelemetry's hardware conventions and ours beside them, name by name.</summary>
public sealed class EnergyTelemetryTests
{
    [Fact]
    public void The_names_are_those_of_the_conventions_and_ours_begin_with_greentune()
    {
        Assert.Equal(("hw.energy", "hw.power", "hw.id", "hw.type", "hw.name"), (TelemetryNames.HardwareEnergy, TelemetryNames.HardwarePower, TelemetryNames.HardwareId, TelemetryNames.HardwareType, TelemetryNames.HardwareName));
        Assert.Equal(
            ("greentune.request.energy", "greentune.energy", "greentune.phase", "greentune.energy.source", "greentune.carbon.emissions", "greentune.carbon.intensity"),
            (TelemetryNames.RequestEnergy, TelemetryNames.Energy, TelemetryNames.Phase, TelemetryNames.EnergyQuality, TelemetryNames.CarbonEmissions, TelemetryNames.CarbonIntensity));
        Assert.Equal("gen_ai.usage.cache_read.input_tokens", TelemetryNames.UsageCachedInputTokens);
    }

    [Fact]
    public void A_requests_energy_is_a_histogram_in_joules_by_model_and_source_and_never_by_request()
    {
        using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var telemetry = new InferenceTelemetry(services.GetRequiredService<IMeterFactory>());
        var heard = new ConcurrentQueue<(Instrument Instrument, double Value, Dictionary<string, object?> Tags)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == TelemetryNames.Inference && instrument.Meter.Scope == services.GetRequiredService<IMeterFactory>())
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => heard.Enqueue((instrument, value, tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value))));
        listener.Start();
        telemetry.Record(Record(new Joules(2.5)));
        telemetry.Record(Record(null));

        (Instrument instrument, double value, Dictionary<string, object?> tags) = Assert.Single(heard, one => one.Instrument.Name == TelemetryNames.RequestEnergy);
        Assert.IsType<Histogram<double>>(instrument);
        Assert.Equal(("J", 2.5), (instrument.Unit, value));
        Assert.Equal(("chat", "onnx", "auto", "greentune-nano-int4", "measured"), (tags[TelemetryNames.OperationName], tags[TelemetryNames.ProviderName], tags[TelemetryNames.RequestModel], tags[TelemetryNames.ResponseModel], tags[TelemetryNames.EnergyQuality]));
        Assert.DoesNotContain(heard.SelectMany(one => one.Tags.Values), tag => Equals(tag, "chatcmpl-telemetry"));
        // Accounting counts what was emitted: a second counter of that name would double every sum over services.
        Assert.DoesNotContain(heard, one => one.Instrument.Name == TelemetryNames.CarbonEmissions);
    }

    [Fact]
    public void The_settle_span_is_linked_to_the_generation_and_carries_its_energy()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == TelemetryNames.Inference,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        var generation = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        RequestRecord record = Record(new Joules(2.5));
        InferenceTelemetry.Settled(generation, record, new GramsCO2e(0.001), record.EndedAt.AddSeconds(0.2));

        Activity settle = Assert.Single(spans, span => span.TraceId == generation.TraceId);
        Assert.Equal(("settle", generation.SpanId), (settle.OperationName, settle.ParentSpanId));
        Assert.Equal(generation, Assert.Single(settle.Links).Context);
        Assert.Equal((record.EndedAt.UtcDateTime, TimeSpan.FromSeconds(0.2)), (settle.StartTimeUtc, settle.Duration));
        Dictionary<string, object?> expected = new()
        {
            ["greentune.request.id"] = "chatcmpl-telemetry",
            ["greentune.configuration"] = "greentune-nano-int4",
            ["greentune.energy.source"] = "measured",
            ["greentune.energy.joules"] = 2.5,
            ["greentune.energy.active_joules"] = 1.5,
            ["greentune.energy.prefill_joules"] = 0.5,
            ["greentune.energy.decode_joules"] = 1.0,
            ["greentune.energy.idle_joules"] = 1.0,
            ["greentune.energy.relative_uncertainty"] = 0.1,
            ["greentune.carbon.co2e_grams"] = 0.001,
        };
        Assert.Equal(expected.OrderBy(tag => tag.Key, StringComparer.Ordinal), settle.TagObjects.OrderBy(tag => tag.Key, StringComparer.Ordinal));
    }

    private static RequestRecord Record(Joules? joules) => new()
    {
        Id = "chatcmpl-telemetry",
        StartedAt = DateTimeOffset.UnixEpoch,
        EndedAt = DateTimeOffset.UnixEpoch.AddSeconds(1),
        Tenant = "default",
        RequestedModel = "auto",
        ConfigurationId = "greentune-nano-int4",
        Outcome = RequestOutcome.Completed,
        FinishReason = "stop",
        InputTokens = 5,
        OutputTokens = 7,
        QueueSeconds = 0,
        TimeToFirstTokenSeconds = 0.1,
        DurationSeconds = 1,
        Energy = joules is null ? EnergyFigures.None("no meter", MethodVersions.Attribution) : new EnergyFigures
        {
            Joules = joules,
            ActiveJoules = new Joules(1.5),
            PrefillJoules = new Joules(0.5),
            DecodeJoules = new Joules(1),
            IdleJoules = new Joules(1),
            RelativeUncertainty = 0.1,
            Quality = EnergyQuality.Measured,
            PhaseQuality = EnergyQuality.Measured,
            Settled = true,
            MethodVersion = MethodVersions.Attribution,
        },
    };
}
