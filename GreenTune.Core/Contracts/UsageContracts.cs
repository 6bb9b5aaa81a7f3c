using System.Text.Json.Serialization;
using GreenTune.Core.Units;

namespace GreenTune.Core.Contracts;

/// <summary>What some requests cost together. A figure that is not known is null, and <see cref="Reasons"/> says why under its name in camelCase.</summary>
public sealed record UsageFigures
{
    public required long Requests { get; init; }

    public required long Cancelled { get; init; }

    public required long Failed { get; init; }

    /// <summary>Served by a greener configuration than asked for, since a budget said so.</summary>
    public required long Degraded { get; init; }

    public required long InputTokens { get; init; }

    public required long OutputTokens { get; init; }

    /// <summary>Requests without a figure, which the sums leave out.</summary>
    public required long Unmetered { get; init; }

    /// <summary>Active energy and idle share of all requests with a figure; 95 % interval.</summary>
    public Interval? Joules { get; init; }

    /// <summary>What the requests caused above the idle baseline; 95 % interval.</summary>
    public Interval? ActiveJoules { get; init; }

    /// <summary>Active energy of the prefill phase, of the requests that have it.</summary>
    public Joules? PrefillJoules { get; init; }

    /// <summary>Active energy of the decode phase, of the requests that have it.</summary>
    public Joules? DecodeJoules { get; init; }

    /// <summary>By part of the node; null where no request has that part, and a reason where only some have.</summary>
    public ComponentJoules Components { get; init; } = new();

    /// <summary>Operational CO2e, each request priced with the factor it was stored with; 95 % interval of the energy, the factor taken as exact.</summary>
    [JsonPropertyName("co2eGrams")]
    public Interval? CO2eGrams { get; init; }

    public Interval? JoulesPerRequest { get; init; }

    public Interval? JoulesPerOutputToken { get; init; }

    [JsonPropertyName("co2eGramsPerRequest")]
    public Interval? CO2eGramsPerRequest { get; init; }

    [JsonPropertyName("co2eGramsPerOutputToken")]
    public Interval? CO2eGramsPerOutputToken { get; init; }

    /// <summary>p95 of the duration of completed requests in seconds, to 1 %.</summary>
    public double? DurationP95Seconds { get; init; }

    /// <summary>The weakest of the parts.</summary>
    public required EnergyQuality Quality { get; init; }

    public IReadOnlyDictionary<string, string> Reasons { get; init; } = new Dictionary<string, string>();
}

/// <summary>One tenant, configuration, model, device or quality and what it cost.</summary>
public sealed record UsageGroup(string Name, UsageFigures Figures);

/// <summary>A span split by one property (GET /api/usage), most energy first.</summary>
public sealed record UsageBreakdown(DateTimeOffset From, DateTimeOffset To, string By, UsageFigures Total, IReadOnlyList<UsageGroup> Groups);

/// <summary>What one hour, day or month cost.</summary>
public sealed record SeriesPoint(DateTimeOffset From, DateTimeOffset To, UsageFigures Figures);

/// <summary>A span by the hour, day or month of the service's time zone (GET /api/series), oldest first; empty ones are there with nought requests.</summary>
public sealed record Series(string By, string TimeZone, IReadOnlyList<SeriesPoint> Points);

/// <summary>A session: requests that came with the same x-greentune-session of one tenant.</summary>
public sealed record SessionView(string Tenant, string Session, DateTimeOffset FirstAt, DateTimeOffset LastAt, UsageFigures Figures);

/// <summary>A session with its parts (GET /api/sessions/{session}).</summary>
public sealed record SessionDetail(SessionView Session, IReadOnlyList<UsageGroup> Configurations);

/// <summary>Devices over all instances (GET /api/fleet).</summary>
/// <param name="From">Beginning of the span.</param>
/// <param name="To">End of the span.</param>
/// <param name="Total">Where the energy of all devices went; null when no period has arrived.</param>
/// <param name="Devices">By energy, most first.</param>
public sealed record Fleet(DateTimeOffset From, DateTimeOffset To, EnergyBuckets? Total, IReadOnlyList<FleetDevice> Devices);

/// <summary>One device of the fleet.</summary>
/// <param name="Device">Its id, as the meter names it.</param>
/// <param name="Instances">Instances of the service that reported on it in the span, in order of their names.</param>
/// <param name="MeteredSeconds">Time for which its energy is known.</param>
/// <param name="MeanWatts">Mean power over that time; null when there is none.</param>
/// <param name="Energy">Where its energy went; null when no period of it has arrived.</param>
/// <param name="Figures">Its requests.</param>
/// <param name="ProvisionedJoulesPerRequest">All its energy over its requests (design section 4.3, "provisioned"); null when either is unknown.</param>
public sealed record FleetDevice(
    string Device,
    IReadOnlyList<string> Instances,
    double MeteredSeconds,
    Watts? MeanWatts,
    EnergyBuckets? Energy,
    UsageFigures Figures,
    Joules? ProvisionedJoulesPerRequest);
