using System.Text.Json.Serialization;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Records;

/// <summary>What the journal keeps of a request that runs: all that its record needs when nothing more is ever heard of it. No prompt, no answer.</summary>
internal sealed record JournalEntry
{
    public required string Id { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required string Tenant { get; init; }

    public string? Session { get; init; }

    public required string RequestedModel { get; init; }

    public required string ConfigurationId { get; init; }

    public string? DegradedFrom { get; init; }

    public required int InputTokens { get; init; }

    public bool Streamed { get; init; }

    public string? TraceId { get; init; }

    public string? SpanId { get; init; }

    public required string Instance { get; init; }

    /// <summary>The record of a request whose process ended first.</summary>
    /// <param name="lastSign">When the process was last known to live.</param>
    public RequestRecord ToRecord(DateTimeOffset lastSign)
    {
        DateTimeOffset end = lastSign > StartedAt ? lastSign : StartedAt;
        const string Ended = "the process that served the request ended before it had settled";
        return new RequestRecord
        {
            Id = Id,
            StartedAt = StartedAt,
            EndedAt = end,
            Tenant = Tenant,
            Session = Session,
            RequestedModel = RequestedModel,
            ConfigurationId = ConfigurationId,
            DegradedFrom = DegradedFrom,
            Outcome = RequestOutcome.Aborted,
            FinishReason = "aborted",
            InputTokens = InputTokens,
            OutputTokens = 0,
            QueueSeconds = 0,
            DurationSeconds = (end - StartedAt).TotalSeconds,
            Streamed = Streamed,
            Energy = EnergyFigures.None(Ended, MethodVersions.Attribution) with
            {
                Reasons = new Dictionary<string, string>
                {
                    ["joules"] = Ended,
                    ["outputTokens"] = "not known: " + Ended,
                    ["durationSeconds"] = "until the last sign of the process, which it gives once a second",
                },
            },
            TraceId = TraceId,
            SpanId = SpanId,
            Instance = Instance,
        };
    }
}

/// <summary>A line of the journal: a request that begins, or the id of one whose record is on the disk.</summary>
internal sealed record JournalLine
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JournalEntry? Begin { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? End { get; init; }
}
