using System.Text.Json.Serialization;
using GreenTune.Core.Units;

namespace GreenTune.Core.Contracts;

/// <summary>How a request ended.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<RequestOutcome>))]
public enum RequestOutcome
{
    /// <summary>Ran to a stop token, a stop string or max_tokens.</summary>
    Completed,

    /// <summary>The client went away or its deadline passed.</summary>
    Cancelled,

    /// <summary>The service failed it.</summary>
    Failed,

    /// <summary>The process that served it ended before the request did; found in its journal at the next start.</summary>
    Aborted,
}

/// <summary>What Inference tells Accounting of one request, once its energy has settled. Idempotent on <see cref="Id"/>.</summary>
public sealed record RequestRecord
{
    /// <summary>The response's id ("chatcmpl-..."); 8 to 64 characters of [A-Za-z0-9._-].</summary>
    public required string Id { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    public required string Tenant { get; init; }

    public string? Session { get; init; }

    /// <summary>What the client asked for: a configuration, a model or "auto".</summary>
    public required string RequestedModel { get; init; }

    /// <summary>What served it, for example "greentune-tiny-int4".</summary>
    public required string ConfigurationId { get; init; }

    /// <summary>The configuration it would have had, when a budget degraded it.</summary>
    public string? DegradedFrom { get; init; }

    public required RequestOutcome Outcome { get; init; }

    /// <summary>"stop", "length", "cancelled", "error" or "aborted".</summary>
    public required string FinishReason { get; init; }

    public required int InputTokens { get; init; }

    /// <summary>Those of <see cref="InputTokens"/> whose keys and values came from the prefix cache and were not computed; null when not known.</summary>
    public int? CachedInputTokens { get; init; }

    public required int OutputTokens { get; init; }

    /// <summary>From acceptance to admission into the batch, in seconds.</summary>
    public required double QueueSeconds { get; init; }

    /// <summary>From acceptance to the first output token, in seconds; null when there was none.</summary>
    public double? TimeToFirstTokenSeconds { get; init; }

    /// <summary>From acceptance to the end, in seconds.</summary>
    public required double DurationSeconds { get; init; }

    /// <summary>Mean number of requests in flight beside and including this one.</summary>
    public double? MeanRowsInFlight { get; init; }

    public bool Streamed { get; init; }

    public required EnergyFigures Energy { get; init; }

    /// <summary>Device power around the request; offsets count from <see cref="StartedAt"/>. At most 240 points.</summary>
    public IReadOnlyList<TracePoint> PowerTrace { get; init; } = [];

    /// <summary>Resident baseline of the device at that time, for the trace's chart.</summary>
    public Watts? BaselineWatts { get; init; }

    /// <summary>Most power that the metered device can draw, as its driver says (NVML's enforced limit, RAPL's PL1); null where nobody knows. Joules above it are refused.</summary>
    public Watts? DeviceLimit { get; init; }

    /// <summary>End of the prefill phase as an offset from <see cref="StartedAt"/> in seconds.</summary>
    public double? PrefillEndOffsetSeconds { get; init; }

    /// <summary>W3C trace id of the HTTP request, 32 hex digits.</summary>
    public string? TraceId { get; init; }

    /// <summary>W3C span id of the request's generation span, 16 hex digits: the record's own span links to it.</summary>
    public string? SpanId { get; init; }

    /// <summary>Which instance of the service ran it.</summary>
    public string? Instance { get; init; }
}

/// <summary>One point of a power trace.</summary>
/// <param name="OffsetSeconds">Seconds from the trace's origin; may be negative.</param>
/// <param name="Watts">Power of the device.</param>
public sealed record TracePoint(double OffsetSeconds, double Watts);
