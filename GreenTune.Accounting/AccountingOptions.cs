using GreenTune.Accounting.Store;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting;

/// <summary>Section "Accounting".</summary>
internal sealed class AccountingOptions
{
    public const string Section = "Accounting";

    /// <summary>IANA id of the zone whose calendar days budgets and "today" mean.</summary>
    /// <value>The default is the machine's own zone.</value>
    public string? TimeZone { get; set; }

    /// <summary>
    /// A PostgreSQL database that keeps the books, for example "Host=db.example;Database=greentune;Username=greentune;Password=...". ConnectionStrings:accounting
    /// says the same and comes first.
    /// </summary>
    /// <value>The default is none: SQLite, in the data folder.</value>
    public string? ConnectionString { get; set; }

    /// <summary>After this long a reservation whose request never reported back is dropped.</summary>
    /// <value>The default is 10 minutes; 0.1 to 1440.</value>
    public double ReservationMinutes { get; set; } = 10;

    /// <summary>How long a write waits for a database that another program has locked.</summary>
    /// <value>The default is 5 seconds; 0.1 to 60.</value>
    public double BusyTimeoutSeconds { get; set; } = 5;

    /// <summary>The PostgreSQL database's connection string; null where SQLite keeps the books.</summary>
    public string? Postgres => string.IsNullOrWhiteSpace(ConnectionString) ? null : ConnectionString.Trim();

    public TimeZoneInfo Zone => string.IsNullOrWhiteSpace(TimeZone) ? TimeZoneInfo.Local : TimeZoneInfo.FindSystemTimeZoneById(TimeZone.Trim());
}

internal sealed class AccountingOptionsValidator : IValidateOptions<AccountingOptions>
{
    public ValidateOptionsResult Validate(string? name, AccountingOptions options)
    {
        var failures = new List<string>();
        if (!string.IsNullOrWhiteSpace(options.TimeZone) && !TimeZoneInfo.TryFindSystemTimeZoneById(options.TimeZone.Trim(), out _))
        {
            failures.Add($"Accounting:TimeZone (environment Accounting__TimeZone) is '{options.TimeZone}', which is no IANA time zone; for example Europe/Berlin.");
        }

        if (!(options.ReservationMinutes is >= 0.1 and <= 1440))
        {
            failures.Add(FormattableString.Invariant($"Accounting:ReservationMinutes (environment Accounting__ReservationMinutes) is {options.ReservationMinutes}; it can be 0.1 to 1440, for example 10."));
        }

        if (!(options.BusyTimeoutSeconds is >= 0.1 and <= 60))
        {
            failures.Add(FormattableString.Invariant($"Accounting:BusyTimeoutSeconds (environment Accounting__BusyTimeoutSeconds) is {options.BusyTimeoutSeconds}; it can be 0.1 to 60, for example 5."));
        }

        if (options.Postgres is { } postgres && PostgresStore.Problem(postgres) is { } problem)
        {
            failures.Add(problem);
        }

        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }
}
