namespace GreenTune.Core.Contracts;

/// <summary>Body of POST /api/records. At most 1,000 records.</summary>
public sealed record RecordBatch(IReadOnlyList<RequestRecord> Records);

/// <summary>Body of POST /api/periods. At most 1,000 periods.</summary>
public sealed record PeriodBatch(IReadOnlyList<EnergyPeriod> Periods);

/// <summary>Answer to a batch: what was stored, what was there already, and what was refused and why. A refused item is not sent again.</summary>
public sealed record IngestResult(int Stored, int Duplicates, IReadOnlyList<IngestRefusal> Refused);

/// <summary>One refused item.</summary>
public sealed record IngestRefusal(string Id, string Reason);
