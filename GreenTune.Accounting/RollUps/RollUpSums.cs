using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;

namespace GreenTune.Accounting.RollUps;

/// <summary>
/// Sums over records of one device, with what <see cref="UncertainSum"/> needs to carry their uncertainty: gain and baseline parts add with their signs,
/// independent ones as squares. Grams are kept beside joules, each record at its own factor. Everything adds up, in any order.
/// </summary>
internal abstract class RollUpSums
{
    public long Requests { get; set; }

    public long Cancelled { get; set; }

    public long Failed { get; set; }

    public long Degraded { get; set; }

    public long InputTokens { get; set; }

    public long OutputTokens { get; set; }

    /// <summary>Requests with joules; the sums below are theirs.</summary>
    public long Metered { get; set; }

    public long MeteredOutputTokens { get; set; }

    public double Joules { get; set; }

    public double GainJoules { get; set; }

    public double BaselineJoules { get; set; }

    /// <summary>Square joules.</summary>
    public double IndependentVariance { get; set; }

    public double Grams { get; set; }

    public double GainGrams { get; set; }

    public double BaselineGrams { get; set; }

    /// <summary>Square grams.</summary>
    public double GramsVariance { get; set; }

    /// <summary>Requests with active joules.</summary>
    public long ActiveRecords { get; set; }

    public double ActiveJoules { get; set; }

    public double ActiveGainJoules { get; set; }

    public double ActiveBaselineJoules { get; set; }

    /// <summary>Square joules.</summary>
    public double ActiveVariance { get; set; }

    /// <summary>Requests with both phases.</summary>
    public long PhaseRecords { get; set; }

    public double PrefillJoules { get; set; }

    public double DecodeJoules { get; set; }

    public long GpuRecords { get; set; }

    public double GpuJoules { get; set; }

    public long CpuRecords { get; set; }

    public double CpuJoules { get; set; }

    public long DramRecords { get; set; }

    public double DramJoules { get; set; }

    public UncertainSum JoulesSum => new(Joules, GainJoules, BaselineJoules, IndependentVariance);

    public UncertainSum GramsSum => new(Grams, GainGrams, BaselineGrams, GramsVariance);

    public UncertainSum ActiveSum => new(ActiveJoules, ActiveGainJoules, ActiveBaselineJoules, ActiveVariance);

    /// <summary>Adds one record, by the same rules as <see cref="UncertainSum.OfJoules"/> and <see cref="UncertainSum.OfActiveJoules"/>.</summary>
    public void Add(RecordRow record, double gramsPerJoule)
    {
        Requests++;
        Cancelled += record.Outcome == RequestOutcome.Cancelled ? 1 : 0;
        Failed += record.Outcome is RequestOutcome.Failed or RequestOutcome.Aborted ? 1 : 0;
        Degraded += record.DegradedFrom is null ? 0 : 1;
        InputTokens += record.InputTokens;
        OutputTokens += record.OutputTokens;
        double independent = record.IndependentJoules ?? 0;
        double relative = record.GainRelative ?? record.RelativeUncertainty ?? 0;
        if (record.Joules is { } joules)
        {
            Metered++;
            MeteredOutputTokens += record.OutputTokens;
            double baseline = (record.BaselineSigmaWatts ?? 0) * (record.BaselineSensitivitySeconds ?? 0);
            Joules += joules;
            GainJoules += relative * joules;
            BaselineJoules += baseline;
            IndependentVariance += independent * independent;
            Grams += joules * gramsPerJoule;
            GainGrams += relative * joules * gramsPerJoule;
            BaselineGrams += baseline * gramsPerJoule;
            GramsVariance += independent * independent * gramsPerJoule * gramsPerJoule;
        }

        if (record.ActiveJoules is { } active)
        {
            ActiveRecords++;
            ActiveJoules += active;
            // Without its parts, the uncertainty is relative to all joules.
            ActiveGainJoules += relative * (record.GainRelative is null ? record.Joules ?? active : active);
            ActiveBaselineJoules += (record.BaselineSigmaWatts ?? 0) * (record.ActiveBaselineSensitivitySeconds ?? 0);
            ActiveVariance += independent * independent;
        }

        if (record is { PrefillJoules: { } prefill, DecodeJoules: { } decode })
        {
            PhaseRecords++;
            PrefillJoules += prefill;
            DecodeJoules += decode;
        }

        (GpuRecords, GpuJoules) = Part(GpuRecords, GpuJoules, record.GpuJoules);
        (CpuRecords, CpuJoules) = Part(CpuRecords, CpuJoules, record.CpuJoules);
        (DramRecords, DramJoules) = Part(DramRecords, DramJoules, record.DramJoules);
    }

    public void Add(RollUpSums other)
    {
        Requests += other.Requests;
        Cancelled += other.Cancelled;
        Failed += other.Failed;
        Degraded += other.Degraded;
        InputTokens += other.InputTokens;
        OutputTokens += other.OutputTokens;
        Metered += other.Metered;
        MeteredOutputTokens += other.MeteredOutputTokens;
        Joules += other.Joules;
        GainJoules += other.GainJoules;
        BaselineJoules += other.BaselineJoules;
        IndependentVariance += other.IndependentVariance;
        Grams += other.Grams;
        GainGrams += other.GainGrams;
        BaselineGrams += other.BaselineGrams;
        GramsVariance += other.GramsVariance;
        ActiveRecords += other.ActiveRecords;
        ActiveJoules += other.ActiveJoules;
        ActiveGainJoules += other.ActiveGainJoules;
        ActiveBaselineJoules += other.ActiveBaselineJoules;
        ActiveVariance += other.ActiveVariance;
        PhaseRecords += other.PhaseRecords;
        PrefillJoules += other.PrefillJoules;
        DecodeJoules += other.DecodeJoules;
        GpuRecords += other.GpuRecords;
        GpuJoules += other.GpuJoules;
        CpuRecords += other.CpuRecords;
        CpuJoules += other.CpuJoules;
        DramRecords += other.DramRecords;
        DramJoules += other.DramJoules;
    }

    private static (long Records, double Joules) Part(long records, double sum, double? joules) => joules is { } value ? (records + 1, sum + value) : (records, sum);
}
