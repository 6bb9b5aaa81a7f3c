using System.Text.Json;
using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Accounting.Records;

/// <summary>Between the contract of a record and its row.</summary>
internal static class RecordMapping
{
    public static RecordRow ToRow(RequestRecord record, PricedFactor factor, DateTimeOffset receivedAt)
    {
        EnergyFigures energy = record.Energy;
        return new RecordRow
        {
            Id = record.Id,
            StartedTicks = record.StartedAt.UtcTicks,
            EndedTicks = record.EndedAt.UtcTicks,
            ReceivedTicks = receivedAt.UtcTicks,
            Tenant = record.Tenant,
            Session = record.Session,
            RequestedModel = record.RequestedModel,
            ConfigurationId = record.ConfigurationId,
            DegradedFrom = record.DegradedFrom,
            Outcome = record.Outcome,
            FinishReason = record.FinishReason,
            InputTokens = record.InputTokens,
            CachedInputTokens = record.CachedInputTokens,
            OutputTokens = record.OutputTokens,
            QueueSeconds = record.QueueSeconds,
            TimeToFirstTokenSeconds = record.TimeToFirstTokenSeconds,
            DurationSeconds = record.DurationSeconds,
            MeanRowsInFlight = record.MeanRowsInFlight,
            Streamed = record.Streamed,
            Joules = energy.Joules?.Value,
            ActiveJoules = energy.ActiveJoules?.Value,
            PrefillJoules = energy.PrefillJoules?.Value,
            DecodeJoules = energy.DecodeJoules?.Value,
            IdleJoules = energy.IdleJoules?.Value,
            RelativeUncertainty = energy.RelativeUncertainty,
            GainRelative = energy.Uncertainty?.GainRelative,
            BaselineSigmaWatts = energy.Uncertainty?.BaselineSigma.Value,
            BaselineSensitivitySeconds = energy.Uncertainty?.BaselineSensitivitySeconds,
            ActiveBaselineSensitivitySeconds = energy.Uncertainty?.ActiveBaselineSensitivitySeconds,
            IndependentJoules = energy.Uncertainty?.Independent.Value,
            Quality = energy.Quality,
            PhaseQuality = energy.PhaseQuality,
            GpuJoules = energy.Components.Gpu?.Value,
            CpuJoules = energy.Components.Cpu?.Value,
            DramJoules = energy.Components.Dram?.Value,
            Boundary = energy.Boundary,
            Meter = energy.Meter,
            Device = energy.Device,
            Settled = energy.Settled,
            MethodVersion = energy.MethodVersion,
            Reasons = energy.Reasons.Count > 0 ? JsonSerializer.Serialize(energy.Reasons, ContractJson.Options) : null,
            FactorId = factor.Id,
            CO2eGrams = energy.Joules?.Value * factor.GramsPerJoule,
            BaselineWatts = record.BaselineWatts?.Value,
            PrefillEndOffsetSeconds = record.PrefillEndOffsetSeconds,
            TraceId = record.TraceId,
            SpanId = record.SpanId,
            Instance = record.Instance,
            Trace = record.PowerTrace.Count > 0 ? new RecordTraceRow { StartedTicks = record.StartedAt.UtcTicks, Points = TraceCodec.Pack(record.PowerTrace) } : null,
        };
    }

    /// <summary>The stored record; with its power trace where <see cref="RecordRow.Trace"/> was read.</summary>
    public static RecordView ToView(RecordRow row, CarbonFactor factor) => new()
    {
        Record = new RequestRecord
        {
            Id = row.Id,
            StartedAt = Time(row.StartedTicks),
            EndedAt = Time(row.EndedTicks),
            Tenant = row.Tenant,
            Session = row.Session,
            RequestedModel = row.RequestedModel,
            ConfigurationId = row.ConfigurationId,
            DegradedFrom = row.DegradedFrom,
            Outcome = row.Outcome,
            FinishReason = row.FinishReason,
            InputTokens = row.InputTokens,
            CachedInputTokens = row.CachedInputTokens,
            OutputTokens = row.OutputTokens,
            QueueSeconds = row.QueueSeconds,
            TimeToFirstTokenSeconds = row.TimeToFirstTokenSeconds,
            DurationSeconds = row.DurationSeconds,
            MeanRowsInFlight = row.MeanRowsInFlight,
            Streamed = row.Streamed,
            Energy = Energy(row),
            PowerTrace = row.Trace is null ? [] : TraceCodec.Unpack(row.Trace.Points),
            BaselineWatts = row.BaselineWatts is { } baseline ? new Watts(baseline) : null,
            PrefillEndOffsetSeconds = row.PrefillEndOffsetSeconds,
            TraceId = row.TraceId,
            SpanId = row.SpanId,
            Instance = row.Instance,
        },
        CO2e = row.CO2eGrams is { } grams ? new GramsCO2e(grams) : null,
        Factor = factor,
        ReceivedAt = Time(row.ReceivedTicks),
    };

    public static DateTimeOffset Time(long utcTicks) => new(utcTicks, TimeSpan.Zero);

    private static EnergyFigures Energy(RecordRow row) => new()
    {
        Joules = Joules(row.Joules),
        ActiveJoules = Joules(row.ActiveJoules),
        PrefillJoules = Joules(row.PrefillJoules),
        DecodeJoules = Joules(row.DecodeJoules),
        IdleJoules = Joules(row.IdleJoules),
        RelativeUncertainty = row.RelativeUncertainty,
        Uncertainty = row.GainRelative is { } gain
            ? new EnergyUncertainty(gain, new Watts(row.BaselineSigmaWatts ?? 0), row.BaselineSensitivitySeconds ?? 0, row.ActiveBaselineSensitivitySeconds ?? 0, new Joules(row.IndependentJoules ?? 0))
            : null,
        Quality = row.Quality,
        PhaseQuality = row.PhaseQuality,
        Components = new ComponentJoules { Gpu = Joules(row.GpuJoules), Cpu = Joules(row.CpuJoules), Dram = Joules(row.DramJoules) },
        Boundary = row.Boundary,
        Meter = row.Meter,
        Device = row.Device,
        Settled = row.Settled,
        MethodVersion = row.MethodVersion,
        Reasons = row.Reasons is null ? new Dictionary<string, string>() : JsonSerializer.Deserialize<Dictionary<string, string>>(row.Reasons, ContractJson.Options)!,
    };

    private static Joules? Joules(double? value) => value is { } joules ? new Joules(joules) : null;
}
