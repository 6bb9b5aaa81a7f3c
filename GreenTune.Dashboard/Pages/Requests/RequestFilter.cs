using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Services;

namespace GreenTune.Dashboard.Pages.Requests;

/// <summary>What the reader filters requests by, as the address keeps it. Empty means all.</summary>
public sealed record RequestFilter
{
    public PeriodChoice Period { get; init; } = PeriodChoice.Week;

    public string Configuration { get; init; } = string.Empty;

    /// <summary>"ok", "degraded", "cancelled", "failed" or "aborted".</summary>
    public string Outcome { get; init; } = string.Empty;

    /// <summary>"measured", "modelled", "estimated" or "none".</summary>
    public string Quality { get; init; } = string.Empty;

    public string Session { get; init; } = string.Empty;

    /// <summary>True when nothing but the period narrows the list.</summary>
    public bool IsWide => this == new RequestFilter { Period = Period };

    public static IReadOnlyList<(string Value, string Text)> Outcomes { get; } =
        [("", "Any outcome"), ("ok", "Ok"), ("degraded", "Degraded"), ("cancelled", "Cancelled"), ("failed", "Failed"), ("aborted", "Aborted")];

    public static IReadOnlyList<(string Value, string Text)> Qualities { get; } =
        [("", "Any quality"), ("measured", "Measured"), ("modelled", "Modelled"), ("estimated", "Estimated"), ("none", "Not measured")];

    /// <summary>The question to Accounting. The period counts whole days in the reader's zone.</summary>
    public RecordFilter ToRecordFilter(string? tenant, DateTimeOffset now, TimeZoneInfo zone)
    {
        var today = TimeZoneInfo.ConvertTime(now, zone).Date;
        var first = today.AddDays(Period == PeriodChoice.Today ? 0 : Period == PeriodChoice.Week ? -6 : -29);
        return new RecordFilter
        {
            Tenant = tenant,
            Session = Session.Length > 0 ? Session : null,
            Configuration = Configuration.Length > 0 ? Configuration : null,
            Outcome = Outcome switch
            {
                "ok" or "degraded" => RequestOutcome.Completed,
                "cancelled" => RequestOutcome.Cancelled,
                "failed" => RequestOutcome.Failed,
                "aborted" => RequestOutcome.Aborted,
                _ => null,
            },
            Degraded = Outcome switch { "ok" => false, "degraded" => true, _ => null },
            Quality = Enum.TryParse<EnergyQuality>(Quality, ignoreCase: true, out var quality) ? quality : null,
            From = new DateTimeOffset(first, zone.GetUtcOffset(first)),
        };
    }
}
