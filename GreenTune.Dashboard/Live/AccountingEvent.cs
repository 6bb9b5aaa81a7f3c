using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Live;

/// <summary>Something that Accounting told, or that happened to the connection to it.</summary>
public abstract record AccountingEvent
{
    /// <summary>Reads one server-sent event; null for names that this version does not know.</summary>
    internal static AccountingEvent? Read(string name, string data) => name switch
    {
        EventNames.Record => new RecordArrived(Parse<RecordView>(data)),
        EventNames.Budget => new BudgetChanged(Parse<BudgetStatus>(data)),
        EventNames.BudgetDeleted => new BudgetRemoved(Parse<BudgetDeleted>(data).Id),
        EventNames.Auto => new AutoChanged(Parse<AutoChoice>(data)),
        EventNames.KeyRevoked => new KeyWasRevoked(Parse<KeyRevoked>(data).Id),
        EventNames.Plan => new PlanArrived(Parse<PlanSummary>(data)),
        _ => null,
    };

    private static T Parse<T>(string data) => JsonSerializer.Deserialize<T>(data, ContractJson.Options) ?? throw new JsonException("The event's data is null.");
}

public sealed record RecordArrived(RecordView Record) : AccountingEvent;

public sealed record BudgetChanged(BudgetStatus Status) : AccountingEvent;

public sealed record BudgetRemoved(Guid Id) : AccountingEvent;

public sealed record AutoChanged(AutoChoice Auto) : AccountingEvent;

public sealed record PlanArrived(PlanSummary Plan) : AccountingEvent;

/// <summary>A key holds no longer.</summary>
public sealed record KeyWasRevoked(Guid Id) : AccountingEvent;

/// <summary>The stream was opened again after a break: events were missed, so what is shown is loaded anew.</summary>
public sealed record StreamResumed : AccountingEvent;
