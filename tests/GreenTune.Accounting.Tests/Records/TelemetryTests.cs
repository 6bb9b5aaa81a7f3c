using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Telemetry;

namespace GreenTune.Accounting.Tests.Records;

public sealed class TelemetryTests
{
    [Fact]
    public async Task A_stored_record_is_a_span_in_the_trace_of_its_request()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is TelemetryNames.Accounting or TelemetryNames.Database or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using AccountingHost host = await AccountingHost.StartAsync();
        ActivityTraceId trace = ActivityTraceId.CreateRandom();
        ActivitySpanId request = ActivitySpanId.CreateRandom();
        string id = $"chatcmpl-{trace}"[..40];
        await host.StoreAsync(Samples.Record(id) with { TraceId = trace.ToString(), SpanId = request.ToString() });

        Activity record = Assert.Single(spans, span => span.OperationName == "record" && span.TraceId == trace);
        Assert.Equal(request, record.ParentSpanId);
        Assert.Equal(id, record.GetTagItem(TelemetryNames.RequestId));
        Assert.Equal("greentune-tiny-int4", record.GetTagItem(TelemetryNames.Configuration));
        Assert.Equal(1.5, record.GetTagItem(TelemetryNames.Joules));
        Assert.Equal(1.5 * 1.2 * 342 / 3.6e6, (double)record.GetTagItem(TelemetryNames.CO2eGrams)!, 12);
        Assert.Contains(record.Links, link => link.Context.SpanId == request);
        Activity ingest = Assert.Single(spans, span => span.SpanId == record.Links.Single(link => link.Context.TraceId != trace).Context.SpanId);
        Activity insert = spans.First(span => span.Source.Name == TelemetryNames.Database && span.TraceId == ingest.TraceId && span.DisplayName == "INSERT records");
        Assert.Equal("sqlite", insert.GetTagItem("db.system.name"));
        Assert.Equal("accounting.db", insert.GetTagItem("db.namespace"));
        Assert.Equal("INSERT", insert.GetTagItem("db.operation.name"));
        Assert.Equal(1, insert.GetTagItem("db.operation.batch.size"));
        // Commands follow each other under the request; none is left open to swallow the next.
        foreach (string command in (string[])["SELECT tenants", "INSERT tenants", "SELECT reservations"])
        {
            Activity span = Assert.Single(spans, span => span.Source.Name == TelemetryNames.Database && span.TraceId == ingest.TraceId && span.DisplayName == command);
            Assert.Equal(ingest.SpanId, span.ParentSpanId);
        }
    }

    [Fact]
    public async Task Emissions_and_intensity_are_metrics()
    {
        var emitted = new ConcurrentQueue<(double Value, string? Configuration)>();
        var intensity = new ConcurrentQueue<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name is TelemetryNames.CarbonEmissions or TelemetryNames.CarbonIntensity)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (instrument.Name == TelemetryNames.CarbonIntensity)
            {
                intensity.Enqueue(value);
                return;
            }

            foreach (KeyValuePair<string, object?> tag in tags)
            {
                if (tag.Key == TelemetryNames.Configuration)
                {
                    emitted.Enqueue((value, tag.Value as string));
                }
            }
        });
        listener.Start();
        await using AccountingHost host = await AccountingHost.StartAsync();
        string configuration = $"metered-{Guid.NewGuid():N}";
        await host.StoreAsync(Samples.Record("chatcmpl-0001", 100, configuration: configuration), Samples.Record("chatcmpl-0002", joules: null, configuration: configuration));
        listener.RecordObservableInstruments();
        (double Value, string? Configuration) one = Assert.Single(emitted, item => item.Configuration == configuration);
        Assert.Equal(100 * 1.2 * 342 / 3.6e6, one.Value, 12);
        Assert.Contains(342, intensity);
    }
}
