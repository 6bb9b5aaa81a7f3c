using System.Text.Json;
using System.Text.Json.Serialization;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Records;

/// <summary>What an entry of the outbox carries.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<OutboxKind>))]
internal enum OutboxKind
{
    Record,
    Period,
    Plan,
}

/// <summary>One thing that Accounting has to be told, as a line of a segment file: {"kind":"record","id":"chatcmpl-...","body":{...}}.</summary>
internal sealed record OutboxEntry(OutboxKind Kind, string Id, JsonElement Body)
{
    public static OutboxEntry Of(RequestRecord record) => new(OutboxKind.Record, record.Id, JsonSerializer.SerializeToElement(record, ContractJson.Options));

    public static OutboxEntry Of(EnergyPeriod period) => new(OutboxKind.Period, period.Id, JsonSerializer.SerializeToElement(period, ContractJson.Options));

    public static OutboxEntry Of(MeasurementPlan plan) => new(OutboxKind.Plan, plan.Id.ToString("N"), JsonSerializer.SerializeToElement(plan, ContractJson.Options));
}
