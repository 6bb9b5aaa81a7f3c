using GreenTune.Accounting.Store;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Budgets;

/// <summary>Which records and reservations a budget counts: those that agree with every name that is there.</summary>
/// <param name="Tenant">A tenant; null counts all.</param>
/// <param name="Model">A configuration's id, or the beginning of some with * behind it; null counts all.</param>
/// <param name="Session">A session; null counts all.</param>
internal sealed record UsageScope(string? Tenant, string? Model, string? Session)
{
    /// <summary>Longest key: three names and what stands between them.</summary>
    public const int MaxKeyLength = 512;

    // A control character cannot be in a name, so that no two scopes have the same key.
    private const char Between = '\u001f';

    /// <summary>The scope as one text, for the table of kept sums.</summary>
    public string Key { get; } = string.Join(Between, Tenant, Model, Session);

    public static UsageScope Of(Budget budget) => new(budget.Tenant, budget.Model, budget.Session);

    public static UsageScope OfKey(string key)
    {
        string[] parts = key.Split(Between);
        return new UsageScope(Name(parts[0]), Name(parts[1]), Name(parts[2]));

        static string? Name(string part) => part.Length == 0 ? null : part;
    }

    public bool Counts(RecordRow record) =>
        (Tenant is null || record.Tenant == Tenant) && (Session is null || record.Session == Session) && CountsModel(record.ConfigurationId);

    public IQueryable<RecordRow> Of(IQueryable<RecordRow> records)
    {
        if (Tenant is { } tenant)
        {
            records = records.Where(record => record.Tenant == tenant);
        }

        if (Session is { } session)
        {
            records = records.Where(record => record.Session == session);
        }

        // Not StartsWith, which becomes LIKE: SQLite's does not tell capitals from small letters.
        return BudgetScopes.Prefix(Model) is { } prefix ? records.Where(record => record.ConfigurationId.Substring(0, prefix.Length) == prefix)
            : Model is { } model ? records.Where(record => record.ConfigurationId == model)
            : records;
    }

    public IQueryable<ReservationRow> Of(IQueryable<ReservationRow> reservations)
    {
        if (Tenant is { } tenant)
        {
            reservations = reservations.Where(reservation => reservation.Tenant == tenant);
        }

        if (Session is { } session)
        {
            reservations = reservations.Where(reservation => reservation.Session == session);
        }

        return BudgetScopes.Prefix(Model) is { } prefix ? reservations.Where(reservation => reservation.ConfigurationId.Substring(0, prefix.Length) == prefix)
            : Model is { } model ? reservations.Where(reservation => reservation.ConfigurationId == model)
            : reservations;
    }

    private bool CountsModel(string configuration) =>
        Model is not { } model || (BudgetScopes.Prefix(model) is { } prefix ? configuration.StartsWith(prefix, StringComparison.Ordinal) : configuration == model);
}
