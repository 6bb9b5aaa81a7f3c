using System.Globalization;
using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Services;

/// <summary>Which records to list (GET /api/records). Null takes all.</summary>
public sealed record RecordFilter
{
    public string? Tenant { get; init; }

    public string? Session { get; init; }

    public string? Configuration { get; init; }

    public RequestOutcome? Outcome { get; init; }

    public EnergyQuality? Quality { get; init; }

    public bool? Degraded { get; init; }

    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? To { get; init; }

    /// <summary>Whether a record belongs to the list, as the service decides it.</summary>
    public bool Matches(RequestRecord record) =>
        (Tenant is null || record.Tenant == Tenant)
        && (Session is null || record.Session == Session)
        && (Configuration is null || record.ConfigurationId == Configuration)
        && (Outcome is null || record.Outcome == Outcome)
        && (Quality is null || record.Energy.Quality == Quality)
        && (Degraded is null || record.DegradedFrom is not null == Degraded)
        && (From is null || record.StartedAt >= From)
        && (To is null || record.StartedAt < To);

    internal string ToQuery(string? cursor, int limit) => Query.Of(
        ("tenant", Tenant),
        ("session", Session),
        ("configuration", Configuration),
        ("outcome", Outcome is { } outcome ? Query.Word(outcome) : null),
        ("quality", Quality is { } quality ? Query.Word(quality) : null),
        ("degraded", Degraded is { } degraded ? degraded ? "true" : "false" : null),
        ("from", From?.ToString("o", CultureInfo.InvariantCulture)),
        ("to", To?.ToString("o", CultureInfo.InvariantCulture)),
        ("cursor", cursor),
        ("limit", limit.ToString(CultureInfo.InvariantCulture)));
}
