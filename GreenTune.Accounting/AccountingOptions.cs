using GreenTune.Accounting.Records;
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

    /// <summary>Mean power above which no device of this site could have served a request; a record above it is refused.</summary>
    /// <value>The default is 100,000 watts; 1 to 100,000.</value>
    public double MaxDeviceWatts { get; set; } = RecordValidator.MaxWatts;

    /// <summary>After this many days power traces are taken away; the records stay.</summary>
    /// <value>The default is 30 days; 1 to 36,500.</value>
    public double TraceRetentionDays { get; set; } = 30;

    /// <summary>After this many days records are taken away, by whole UTC days; their roll-ups stay, so that summaries and series keep them.</summary>
    /// <value>The default is none: records are kept. 35 to 36,500, since a budget's month adds up its records.</value>
    public double? RecordRetentionDays { get; set; }

    /// <summary>The PostgreSQL database's connection string; null where SQLite keeps the books.</summary>
    public string? Postgres => string.IsNullOrWhiteSpace(ConnectionString) ? null : ConnectionString.Trim();

    /// <summary>The beginning of the first UTC day whose records are kept; null where all are.</summary>
    public DateTimeOffset? RecordsKeptFrom(DateTimeOffset now)
    {
        if (RecordRetentionDays is not { } days)
        {
            return null;
        }

        DateTimeOffset from = now.ToUniversalTime().AddDays(-days);
        return from.AddTicks(-(from.Ticks % TimeSpan.TicksPerDay));
    }

    public RecordLimits LimitsAt(DateTimeOffset now) => new(MaxDeviceWatts, RecordsKeptFrom(now));

    public TimeZoneInfo Zone => string.IsNullOrWhiteSpace(TimeZone) ? TimeZoneInfo.Local : TimeZoneInfo.FindSystemTimeZoneById(TimeZone.Trim());
}

internal sealed class AccountingOptionsValidator : IValidateOptions<AccountingOptions>
{
    private const double MaxDays = 36_500;
    private const double LeastRecordDays = 35;

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

        if (!(options.MaxDeviceWatts is >= 1 and <= RecordValidator.MaxWatts))
        {
            failures.Add(FormattableString.Invariant($"Accounting:MaxDeviceWatts (environment Accounting__MaxDeviceWatts) is {options.MaxDeviceWatts}; it can be 1 to {RecordValidator.MaxWatts}, for example 1000."));
        }

        if (!(options.TraceRetentionDays is >= 1 and <= MaxDays))
        {
            failures.Add(FormattableString.Invariant($"Accounting:TraceRetentionDays (environment Accounting__TraceRetentionDays) is {options.TraceRetentionDays}; it can be 1 to {MaxDays}, for example 30."));
        }

        if (options.RecordRetentionDays is { } days && !(days is >= LeastRecordDays and <= MaxDays))
        {
            failures.Add(FormattableString.Invariant($"Accounting:RecordRetentionDays (environment Accounting__RecordRetentionDays) is {days}; it can be {LeastRecordDays} to {MaxDays}, for example 400, or nothing, which keeps them."));
        }

        if (options.Postgres is { } postgres && PostgresStore.Problem(postgres) is { } problem)
        {
            failures.Add(problem);
        }

        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }
}
