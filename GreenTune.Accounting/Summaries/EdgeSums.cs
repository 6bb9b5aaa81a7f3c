using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Summaries;

/// <summary>What records within an hour are grouped by: one carbon factor each, so that grams follow from joules.</summary>
internal sealed record EdgeKey
{
    public string? Group { get; init; }

    public string? Device { get; init; }

    public EnergyQuality Quality { get; init; }

    public int FactorId { get; init; }
}

/// <summary>Sums that the database makes of records themselves, by the same rules as <see cref="RollUpSums.Add(RecordRow, double)"/>.</summary>
internal sealed class EdgeSums : RollUpSums
{
    public EdgeKey Edge { get; set; } = new();

    public static IQueryable<EdgeSums> Of(IQueryable<RecordRow> records, UsageBy by) => Select(by switch
    {
        UsageBy.Tenant => records.GroupBy(record => new EdgeKey { Group = record.Tenant, Device = record.Device, Quality = record.Quality, FactorId = record.FactorId }),
        UsageBy.Device or UsageBy.Quality => records.GroupBy(record => new EdgeKey { Group = record.Device, Device = record.Device, Quality = record.Quality, FactorId = record.FactorId }),
        _ => records.GroupBy(record => new EdgeKey { Group = record.ConfigurationId, Device = record.Device, Quality = record.Quality, FactorId = record.FactorId }),
    });

    public KeyedSums Priced(double gramsPerJoule)
    {
        Grams = Joules * gramsPerJoule;
        GainGrams = GainJoules * gramsPerJoule;
        BaselineGrams = BaselineJoules * gramsPerJoule;
        GramsVariance = IndependentVariance * gramsPerJoule * gramsPerJoule;
        var sums = new KeyedSums { Key = new GroupKey { Group = Edge.Group ?? "", Device = Edge.Device ?? "", Quality = Edge.Quality } };
        sums.Add(this);
        return sums;
    }

    private static IQueryable<EdgeSums> Select(IQueryable<IGrouping<EdgeKey, RecordRow>> groups) => groups.Select(group => new EdgeSums
    {
        Edge = group.Key,
        Requests = group.LongCount(),
        Cancelled = group.Sum(record => record.Outcome == RequestOutcome.Cancelled ? 1L : 0L),
        Failed = group.Sum(record => record.Outcome == RequestOutcome.Failed || record.Outcome == RequestOutcome.Aborted ? 1L : 0L),
        Degraded = group.Sum(record => record.DegradedFrom != null ? 1L : 0L),
        InputTokens = group.Sum(record => (long)record.InputTokens),
        OutputTokens = group.Sum(record => (long)record.OutputTokens),
        Metered = group.Sum(record => record.Joules != null ? 1L : 0L),
        MeteredOutputTokens = group.Sum(record => record.Joules != null ? (long)record.OutputTokens : 0L),
        Joules = group.Sum(record => record.Joules ?? 0),
        GainJoules = group.Sum(record => (record.GainRelative ?? record.RelativeUncertainty ?? 0) * (record.Joules ?? 0)),
        BaselineJoules = group.Sum(record => record.Joules != null ? (record.BaselineSigmaWatts ?? 0) * (record.BaselineSensitivitySeconds ?? 0) : 0),
        IndependentVariance = group.Sum(record => record.Joules != null ? (record.IndependentJoules ?? 0) * (record.IndependentJoules ?? 0) : 0),
        ActiveRecords = group.Sum(record => record.ActiveJoules != null ? 1L : 0L),
        ActiveJoules = group.Sum(record => record.ActiveJoules ?? 0),
        ActiveGainJoules = group.Sum(record => record.ActiveJoules == null ? 0
            : record.GainRelative != null ? (record.GainRelative ?? 0) * (record.ActiveJoules ?? 0) : (record.RelativeUncertainty ?? 0) * (record.Joules ?? record.ActiveJoules ?? 0)),
        ActiveBaselineJoules = group.Sum(record => record.ActiveJoules != null ? (record.BaselineSigmaWatts ?? 0) * (record.ActiveBaselineSensitivitySeconds ?? 0) : 0),
        ActiveVariance = group.Sum(record => record.ActiveJoules != null ? (record.IndependentJoules ?? 0) * (record.IndependentJoules ?? 0) : 0),
        PhaseRecords = group.Sum(record => record.PrefillJoules != null && record.DecodeJoules != null ? 1L : 0L),
        PrefillJoules = group.Sum(record => record.DecodeJoules != null ? record.PrefillJoules ?? 0 : 0),
        DecodeJoules = group.Sum(record => record.PrefillJoules != null ? record.DecodeJoules ?? 0 : 0),
        GpuRecords = group.Sum(record => record.GpuJoules != null ? 1L : 0L),
        GpuJoules = group.Sum(record => record.GpuJoules ?? 0),
        CpuRecords = group.Sum(record => record.CpuJoules != null ? 1L : 0L),
        CpuJoules = group.Sum(record => record.CpuJoules ?? 0),
        DramRecords = group.Sum(record => record.DramJoules != null ? 1L : 0L),
        DramJoules = group.Sum(record => record.DramJoules ?? 0),
    });
}
