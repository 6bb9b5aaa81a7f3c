using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Store;

/// <summary>
/// One request as it is stored: flat, since sums run over its columns in SQL. Times are UTC ticks (100 ns since 0001-01-01), which every database
/// compares alike. The power trace stands apart, so that lists do not read it.
/// </summary>
internal sealed class RecordRow
{
    /// <summary>Order of arrival; breaks ties of the start time in the paging cursor.</summary>
    public long Key { get; set; }

    public required string Id { get; set; }

    public long StartedTicks { get; set; }

    public long EndedTicks { get; set; }

    public long ReceivedTicks { get; set; }

    public required string Tenant { get; set; }

    public string? Session { get; set; }

    public required string RequestedModel { get; set; }

    public required string ConfigurationId { get; set; }

    public string? DegradedFrom { get; set; }

    public RequestOutcome Outcome { get; set; }

    public required string FinishReason { get; set; }

    public int InputTokens { get; set; }

    public int? CachedInputTokens { get; set; }

    public int OutputTokens { get; set; }

    public double QueueSeconds { get; set; }

    public double? TimeToFirstTokenSeconds { get; set; }

    public double DurationSeconds { get; set; }

    public double? MeanRowsInFlight { get; set; }

    public bool Streamed { get; set; }

    public double? Joules { get; set; }

    public double? ActiveJoules { get; set; }

    public double? PrefillJoules { get; set; }

    public double? DecodeJoules { get; set; }

    public double? IdleJoules { get; set; }

    public double? RelativeUncertainty { get; set; }

    public double? GainRelative { get; set; }

    public double? BaselineSigmaWatts { get; set; }

    public double? BaselineSensitivitySeconds { get; set; }

    public double? ActiveBaselineSensitivitySeconds { get; set; }

    public double? IndependentJoules { get; set; }

    public EnergyQuality Quality { get; set; }

    public EnergyQuality PhaseQuality { get; set; }

    public double? GpuJoules { get; set; }

    public double? CpuJoules { get; set; }

    public double? DramJoules { get; set; }

    public string? Boundary { get; set; }

    public string? Meter { get; set; }

    public string? Device { get; set; }

    public bool Settled { get; set; }

    public required string MethodVersion { get; set; }

    /// <summary>JSON object of reasons by figure; null when there are none.</summary>
    public string? Reasons { get; set; }

    /// <summary>The carbon factor it was priced with.</summary>
    public int FactorId { get; set; }

    public double? CO2eGrams { get; set; }

    public double? BaselineWatts { get; set; }

    public double? PrefillEndOffsetSeconds { get; set; }

    public string? TraceId { get; set; }

    public string? SpanId { get; set; }

    public string? Instance { get; set; }

    public RecordTraceRow? Trace { get; set; }
}

/// <summary>A record's power trace, packed by <see cref="Records.TraceCodec"/>.</summary>
internal sealed class RecordTraceRow
{
    public long RecordKey { get; set; }

    /// <summary>The record's, so that old traces are found without reading the records.</summary>
    public long StartedTicks { get; set; }

    public required byte[] Points { get; set; }
}
