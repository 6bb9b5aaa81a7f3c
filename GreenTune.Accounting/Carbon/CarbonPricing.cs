using System.Collections.Concurrent;
using System.Text.Json;
using GreenTune.Accounting.Carbon.Intensities;
using GreenTune.Accounting.Store;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Carbon;

/// <summary>A factor that records are priced with, and its number in the books.</summary>
internal sealed record PricedFactor(int Id, CarbonFactor Factor)
{
    public double GramsPerJoule { get; } = OperationalCarbon.GramsPerJoule(Factor);
}

/// <summary>Factors of the hours of a batch.</summary>
internal sealed class HourFactors(IReadOnlyDictionary<long, PricedFactor> byHour)
{
    /// <summary>The factor of the hour in which a request started.</summary>
    public PricedFactor At(DateTimeOffset startedAt) => byHour[CarbonHours.Ticks(startedAt)];
}

/// <summary>Hours of UTC, which factors are of.</summary>
internal static class CarbonHours
{
    public static long Ticks(DateTimeOffset time) => Ticks(time.UtcTicks);

    public static long Ticks(long utcTicks) => utcTicks / TimeSpan.TicksPerHour * TimeSpan.TicksPerHour;

    public static DateTimeOffset Time(long utcTicks) => new(utcTicks, TimeSpan.Zero);
}

/// <summary>
/// Which carbon factor an hour has, and which one a stored record was priced with. An hour gets its factor when the first record of it arrives, from what is
/// kept of the sources' values, and a better one while it can still settle (<see cref="CarbonOptions.SettleHours"/>); after that only a restatement
/// gives other figures, beside the first. Never waits for a source. Thread-safe.
/// </summary>
internal sealed class CarbonPricing(
    CarbonTable table, IOptions<CarbonOptions> options, IntensitySources sources, IntensityCache cache, IDbContextFactory<AccountingDb> contexts, StoreWriter writer, TimeProvider clock)
{
    private sealed record Hour(PricedFactor Factor, long CacheVersion);

    private readonly ConcurrentDictionary<int, PricedFactor> _known = new();
    private readonly ConcurrentDictionary<string, PricedFactor> _byJson = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<long, Hour> _hours = new();
    private readonly CarbonFactor _configured = table.FactorFor(options.Value.Zone, options.Value.Pue);
    private readonly TimeSpan _settle = TimeSpan.FromHours(1 + options.Value.SettleHours);
    private volatile PricedFactor? _inForce;

    /// <summary>The site's factor of the yearly table, without its number in the books.</summary>
    public CarbonFactor Configured => _configured;

    /// <summary>The factor of the running hour; there once <see cref="OpenAsync"/> has run at the service's start.</summary>
    public PricedFactor InForce => _inForce ?? throw new InvalidOperationException("The books have not been opened yet.");

    /// <summary>The factor of the running hour, or the table's before the books are open.</summary>
    public CarbonFactor Current => _inForce?.Factor ?? _configured;

    /// <summary>The factor that <paramref name="id"/> stands for.</summary>
    public async ValueTask<PricedFactor> ByIdAsync(int id, CancellationToken cancellation)
    {
        if (_known.TryGetValue(id, out PricedFactor? factor))
        {
            return factor;
        }

        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        string json = await db.Factors.Where(row => row.Id == id).Select(row => row.Factor).SingleAsync(cancellation);
        return _known.GetOrAdd(id, new PricedFactor(id, JsonSerializer.Deserialize<CarbonFactor>(json, ContractJson.Options)!));
    }

    /// <summary>Gives the running hour its factor. Called when the books are opened, after each call to a source, and as hours pass.</summary>
    public async Task RenewAsync(CancellationToken cancellation)
    {
        DateTimeOffset now = clock.GetUtcNow();
        _inForce = (await ForAsync([now], cancellation)).At(now);
    }

    /// <inheritdoc cref="RenewAsync"/>
    public Task OpenAsync(CancellationToken cancellation) => RenewAsync(cancellation);

    /// <summary>Factors of the hours of the given times, entered into the books where they are new. Not to be called within a write.</summary>
    /// <exception cref="StoreUnavailableException">The books cannot be written.</exception>
    public async ValueTask<HourFactors> ForAsync(IEnumerable<DateTimeOffset> times, CancellationToken cancellation)
    {
        DateTimeOffset now = clock.GetUtcNow();
        long version = cache.Version;
        var found = new Dictionary<long, PricedFactor>();
        List<long>? open = null;
        foreach (long hour in times.Select(CarbonHours.Ticks).Distinct())
        {
            if (_hours.TryGetValue(hour, out Hour? known) && (known.CacheVersion == version || IsClosed(hour, known.Factor, now)))
            {
                found.Add(hour, known.Factor);
            }
            else
            {
                (open ??= []).Add(hour);
            }
        }

        if (open is not null)
        {
            foreach ((long hour, PricedFactor factor) in await PinAsync(open, now, cancellation))
            {
                _hours[hour] = new Hour(factor, version);
                found.Add(hour, factor);
            }
        }

        return new HourFactors(found);
    }

    /// <summary>Factors of past hours for a report: those that were pinned, and for hours without records what the chain gives now. Writes nothing.</summary>
    /// <returns>The factor of each hour; its id is null where it is not in the books.</returns>
    public async Task<IReadOnlyDictionary<long, (int? Id, CarbonFactor Factor)>> PastAsync(IReadOnlyCollection<long> hours, CancellationToken cancellation)
    {
        var factors = new Dictionary<long, (int?, CarbonFactor)>();
        if (hours.Count == 0)
        {
            return factors;
        }

        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        foreach (CarbonHourRow row in await PinnedAsync(db.CarbonHours.AsNoTracking(), hours, cancellation))
        {
            factors[row.HourTicks] = (row.FactorId, (await ByIdAsync(row.FactorId, cancellation)).Factor);
        }

        long[] missing = [.. hours.Where(hour => !factors.ContainsKey(hour))];
        foreach ((long hour, CarbonFactor factor) in await ChainAsync(missing, clock.GetUtcNow(), cancellation))
        {
            factors[hour] = (null, factor);
        }

        return factors;
    }

    /// <summary>What the chain gives for hours by what is known now.</summary>
    public async Task<IReadOnlyDictionary<long, CarbonFactor>> ChainAsync(IReadOnlyCollection<long> hours, DateTimeOffset now, CancellationToken cancellation)
    {
        if (sources.Average.Count == 0 || hours.Count == 0)
        {
            return hours.ToDictionary(hour => hour, hour => AverageFactors.At(null, CarbonHours.Time(hour), _configured, hasLiveSource: false));
        }

        DateTimeOffset from = CarbonHours.Time(hours.Min()) - IntensityChain.DefaultStaleLimit - TimeSpan.FromHours(1);
        DateTimeOffset to = CarbonHours.Time(hours.Max()).AddHours(1);
        var near = new NearReadings<AverageSignal>(await cache.LoadAsync(sources.Average, from, to, cancellation));
        return hours.ToDictionary(hour => hour, hour =>
        {
            DateTimeOffset start = CarbonHours.Time(hour);
            return AverageFactors.At(IntensityChain.Resolve(start, near.Of(start), now.AddHours(-1), IntensityChain.DefaultStaleLimit), start, _configured, hasLiveSource: true);
        });
    }

    /// <summary>Enters factors into the books, within a write.</summary>
    public async Task<IReadOnlyList<PricedFactor>> EnterAsync(AccountingDb db, IReadOnlyList<CarbonFactor> factors, CancellationToken cancellation)
    {
        var priced = new List<PricedFactor>(factors.Count);
        foreach (CarbonFactor factor in factors)
        {
            string json = JsonSerializer.Serialize(factor, ContractJson.Options);
            if (!_byJson.TryGetValue(json, out PricedFactor? known))
            {
                FactorRow? row = await db.Factors.SingleOrDefaultAsync(candidate => candidate.Factor == json, cancellation);
                if (row is null)
                {
                    row = new FactorRow { Factor = json };
                    db.Factors.Add(row);
                    await db.SaveChangesAsync(cancellation);
                }

                known = new PricedFactor(row.Id, factor);
            }

            priced.Add(known);
        }

        return priced;
    }

    /// <summary>Remembers factors once the write that entered them has been committed.</summary>
    public void Remember(IEnumerable<PricedFactor> factors)
    {
        foreach (PricedFactor factor in factors)
        {
            _known.TryAdd(factor.Id, factor);
            _byJson.TryAdd(JsonSerializer.Serialize(factor.Factor, ContractJson.Options), factor);
        }
    }

    private bool IsClosed(long hour, PricedFactor factor, DateTimeOffset now) => !factor.Factor.Provisional || now >= CarbonHours.Time(hour) + _settle;

    private async Task<IReadOnlyList<(long Hour, PricedFactor Factor)>> PinAsync(List<long> hours, DateTimeOffset now, CancellationToken cancellation)
    {
        IReadOnlyDictionary<long, CarbonFactor> chain = await ChainAsync(hours, now, cancellation);
        var entered = await writer.WriteAsync(Durability.Flushed, async (db, token) =>
        {
            var there = (await PinnedAsync(db.CarbonHours, hours, token)).ToDictionary(row => row.HourTicks);
            var result = new List<(long, PricedFactor)>(hours.Count);
            foreach (long hour in hours)
            {
                there.TryGetValue(hour, out CarbonHourRow? row);
                if (row is not null && await KnownAsync(db, row.FactorId, token) is var pinned && IsClosed(hour, pinned, now) && !IsOfOtherSettings(hour, pinned, now))
                {
                    result.Add((hour, pinned));
                    continue;
                }

                PricedFactor factor = (await EnterAsync(db, [chain[hour]], token))[0];
                if (row is null)
                {
                    db.CarbonHours.Add(new CarbonHourRow { HourTicks = hour, FactorId = factor.Id, PinnedTicks = now.UtcTicks });
                }
                else
                {
                    row.FactorId = factor.Id;
                    row.PinnedTicks = now.UtcTicks;
                }

                result.Add((hour, factor));
            }

            await db.SaveChangesAsync(token);
            return result;
        }, cancellation);
        Remember(entered.Select(item => item.Item2));
        return entered;
    }

    // A service that was started with another zone, PUE or source goes by them for all hours that may still settle.
    private bool IsOfOtherSettings(long hour, PricedFactor pinned, DateTimeOffset now)
    {
        bool live = pinned.Factor.ValidFrom is not null || pinned.Factor.Provisional;
        return now < CarbonHours.Time(hour) + _settle
            && (pinned.Factor.Pue != _configured.Pue || pinned.Factor.ZoneName != _configured.ZoneName || live != sources.Average.Count > 0);
    }

    private async Task<PricedFactor> KnownAsync(AccountingDb db, int id, CancellationToken cancellation)
    {
        if (_known.TryGetValue(id, out PricedFactor? known))
        {
            return known;
        }

        string json = await db.Factors.Where(row => row.Id == id).Select(row => row.Factor).SingleAsync(cancellation);
        return new PricedFactor(id, JsonSerializer.Deserialize<CarbonFactor>(json, ContractJson.Options)!);
    }

    private static async Task<List<CarbonHourRow>> PinnedAsync(IQueryable<CarbonHourRow> rows, IReadOnlyCollection<long> hours, CancellationToken cancellation)
    {
        // A list of many values is no good to a query, a span is; the hours of a report are one.
        long first = hours.Min();
        long last = hours.Max();
        List<CarbonHourRow> found = await rows.Where(row => row.HourTicks >= first && row.HourTicks <= last).ToListAsync(cancellation);
        if (hours.Count == last / TimeSpan.TicksPerHour - first / TimeSpan.TicksPerHour + 1)
        {
            return found;
        }

        HashSet<long> wanted = [.. hours];
        return [.. found.Where(row => wanted.Contains(row.HourTicks))];
    }
}
