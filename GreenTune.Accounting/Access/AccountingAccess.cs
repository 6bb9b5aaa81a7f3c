using GreenTune.ServiceDefaults.Access;

namespace GreenTune.Accounting.Access;

/// <summary>Who may call what. An endpoint that is not here is closed to all keys (a test names it).</summary>
internal static class AccountingAccess
{
    public static AccessMatrix Matrix { get; } = new(
        // What Inference sends.
        new("POST", "/api/records", AccessLevel.Service),
        new("POST", "/api/periods", AccessLevel.Service),
        new("POST", "/api/plans", AccessLevel.Service),
        new("POST", "/api/configurations", AccessLevel.Service),
        new("POST", "/api/budgets/reservations", AccessLevel.Service),
        new("DELETE", "/api/budgets/reservations/{requestId}", AccessLevel.Service),
        new("POST", "/api/keys/verify", AccessLevel.Service),
        new("GET", "/api/keys/{id:guid}/identity", AccessLevel.Service),
        // What a client may know of its own requests.
        new("GET", "/api/records", AccessLevel.Use, Tenant: true),
        new("GET", "/api/records/{id}", AccessLevel.Use),
        new("GET", "/api/summary", AccessLevel.Use, Tenant: true),
        new("GET", "/openapi/{documentName}.json", AccessLevel.Use),
        new("GET", "/api/usage", AccessLevel.Use, Tenant: true),
        new("GET", "/api/series", AccessLevel.Use, Tenant: true),
        new("GET", "/api/sessions", AccessLevel.Use, Tenant: true),
        new("GET", "/api/sessions/{session}", AccessLevel.Use, Tenant: true),
        new("GET", "/api/exports/records", AccessLevel.Use, Tenant: true),
        new("GET", "/api/carbon", AccessLevel.Use),
        new("GET", "/api/carbon/marginal", AccessLevel.Use),
        new("GET", "/api/carbon/forecast", AccessLevel.Use),
        new("GET", "/api/carbon/zones", AccessLevel.Use),
        // What is read and set by those who run it.
        new("GET", "/metrics", AccessLevel.Operate),
        new("GET", "/api/fleet", AccessLevel.Operate),
        new("GET", "/api/reports/sci", AccessLevel.Operate),
        new("GET", "/api/reports/scope2", AccessLevel.Operate),
        new("GET", "/api/carbon/sources", AccessLevel.Operate),
        new("GET", "/api/carbon/restatements", AccessLevel.Operate),
        new("POST", "/api/carbon/restatements", AccessLevel.Operate),
        new("GET", "/api/carbon/restatements/{id:guid}", AccessLevel.Operate),
        new("GET", "/api/tenants", AccessLevel.Operate),
        new("GET", "/api/configurations", AccessLevel.Operate),
        new("GET", "/api/profiles", AccessLevel.Operate),
        new("GET", "/api/events", AccessLevel.Operate),
        new("GET", "/api/budgets", AccessLevel.Operate),
        new("POST", "/api/budgets", AccessLevel.Operate),
        new("POST", "/api/budgets/preview", AccessLevel.Operate),
        new("GET", "/api/budgets/{id:guid}", AccessLevel.Operate),
        new("PUT", "/api/budgets/{id:guid}", AccessLevel.Operate),
        new("DELETE", "/api/budgets/{id:guid}", AccessLevel.Operate),
        new("GET", "/api/budgets/{id:guid}/usage", AccessLevel.Operate),
        new("GET", "/api/budgets/decisions", AccessLevel.Operate),
        new("GET", "/api/threee", AccessLevel.Operate),
        new("GET", "/api/threee/preview", AccessLevel.Operate),
        new("GET", "/api/threee/triangle", AccessLevel.Operate),
        new("PUT", "/api/threee/settings", AccessLevel.Operate),
        new("GET", "/api/plans", AccessLevel.Operate),
        new("GET", "/api/plans/{id:guid}", AccessLevel.Operate),
        // Who else may, and whom the service calls.
        new("GET", "/api/keys", AccessLevel.Admin),
        new("POST", "/api/keys", AccessLevel.Admin),
        new("DELETE", "/api/keys/{id:guid}", AccessLevel.Admin),
        new("GET", "/api/webhooks", AccessLevel.Admin),
        new("POST", "/api/webhooks", AccessLevel.Admin),
        new("GET", "/api/webhooks/{id:guid}", AccessLevel.Admin),
        new("PUT", "/api/webhooks/{id:guid}", AccessLevel.Admin),
        new("DELETE", "/api/webhooks/{id:guid}", AccessLevel.Admin),
        new("POST", "/api/webhooks/{id:guid}/test", AccessLevel.Admin));
}
