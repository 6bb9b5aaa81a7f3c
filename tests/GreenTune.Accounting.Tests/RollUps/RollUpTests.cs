using FsCheck;
using FsCheck.Fluent;
using GreenTune.Accounting.Http;
using GreenTune.Accounting.Records;
using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Tests.RollUps;

/// <summary>Whatever arrives, in whatever order and however often, the roll-ups are the sums over the records.</summary>
public sealed class RollUpTests
{
    private const double GramsPerJoule = 1.2 * 342 / 3.6e6;
    private static readonly EnergyQuality[] Qualities = [EnergyQuality.Estimated, EnergyQuality.Modelled, EnergyQuality.Measured];

    private sealed record Arrivals(RequestRecord[] Records, int[] Order, int[] Cuts, (long From, long To)[] Spans);

    private static Gen<RequestRecord> Record =>
        from minutes in Gen.Choose(0, 3 * 24 * 60)
        from seconds in Gen.Choose(0, 59_999)
        from tenant in Gen.Choose(0, 1)
        from configuration in Gen.Elements("greentune-tiny-int4", "greentune-tiny-fp16")
        from device in Gen.Elements("cpu-0", "gpu-0")
        from quality in Gen.Elements(Qualities)
        from joules in Gen.Choose(0, 5000)
        from sensitivity in Gen.Choose(-900, 900)
        from kind in Gen.Choose(0, 9)
        from session in Gen.Choose(0, 4)
        from duration in Gen.Choose(1, 4000)
        from outcome in Gen.Frequency((8, Gen.Constant(RequestOutcome.Completed)), (1, Gen.Constant(RequestOutcome.Cancelled)), (1, Gen.Constant(RequestOutcome.Failed)))
        let energy = Samples.Energy(joules / 100.0, sensitivity: sensitivity / 1000.0, device: device, quality: quality)
        select Samples.Record("chatcmpl-0", tenant: $"team-{tenant}", configuration: configuration, startedAt: AccountingHost.Noon.AddMinutes(-minutes).AddMilliseconds(-seconds), seconds: duration / 1000.0) with
        {
            EndedAt = AccountingHost.Noon,
            Session = session == 0 ? null : $"session-{session}",
            Outcome = outcome,
            DegradedFrom = kind == 3 ? "greentune-tiny-fp32" : null,
            Energy = kind switch
            {
                0 => EnergyFigures.None("no meter", MethodVersions.Attribution),
                1 => energy with { Uncertainty = null, RelativeUncertainty = 0.25 },
                2 => energy with { ActiveJoules = null, PrefillJoules = null, DecodeJoules = null },
                _ => energy,
            },
        };

    // Two different minutes may round to the same whole hour.
    private static Gen<(long From, long To)> Span =>
        from a in Gen.Choose(0, 4000)
        from b in Gen.Choose(0, 4000)
        let bounds = (From: Math.Min(Tick(a), Tick(b)), To: Math.Max(Tick(a), Tick(b)))
        where bounds.From < bounds.To
        select bounds;

    private static Gen<Arrivals> Arriving =>
        from records in Record.ListOf(40)
        from order in Gen.Choose(0, 39).ListOf(70)
        from cuts in Gen.Choose(1, 69).ListOf(6)
        from spans in Span.ListOf(3)
            // Every record arrives, and some arrive again.
        select new Arrivals([.. records], [.. Enumerable.Range(0, 40).Concat(order)], [.. cuts], [.. spans]);

    // Odd moments, and now and then whole hours.
    private static long Tick(int minutes) => AccountingHost.Noon.AddMinutes(-minutes).AddTicks(minutes % 7 == 0 ? -AccountingHost.Noon.AddMinutes(-minutes).Ticks % TimeSpan.TicksPerHour : -minutes * 1237L).UtcTicks;

    [Theory]
    [OnEveryStore]
    public async Task Roll_ups_are_the_sums_over_the_records_for_any_arrivals_repeats_and_order(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        int run = 0;
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(6), Prop.ForAll(Arriving.ToArbitrary(), arrivals =>
        {
            RequestRecord[] records = Named(arrivals.Records, run++);
            SendAsync(host, records, arrivals).GetAwaiter().GetResult();
            CompareAsync(host, records, arrivals.Spans, run).GetAwaiter().GetResult();
        }));
        await host.Get<RollUpBuilder>().RebuildAsync(CancellationToken.None);
        await using AccountingDb db = await ContextAsync(host);
        await SameAsync(db, [.. await db.Records.AsNoTracking().ToListAsync()]);
    }

    /// <summary>Each run has tenants and ids of its own, so that one database serves them all.</summary>
    private static RequestRecord[] Named(RequestRecord[] records, int run) => [.. records.Select((record, i) => record with { Id = $"chatcmpl-{run}-{i:0000}", Tenant = $"{record.Tenant}-{run}" })];

    private static async Task SendAsync(AccountingHost host, RequestRecord[] records, Arrivals arrivals)
    {
        var random = new Random(arrivals.Order.Sum());
        int[] order = [.. arrivals.Order];
        random.Shuffle(order);
        int[] cuts = [0, .. arrivals.Cuts.Distinct().Order(), order.Length];
        var ingest = host.Get<RecordIngest>();
        int stored = 0;
        for (int i = 0; i + 1 < cuts.Length; i++)
        {
            IngestResult result = await ingest.StoreAsync([.. order[cuts[i]..cuts[i + 1]].Select(at => new BatchItem<RequestRecord>(records[at].Id, records[at], null))], CancellationToken.None);
            Assert.Empty(result.Refused);
            stored += result.Stored;
        }

        Assert.Equal(records.Length, stored);
    }

    private static async Task CompareAsync(AccountingHost host, RequestRecord[] records, (long From, long To)[] spans, int run)
    {
        string suffix = $"-{run - 1}";
        await using (AccountingDb db = await ContextAsync(host))
        {
            await SameAsync(db, await db.Records.AsNoTracking().Where(record => record.Tenant.EndsWith(suffix)).ToListAsync(), suffix);
        }

        foreach ((long from, long to) in spans)
        {
            string tenant = records[0].Tenant;
            RequestRecord[] inside = [.. records.Where(record => record.Tenant == tenant && record.StartedAt.UtcTicks >= from && record.StartedAt.UtcTicks < to)];
            Summary summary = await host.GetAsync<Summary>($"/api/summary?tenant={tenant}&from={new DateTime(from, DateTimeKind.Utc):O}&to={new DateTime(to, DateTimeKind.Utc):O}");
            Assert.Equal(inside.Length, summary.Requests);
            Assert.Equal(inside.Sum(record => record.OutputTokens), summary.OutputTokens);
            Assert.Equal(inside.Count(record => record.Outcome == RequestOutcome.Failed), summary.Failed);
            UncertainSum[] devices = [.. inside.Where(record => record.Energy.Joules is not null).GroupBy(record => record.Energy.Device)
                .Select(group => group.Select(record => UncertainSum.OfJoules(record.Energy)!.Value).Aggregate((a, b) => a + b))];
            Close(devices.Length == 0 ? null : UncertainSum.Total(devices), summary.Joules);
            Close(devices.Length == 0 ? null : UncertainSum.Total(devices.Select(device => device * GramsPerJoule)), summary.CO2eGrams);
            double[] durations = [.. inside.Where(record => record.Outcome == RequestOutcome.Completed).Select(record => record.DurationSeconds).Order()];
            double? p95 = durations.Length == 0 ? null : durations[(int)Math.Ceiling(0.95 * durations.Length) - 1];
            Assert.Equal(p95 ?? 0, summary.DurationP95Seconds ?? 0, LogHistogram.RelativeError * (p95 ?? 1) * (1 + 1e-9));
        }
    }

    [Theory]
    [OnEveryStore]
    public async Task All_tenants_together_are_the_sum_of_each_and_older_books_get_them(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        RequestRecord[] records = [.. Enumerable.Range(0, 90).Select(i => Samples.Record(
            $"chatcmpl-{i:0000}", 1 + i, tenant: $"team-{i % 5}", configuration: i % 2 == 0 ? "greentune-tiny-int4" : "greentune-nano-int8", startedAt: AccountingHost.Noon.AddHours(-i), seconds: 0.1 + i / 50.0))];
        await host.StoreAsync(records);
        string days = $"from={AccountingHost.Noon.AddHours(-95).UtcDateTime:O}&to={AccountingHost.Noon.UtcDateTime:O}";
        Summary all = await host.GetAsync<Summary>($"/api/summary?{days}");
        UsageBreakdown tenants = await host.GetAsync<UsageBreakdown>($"/api/usage?by=tenant&{days}");
        RequestRecord[] inside = [.. records.Where(record => record.StartedAt < AccountingHost.Noon)];
        Assert.Equal((89, 89), (all.Requests, tenants.Groups.Sum(group => group.Figures.Requests)));
        Assert.Equal(inside.Sum(record => record.Energy.Joules!.Value.Value), all.Joules!.Value, 9);
        Assert.Equal(inside.Sum(record => record.Energy.Joules!.Value.Value), tenants.Groups.Sum(group => group.Figures.Joules!.Value), 9);
        Assert.Equal(inside.Select(record => record.DurationSeconds).Order().ElementAt((int)Math.Ceiling(0.95 * 89) - 1), all.DurationP95Seconds!.Value, 0.02);

        await using (AccountingDb db = await ContextAsync(host))
        {
            Assert.InRange(await db.RollUps.CountAsync(row => row.Level == RollUpLevel.DayOfAll), 1, await db.RollUps.CountAsync(row => row.Level == RollUpLevel.Day) - 1);
            await db.RollUps.Where(row => row.Level == RollUpLevel.DayOfAll || row.Level == RollUpLevel.HourOfAll).ExecuteDeleteAsync();
            await db.Latencies.Where(row => row.Level == RollUpLevel.DayOfAll || row.Level == RollUpLevel.HourOfAll).ExecuteDeleteAsync();
            await db.Marks.Where(mark => mark.Name == MarkRow.OfAllBuilt).ExecuteDeleteAsync();
        }

        await host.RestartAsync();
        Summary again = await host.GetAsync<Summary>($"/api/summary?{days}");
        Assert.Equal((all.Requests, all.OutputTokens, all.DurationP95Seconds), (again.Requests, again.OutputTokens, again.DurationP95Seconds));
        Assert.Equal(all.Joules.Value, again.Joules!.Value, 9);
        await using (AccountingDb db = await ContextAsync(host))
        {
            await SameAsync(db, await db.Records.AsNoTracking().ToListAsync());
        }
    }

    /// <summary>The tables hold what adding up these records gives, and nothing else.</summary>
    private static async Task SameAsync(AccountingDb db, IReadOnlyList<RecordRow> records, string suffix = "")
    {
        var expected = new RollUpBatch();
        foreach (RecordRow record in records)
        {
            expected.Add(record, GramsPerJoule);
        }

        RollUpRow[] rollUps = [.. (await db.RollUps.AsNoTracking().ToListAsync()).Where(row => row.Tenant.EndsWith(suffix, StringComparison.Ordinal))];
        Assert.Equal(
            expected.RollUps.Where(row => row.Tenant.EndsWith(suffix, StringComparison.Ordinal)).Select(row => (Name: $"{row.Level} {row.StartTicks} {row.Tenant} {row.ConfigurationId} {row.Device} {row.FactorId} {row.Quality}", Values: Values(row))).OrderBy(row => row.Name, StringComparer.Ordinal),
            rollUps.Select(row => (Name: $"{row.Level} {row.StartTicks} {row.Tenant} {row.ConfigurationId} {row.Device} {row.FactorId} {row.Quality}", Values: Values(row))).OrderBy(row => row.Name, StringComparer.Ordinal),
            SameSums);
        LatencyRow[] latencies = [.. (await db.Latencies.AsNoTracking().ToListAsync()).Where(row => row.Tenant.EndsWith(suffix, StringComparison.Ordinal))];
        Assert.Equal(
            expected.Latencies.Where(pair => pair.Key.Tenant.EndsWith(suffix, StringComparison.Ordinal)).ToDictionary(pair => $"{pair.Key}", pair => Convert.ToHexString(pair.Value.Pack())),
            latencies.ToDictionary(row => $"{new RollUpBatch.LatencyKey(row.Level, row.StartTicks, row.Tenant, row.ConfigurationId)}", row => Convert.ToHexString(row.Durations)));
        SessionRow[] sessions = [.. (await db.Sessions.AsNoTracking().ToListAsync()).Where(row => row.Tenant.EndsWith(suffix, StringComparison.Ordinal))];
        Assert.Equal(
            expected.Sessions.Select(row => (row.Id, row.Tenant, row.Session, row.FirstTicks, row.LastTicks)).Order(),
            sessions.Select(row => (row.Id, row.Tenant, row.Session, row.FirstTicks, row.LastTicks)).Order());
        var ids = sessions.ToDictionary(row => row.Key, row => row.Id);
        Assert.Equal(
            expected.SessionParts.Select(part => (Name: $"{part.Session} {part.Part.ConfigurationId} {part.Part.Device} {part.Part.Quality}", Values: Values(part.Part))).OrderBy(part => part.Name, StringComparer.Ordinal),
            (await db.SessionParts.AsNoTracking().ToListAsync()).Where(part => ids.ContainsKey(part.SessionKey))
                .Select(part => (Name: $"{ids[part.SessionKey]} {part.ConfigurationId} {part.Device} {part.Quality}", Values: Values(part))).OrderBy(part => part.Name, StringComparer.Ordinal),
            SameSums);
    }

    private static double[] Values(RollUpSums sums) => [.. typeof(RollUpSums).GetProperties().Where(property => property.CanWrite).Select(property => Convert.ToDouble(property.GetValue(sums), System.Globalization.CultureInfo.InvariantCulture))];

    private static bool SameSums((string Name, double[] Values) one, (string Name, double[] Values) other) =>
        one.Name == other.Name && one.Values.Zip(other.Values).All(pair => Math.Abs(pair.First - pair.Second) <= 1e-9 * Math.Max(1, Math.Abs(pair.First)));

    private static void Close(GreenTune.Core.Contracts.Interval? expected, GreenTune.Core.Contracts.Interval? actual)
    {
        Assert.Equal(expected is null, actual is null);
        if (expected is not null)
        {
            Assert.Equal(expected.Value, actual!.Value, 1e-9 * Math.Max(1e-6, Math.Abs(expected.Value)));
            Assert.Equal(expected.Low, actual.Low, 1e-9 * Math.Max(1e-6, Math.Abs(expected.Value)));
            Assert.Equal(expected.High, actual.High, 1e-9 * Math.Max(1e-6, Math.Abs(expected.Value)));
        }
    }

    private static async Task<AccountingDb> ContextAsync(AccountingHost host) => await host.Get<IDbContextFactory<AccountingDb>>().CreateDbContextAsync();

    [Fact]
    public void The_samples_factor_is_what_these_tests_reckon_with() =>
        Assert.Equal(GramsPerJoule, OperationalCarbon.GramsPerJoule(CarbonTable.Default.FactorFor("DEU", 1.2)), 15);
}
