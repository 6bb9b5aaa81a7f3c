using System.Net;
using System.Text.Json;
using GreenTune.Accounting.Events;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Tests.Events;

public sealed class EventsApiTests
{
    private static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, ContractJson.Options)!;

    [Fact]
    public async Task A_listener_gets_the_choice_at_once_and_then_everything_that_happens()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        using EventListener listener = await EventListener.ConnectAsync(host);
        Assert.Equal("text/event-stream", listener.ContentType);
        (string Name, string Data)? first = await listener.NextAsync();
        Assert.Equal("auto", first!.Value.Name);
        Assert.Null(Read<AutoChoice>(first.Value.Data).ConfigurationId);

        await host.StoreAsync(Samples.Record("chatcmpl-0001") with { PowerTrace = [new(0, 5)] });
        RecordView record = Read<RecordView>(await listener.NextAsync("record"));
        Assert.Equal("chatcmpl-0001", record.Record.Id);
        Assert.Empty(record.Record.PowerTrace);
        Assert.NotNull(record.CO2e);

        await host.SendAsync<PlanSummary>(HttpMethod.Post, "/api/plans", Samples.Plan(), HttpStatusCode.Created);
        Assert.Equal(1, Read<PlanSummary>(await listener.NextAsync("plan")).Number);
        Assert.Equal("greentune-tiny-int4", Read<AutoChoice>(await listener.NextAsync("auto")).ConfigurationId);

        await host.SendAsync<ThreeEView>(HttpMethod.Put, "/api/threee/settings", new ThreeESettingsInput { Weights = ThreeEWeights.Equal, Floor = 0.95, Pinned = "greentune-tiny-fp32" });
        Assert.True(Read<AutoChoice>(await listener.NextAsync("auto")).Pinned);
    }

    [Fact]
    public async Task Budgets_are_announced_when_they_change_decide_and_settle()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        using EventListener listener = await EventListener.ConnectAsync(host);
        await listener.NextAsync("auto");
        Guid id = (await host.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets", Samples.Budget(), HttpStatusCode.Created)).Budget.Id;
        Assert.Equal(id, Read<BudgetStatus>(await listener.NextAsync("budget")).Budget.Id);

        await host.SendAsync<ReservationDecision>(HttpMethod.Post, "/api/budgets/reservations", Samples.Reservation("chatcmpl-0001", 1000));
        // The announcer rests a little after each round.
        await PassAsync(host);
        Assert.True(Read<BudgetStatus>(await listener.NextAsync("budget")).Reserved > 0);
        await host.StoreAsync(Samples.Record("chatcmpl-0001"));
        await PassAsync(host);
        BudgetStatus settled = Read<BudgetStatus>(await listener.NextAsync("budget"));
        Assert.Equal(0, settled.Reserved);
        Assert.True(settled.Used.Value > 0);

        using HttpResponseMessage deleted = await host.SendAsync(HttpMethod.Delete, $"/api/budgets/{id}");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(id, Read<BudgetDeleted>(await listener.NextAsync("budgetDeleted")).Id);
    }

    [Fact]
    public async Task A_quiet_stream_is_kept_open_by_comments()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        int before = host.Clock.Waiting;
        using EventListener listener = await EventListener.ConnectAsync(host);
        await listener.NextAsync("auto");
        for (int i = 0; i < 2; i++)
        {
            await UntilAsync(() => host.Clock.Waiting > before);
            host.Clock.Advance(EventsApi.Heartbeat);
            Assert.Equal("comment", (await listener.NextAsync())!.Value.Name);
        }
    }

    [Fact]
    public async Task Stopping_the_service_ends_the_streams_at_once()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        using EventListener listener = await EventListener.ConnectAsync(host);
        await listener.NextAsync("auto");
        await host.StopAsync().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_listener_that_falls_behind_loses_its_oldest_events_alone()
    {
        var hub = new EventHub();
        using EventHub.Subscription slow = hub.Subscribe();
        using EventHub.Subscription other = hub.Subscribe();
        for (int i = 0; i < EventHub.Capacity + 10; i++)
        {
            hub.Publish("record", i);
            Assert.True(other.Events.TryRead(out ServerEvent? seen) && seen.Data == i.ToString(null, null));
        }

        Assert.True(slow.Events.TryRead(out ServerEvent? oldest));
        Assert.Equal("10", oldest.Data);
        slow.Dispose();
        other.Dispose();
        Assert.False(hub.HasListeners);
    }

    private static async Task PassAsync(AccountingHost host)
    {
        await UntilAsync(() => host.Clock.Waiting > 2);
        host.Clock.Advance(TimeSpan.FromMilliseconds(250));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (int i = 0; !condition(); i++)
        {
            Assert.True(i < 3000, "It did not happen.");
            await Task.Delay(10);
        }
    }
}
