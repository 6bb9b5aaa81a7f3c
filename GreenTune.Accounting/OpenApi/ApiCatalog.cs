using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.OpenApi;

/// <summary>A parameter of a query, as the document describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">"string", "integer", "number" or "boolean".</param>
/// <param name="Description">What it does, with its range.</param>
/// <param name="Required">Whether the call needs it.</param>
/// <param name="Words">The words that it can be; null for any text.</param>
internal sealed record QueryParameter(string Name, string Type, string Description, bool Required = false, string[]? Words = null);

/// <summary>What of a call its handler reads by itself, so that the framework cannot know it.</summary>
/// <param name="Body">Contract of the body.</param>
/// <param name="Query">Parameters of the query.</param>
internal sealed record ApiCall(Type? Body, params QueryParameter[] Query);

/// <summary>
/// Bodies and query parameters by call. Handlers read them themselves, for messages that name the field and the example, and refuse a parameter that they do not
/// know; a test asks each of them which ones it does know and compares.
/// </summary>
internal static class ApiCatalog
{
    private static readonly QueryParameter From = new("from", "string", "Start of the span, ISO 8601, for example 2026-11-01T00:00:00Z.");
    private static readonly QueryParameter To = new("to", "string", "End of the span, exclusive, ISO 8601.");
    private static readonly QueryParameter View = new("as", "string", "original gives the figures as records were priced, restated puts the latest restatement's beside or in their place.", Words: ["original", "restated"]);
    private static readonly QueryParameter Cursor = new("cursor", "string", "The \"next\" of an earlier page.");
    private static readonly QueryParameter Format = new("format", "string", "json, or csv for a file.", Words: ["json", "csv"]);

    private static readonly QueryParameter[] Filters =
    [
        new("tenant", "string", "Records of one tenant."),
        new("session", "string", "Records of one session."),
        new("configuration", "string", "Records that one configuration answered."),
        new("outcome", "string", "Records that ended so: completed, cancelled, failed or aborted."),
        new("quality", "string", "Records whose energy is measured, modelled, estimated or none."),
        new("degraded", "boolean", "Records that a budget degraded, or did not."),
        From, To,
    ];

    private static readonly QueryParameter Period = new("period", "string", "Instead of from and to; today by default.", Words: ["today", "7d", "30d"]);
    private static readonly QueryParameter Tenant = new("tenant", "string", "One tenant's part.");
    private static readonly QueryParameter[] Usage = [Period, From, To, Tenant, new("configuration", "string", "One configuration's part.")];

    private static readonly QueryParameter[] Settings =
    [
        new("floor", "number", "Least effectiveness of a configuration that may be chosen."),
        new("reference", "string", "The configuration that the axes are relative to; empty for the plan's own."),
    ];

    /// <summary>By method and route, constraints left out.</summary>
    public static IReadOnlyDictionary<string, ApiCall> Calls { get; } = new Dictionary<string, ApiCall>(StringComparer.Ordinal)
    {
        ["POST /api/records"] = new(typeof(RecordBatch)),
        ["GET /api/records"] = new(null, [.. Filters, Cursor, new("limit", "integer", "1 to 500; 50 by default."), View]),
        ["POST /api/periods"] = new(typeof(PeriodBatch)),
        ["POST /api/configurations"] = new(typeof(ConfigurationBatch)),
        ["GET /api/configurations"] = new(null, new QueryParameter("configuration", "string", "One configuration.")),
        ["GET /api/profiles"] = new(null, new QueryParameter("configuration", "string", "One configuration.")),
        ["GET /api/summary"] = new(null, Period, From, To, Tenant),
        ["GET /api/usage"] = new(null, [new("by", "string", "configuration by default.", Words: ["tenant", "configuration", "model", "device", "quality"]), .. Usage]),
        ["GET /api/series"] = new(null, [new("by", "string", "Length of a point; hour by default.", Words: ["hour", "day", "month"]), .. Usage]),
        ["GET /api/fleet"] = new(null, Period, From, To),
        ["GET /api/sessions"] = new(null, Tenant, new("session", "string", "One session."), From, To, Cursor, new("limit", "integer", "Sessions of a page.")),
        ["GET /api/sessions/{session}"] = new(null, Tenant),
        ["GET /api/carbon/forecast"] = new(
            null,
            new("signal", "string", "average by default.", Words: ["average", "marginal"]),
            new("hours", "integer", "How far ahead, 1 to 72; 24 by default."),
            new("greenest", "integer", "How many of the greenest hours to name, 1 to 24; 6 by default.")),
        ["POST /api/carbon/restatements"] = new(typeof(RestatementInput)),
        ["GET /api/reports/sci"] = new(
            null, From with { Required = true }, To, View, Format,
            new("per", "string", "The functional unit; requests by default.", Words: ["requests", "tokens", "outputTokens", "sessions"]),
            new("signal", "string", "average by default.", Words: ["average", "marginal"])),
        ["GET /api/reports/scope2"] = new(null, From with { Required = true }, To, View, Format, new("by", "string", "Length of a row; month by default.", Words: ["hour", "day", "month"])),
        ["GET /api/exports/records"] = new(
            null,
            [new("format", "string", "csv by default.", Words: ["csv", "jsonl", "codecarbon"]), View, new("gzip", "boolean", "A compressed file."), .. Filters]),
        ["POST /api/budgets"] = new(typeof(BudgetInput)),
        ["POST /api/budgets/preview"] = new(typeof(BudgetPreviewRequest)),
        ["POST /api/keys"] = new(typeof(KeyInput)),
        ["POST /api/keys/verify"] = new(typeof(KeyCheck)),
        ["POST /api/webhooks"] = new(typeof(WebhookInput)),
        ["PUT /api/webhooks/{id}"] = new(typeof(WebhookInput)),
        ["PUT /api/budgets/{id}"] = new(typeof(BudgetInput)),
        ["GET /api/budgets/decisions"] = new(null, new("budget", "string", "Id of one budget."), Cursor, new("limit", "integer", "1 to 500; 50 by default.")),
        ["POST /api/budgets/reservations"] = new(typeof(ReservationRequest)),
        ["GET /api/threee/preview"] = new(
            null,
            [
                new("energy", "number", "Weight of the energy axis."), new("efficiency", "number", "Weight of the efficiency axis."), new("effectiveness", "number", "Weight of the effectiveness axis."),
                .. Settings, new("pinned", "string", "The configuration that auto serves whatever the ranking says; empty for none."),
            ]),
        ["GET /api/threee/triangle"] = new(null, [.. Settings, new("steps", "integer", "Points along an edge, 5 to 60.")]),
        ["PUT /api/threee/settings"] = new(typeof(ThreeESettingsInput)),
        ["POST /api/plans"] = new(typeof(MeasurementPlan)),
    };
}
