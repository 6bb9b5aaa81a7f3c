using System.Diagnostics;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Inference.Engine;
using GreenTune.Metering;

namespace GreenTune.Inference.Records;

/// <summary>Who asked for a generation and what served it: everything of a record that is known before its energy.</summary>
internal sealed record ServedRequest
{
    public required string Id { get; init; }

    /// <summary>Wall clock at acceptance; everything later is an offset on the meter's clock, which does not jump.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    public required MonotonicTime AcceptedTick { get; init; }

    public required string Tenant { get; init; }

    public string? Session { get; init; }

    public required string RequestedModel { get; init; }

    public required string ConfigurationId { get; init; }

    public string? DegradedFrom { get; init; }

    public required int InputTokens { get; init; }

    public bool Streamed { get; init; }

    /// <summary>The generation's span.</summary>
    public ActivityContext Span { get; init; }

    public required IDeviceMeter Meter { get; init; }

    public DateTimeOffset At(MonotonicTime tick) => AcceptedAt + (tick - AcceptedTick);

    /// <summary>What the journal keeps of it.</summary>
    public JournalEntry ToJournal(string instance) => new()
    {
        Id = Id,
        StartedAt = AcceptedAt,
        Tenant = Tenant,
        Session = Session,
        RequestedModel = RequestedModel,
        ConfigurationId = ConfigurationId,
        DegradedFrom = DegradedFrom,
        InputTokens = InputTokens,
        Streamed = Streamed,
        TraceId = Span == default ? null : Span.TraceId.ToHexString(),
        SpanId = Span == default ? null : Span.SpanId.ToHexString(),
        Instance = instance,
    };

    /// <summary>The record of this request, once settled.</summary>
    public RequestRecord ToRecord(GenerationResult result, SettledRequest settled, IReadOnlyList<TracePoint> trace, string instance) => new()
    {
        Id = Id,
        StartedAt = AcceptedAt,
        EndedAt = At(result.EndedAt),
        Tenant = Tenant,
        Session = Session,
        RequestedModel = RequestedModel,
        ConfigurationId = ConfigurationId,
        DegradedFrom = DegradedFrom,
        Outcome = result.Finish switch
        {
            FinishReason.Cancelled => RequestOutcome.Cancelled,
            FinishReason.Error => RequestOutcome.Failed,
            _ => RequestOutcome.Completed,
        },
        FinishReason = result.Finish switch
        {
            FinishReason.Stop => "stop",
            FinishReason.Length => "length",
            FinishReason.Cancelled => "cancelled",
            _ => "error",
        },
        InputTokens = InputTokens,
        // A request that never ran was never looked up.
        CachedInputTokens = result.StartedAt is null ? null : Math.Min(result.CachedTokens, InputTokens),
        OutputTokens = result.OutputTokens,
        QueueSeconds = ((result.StartedAt ?? result.EndedAt) - AcceptedTick).TotalSeconds,
        TimeToFirstTokenSeconds = result.FirstTokenAt is { } first ? (first - AcceptedTick).TotalSeconds : null,
        DurationSeconds = (result.EndedAt - AcceptedTick).TotalSeconds,
        MeanRowsInFlight = settled.MeanRowsInFlight,
        Streamed = Streamed,
        Energy = settled.Energy,
        PowerTrace = trace,
        BaselineWatts = settled.Baseline,
        DeviceLimit = Meter.View().Facts?.PowerLimitWatts,
        PrefillEndOffsetSeconds = result.FirstTokenAt is { } end ? (end - AcceptedTick).TotalSeconds : null,
        TraceId = Span == default ? null : Span.TraceId.ToHexString(),
        SpanId = Span == default ? null : Span.SpanId.ToHexString(),
        Instance = instance,
    };
}
