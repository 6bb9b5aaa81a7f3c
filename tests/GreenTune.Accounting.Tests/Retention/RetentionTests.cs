using GreenTune.Accounting.Retention;
using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;
using GreenTune.Tests;

namespace GreenTune.Accounting.Tests.Retention;

public sealed class RetentionTests
{
    [Theory]
    [OnEveryStore]
    public async Task Old_traces_go_and_their_records_stay(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store, ["--Accounting:TraceRetentionDays", "2"]);
        await host.StoreAsync(Traced("chatcmpl-0001", 1), Traced("chatcmpl-0002", 3), Traced("chatcmpl-0003", 40));
        Assert.Equal((2, 0), await host.Get<RetentionSweeper>().SweepAsync(CancellationToken.None));
        Assert.Equal((0, 0), await host.Get<RetentionSweeper>().SweepAsync(CancellationToken.None));
        Assert.Single((await host.GetAsync<RecordView>("/api/records/chatcmpl-0001")).Record.PowerTrace);
        Assert.Empty((await host.GetAsync<RecordView>("/api/records/chatcmpl-0002")).Record.PowerTrace);
        Assert.Equal(3, (await host.GetAsync<Page<RecordView>>("/api/records")).Items.Count);
    }

    [Theory]
    [OnEveryStore]
    public async Task Old_records_go_by_whole_days_and_what_they_cost_stays(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store, ["--Accounting:RecordRetentionDays", "40"]);
        DateTimeOffset kept = new(2026, 10, 10, 0, 0, 0, TimeSpan.Zero);
        // More than a slice, and both sides of the bound.
        RequestRecord[] old = [.. Enumerable.Range(0, 1100).Select(i => Samples.Record($"chatcmpl-{i:0000}", 2, startedAt: kept.AddHours(1).AddSeconds(i)) with { Session = "spans" })];
        await host.StoreAsync(old[..600]);
        await host.StoreAsync(old[600..]);
        await host.StoreAsync(Samples.Record("chatcmpl-edge", 4, startedAt: kept.AddDays(1)) with { Session = "spans" });
        host.Clock.Advance(TimeSpan.FromDays(1));
        string span = "from=2026-10-09T00:00:00Z&to=2026-10-12T00:00:00Z";
        Assert.Equal(2204, (await host.GetAsync<Summary>($"/api/summary?{span}")).Joules!.Value, 9);
        // The service sweeps by itself, too, now that an hour has gone by.
        await Eventually.TrueAsync(async () =>
        {
            await host.Get<RetentionSweeper>().SweepAsync(CancellationToken.None);
            return (await host.GetAsync<Page<RecordView>>("/api/records")).Items is [{ Record.Id: "chatcmpl-edge" }];
        });
        Assert.Equal(2204, (await host.GetAsync<Summary>($"/api/summary?{span}")).Joules!.Value, 9);
        Assert.Equal(1101, (await host.GetAsync<SessionDetail>("/api/sessions/spans")).Session.Figures.Requests);

        // A late copy of one that is gone would be counted twice.
        IngestResult again = await host.StoreAsync(old[0]);
        Assert.Contains("older than the records that are kept", Assert.Single(again.Refused).Reason);
        await host.Get<RollUpBuilder>().RebuildAsync(CancellationToken.None);
        Assert.Equal(2204, (await host.GetAsync<Summary>($"/api/summary?{span}")).Joules!.Value, 9);
        Assert.Equal(1101, (await host.GetAsync<SessionDetail>("/api/sessions/spans")).Session.Figures.Requests);
        // Within an hour that has lost its rows the whole hour is the nearest there is.
        Assert.Equal(2200, (await host.GetAsync<Summary>("/api/summary?from=2026-10-10T01:10:00Z&to=2026-10-11T00:00:00Z")).Joules!.Value, 9);
    }

    private static RequestRecord Traced(string id, int days) => Samples.Record(id, startedAt: AccountingHost.Noon.AddDays(-days)) with { PowerTrace = [new(0, 5)] };
}
