using System.Globalization;

namespace GreenTune.Dashboard.Formatting;

/// <summary>Times as the person in front of the browser reads them.</summary>
/// <param name="Zone">The browser's time zone.</param>
public sealed record LocalTimes(TimeZoneInfo Zone)
{
    /// <summary>The server's own zone, until the browser has named its.</summary>
    public static LocalTimes Server { get; } = new(TimeZoneInfo.Local);

    public DateTimeOffset In(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, Zone);

    /// <summary>"09:42".</summary>
    public string HourMinute(DateTimeOffset at) => In(at).ToString("HH:mm", CultureInfo.InvariantCulture);

    /// <summary>"09:42:10".</summary>
    public string Clock(DateTimeOffset at) => In(at).ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>"19 Nov".</summary>
    public string Day(DateTimeOffset at) => In(at).ToString("d MMM", CultureInfo.InvariantCulture);

    /// <summary>"19 Nov 2026, 09:42:10".</summary>
    public string Full(DateTimeOffset at) => In(at).ToString("d MMM yyyy, HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>The time alone on the same day as <paramref name="now"/>, with the day before it otherwise.</summary>
    public string Recent(DateTimeOffset at, DateTimeOffset now) => In(at).Date == In(now).Date ? Clock(at) : $"{Day(at)}, {HourMinute(at)}";

    /// <summary>Finds a zone by its IANA name; the server's zone when it is unknown.</summary>
    public static LocalTimes ForZone(string? name) =>
        !string.IsNullOrWhiteSpace(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? new(zone) : Server;
}
