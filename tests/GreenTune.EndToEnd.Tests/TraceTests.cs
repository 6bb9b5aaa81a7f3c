using GreenTune.Core.Contracts;
using GreenTune.Core.Telemetry;
using GreenTune.EndToEnd.Tests.Running;
using GreenTune.EndToEnd.Tests.Telemetry;
using OpenAI.Chat;

namespace GreenTune.EndToEnd.Tests;

public sealed class TraceTests
{
    [Fact]
    public async Task One_trace_holds_a_request_from_HTTP_to_its_settled_energy_and_its_record()
    {
        await using OtlpReceiver collector = await OtlpReceiver.StartAsync();
        await using GreenTuneProcess product = await GreenTuneProcess.StartAsync(
        [
            .. GreenTuneProcess.Only("greentune-nano-int4"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ]);
        ChatCompletion answer = await Chats.Client(product, "greentune-nano-int4", "team-a").AskAsync("What is the capital of France?");

        OtlpSpan[] trace = await Eventually.GetAsync(() => Task.FromResult(Trace(collector.Spans, answer.Id)));
        OtlpSpan http = Assert.Single(trace, span => span is { Service: "inference", IsServer: true });
        Assert.Equal("POST /v1/chat/completions", http.Name);
        OtlpSpan chat = Child(http, "chat greentune-nano-int4");
        Assert.Equal("chat", chat.Attributes[TelemetryNames.OperationName]);
        Assert.Equal("onnx", chat.Attributes[TelemetryNames.ProviderName]);
        Assert.Equal("greentune-nano-int4", chat.Attributes[TelemetryNames.RequestModel]);
        Assert.Equal("greentune-nano-int4", chat.Attributes[TelemetryNames.ResponseModel]);
        Assert.Equal(answer.Id, chat.Attributes[TelemetryNames.ResponseId]);
        Assert.Equal($"{answer.Usage.InputTokenCount}", chat.Attributes[TelemetryNames.UsageInputTokens]);
        Assert.Equal($"{answer.Usage.OutputTokenCount}", chat.Attributes[TelemetryNames.UsageOutputTokens]);
        Assert.Equal("stop", chat.Attributes[TelemetryNames.ResponseFinishReasons]);
        // What people write stays out of traces unless they ask for it.
        Assert.DoesNotContain(trace.SelectMany(span => span.Attributes.Values), value => value.Contains("France", StringComparison.Ordinal));

        foreach (string phase in new[] { "queue", "prefill", "decode" })
        {
            Child(chat, phase);
        }

        OtlpSpan settle = Child(chat, "settle");
        Assert.Contains(chat.SpanId, settle.LinkedSpans);
        RecordView record = await product.GetAsync<RecordView>(product.Accounting, $"api/records/{answer.Id}");
        Assert.Equal(chat.TraceId, record.Record.TraceId);
        Assert.Equal(record.Record.Energy.Joules!.Value.Value, double.Parse(settle.Attributes[TelemetryNames.Joules], System.Globalization.CultureInfo.InvariantCulture), 9);
        OtlpSpan stored = Assert.Single(trace, span => span is { Service: "accounting", Name: "record" });
        Assert.Equal(answer.Id, stored.Attributes[TelemetryNames.RequestId]);

        OtlpSpan Child(OtlpSpan parent, string name) => Assert.Single(trace, span => span.ParentId == parent.SpanId && span.Name == name);
    }

    /// <summary>All spans of the trace that has the request's settle and record spans; null until both have come.</summary>
    private static OtlpSpan[]? Trace(IReadOnlyList<OtlpSpan> spans, string requestId)
    {
        OtlpSpan[] own = [.. spans.Where(span => span.Attributes.GetValueOrDefault(TelemetryNames.RequestId) == requestId)];
        string[] needed = ["chat greentune-nano-int4", "settle", "record"];
        if (!needed.All(name => own.Any(span => span.Name == name)))
        {
            return null;
        }

        OtlpSpan[] trace = [.. spans.Where(span => span.TraceId == own[0].TraceId)];
        return trace.Any(span => span.IsServer && span.Service == "inference") ? trace : null;
    }
}
