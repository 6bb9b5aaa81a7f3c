using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;

namespace GreenTune.Accounting.RollUps;

/// <summary>What some records add to the roll-ups. In memory alone.</summary>
internal sealed class RollUpBatch
{
    private readonly Dictionary<(RollUpLevel Level, long Start, string Tenant, string Configuration, string Device, int Factor, EnergyQuality Quality), RollUpRow> _rollUps = [];
    private readonly Dictionary<LatencyKey, LogHistogram> _latencies = [];
    private readonly Dictionary<string, SessionRow> _sessions = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Session, string Configuration, string Device, EnergyQuality Quality), SessionPartRow> _sessionParts = [];

    public IReadOnlyCollection<RollUpRow> RollUps => _rollUps.Values;

    public IReadOnlyDictionary<LatencyKey, LogHistogram> Latencies => _latencies;

    public IReadOnlyCollection<SessionRow> Sessions => _sessions.Values;

    /// <summary>By the session's <see cref="SessionRow.Id"/>; the key is not known yet.</summary>
    public IEnumerable<(string Session, SessionPartRow Part)> SessionParts => _sessionParts.Select(part => (part.Key.Session, part.Value));

    public static long StartOf(RollUpLevel level, long ticks) => ticks - ticks % LengthOf(level);

    public static long LengthOf(RollUpLevel level) => level is RollUpLevel.Hour or RollUpLevel.HourOfAll ? TimeSpan.TicksPerHour : TimeSpan.TicksPerDay;

    /// <param name="record">A record that is new.</param>
    /// <param name="gramsPerJoule">Of the record's factor.</param>
    /// <param name="session">False leaves its session alone.</param>
    public void Add(RecordRow record, double gramsPerJoule, bool session = true)
    {
        string device = record.Device ?? "";
        foreach (RollUpLevel level in (ReadOnlySpan<RollUpLevel>)[RollUpLevel.Hour, RollUpLevel.Day, RollUpLevel.HourOfAll, RollUpLevel.DayOfAll])
        {
            long start = StartOf(level, record.StartedTicks);
            string tenant = level is RollUpLevel.HourOfAll or RollUpLevel.DayOfAll ? "" : record.Tenant;
            RollUp(level, start, tenant, record.ConfigurationId, device, level == RollUpLevel.Hour ? record.FactorId : 0, record.Quality).Add(record, gramsPerJoule);
            if (record.Outcome == RequestOutcome.Completed)
            {
                Latency(new LatencyKey(level, start, tenant, record.ConfigurationId)).Add(record.DurationSeconds);
            }
        }

        if (session && record.Session is not null)
        {
            AddSession(record, record.Session, device, gramsPerJoule);
        }
    }

    /// <summary>Of all tenants' sums, what a tenant's go into.</summary>
    public static RollUpLevel OfAll(RollUpLevel tenants) => tenants == RollUpLevel.Hour ? RollUpLevel.HourOfAll : RollUpLevel.DayOfAll;

    /// <summary>Adds a tenant's hour or day to that of all.</summary>
    public void AddToAll(RollUpRow tenants) => RollUp(OfAll(tenants.Level), tenants.StartTicks, "", tenants.ConfigurationId, tenants.Device, 0, tenants.Quality).Add(tenants);

    /// <summary>Adds a tenant's hour or day to that of all.</summary>
    public void AddToAll(LatencyRow tenants) => Latency(new LatencyKey(OfAll(tenants.Level), tenants.StartTicks, "", tenants.ConfigurationId)).AddPacked(tenants.Durations);

    private RollUpRow RollUp(RollUpLevel level, long start, string tenant, string configuration, string device, int factor, EnergyQuality quality)
    {
        var key = (level, start, tenant, configuration, device, factor, quality);
        if (!_rollUps.TryGetValue(key, out RollUpRow? rollUp))
        {
            rollUp = new RollUpRow { Level = level, StartTicks = start, Tenant = tenant, ConfigurationId = configuration, Device = device, FactorId = factor, Quality = quality };
            _rollUps.Add(key, rollUp);
        }

        return rollUp;
    }

    private LogHistogram Latency(LatencyKey key)
    {
        if (!_latencies.TryGetValue(key, out LogHistogram? durations))
        {
            _latencies.Add(key, durations = new LogHistogram());
        }

        return durations;
    }

    private void AddSession(RecordRow record, string name, string device, double gramsPerJoule)
    {
        string id = SessionRow.IdOf(record.Tenant, name);
        if (!_sessions.TryGetValue(id, out SessionRow? session))
        {
            session = new SessionRow { Id = id, Tenant = record.Tenant, Session = name, FirstTicks = record.StartedTicks, LastTicks = record.StartedTicks };
            _sessions.Add(id, session);
        }

        session.FirstTicks = Math.Min(session.FirstTicks, record.StartedTicks);
        session.LastTicks = Math.Max(session.LastTicks, record.StartedTicks);
        var key = (id, record.ConfigurationId, device, record.Quality);
        if (!_sessionParts.TryGetValue(key, out SessionPartRow? part))
        {
            part = new SessionPartRow { ConfigurationId = record.ConfigurationId, Device = device, Quality = record.Quality };
            _sessionParts.Add(key, part);
        }

        part.Add(record, gramsPerJoule);
    }

    /// <summary>The key of a <see cref="LatencyRow"/>.</summary>
    internal readonly record struct LatencyKey(RollUpLevel Level, long Start, string Tenant, string Configuration);
}
