using System.Net;
using System.Text.Json;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Tests.Sessions;

public sealed class SessionsApiTests
{
    [Theory]
    [OnEveryStore]
    public async Task Sessions_come_in_pages_latest_first_with_what_they_cost(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await host.StoreAsync([.. Enumerable.Range(0, 30).Select(i => Samples.Record($"chatcmpl-{i:0000}", 1 + i, startedAt: AccountingHost.Noon.AddMinutes(-i)) with { Session = $"job-{i % 5}" })]);
        // Late, and of the same session.
        await host.StoreAsync(Samples.Record("chatcmpl-late", 100, startedAt: AccountingHost.Noon.AddDays(-1)) with { Session = "job-4" }, Samples.Record("chatcmpl-none", 1));

        var seen = new List<SessionView>();
        string? next = null;
        do
        {
            Page<SessionView> page = await host.GetAsync<Page<SessionView>>($"/api/sessions?limit=2{(next is null ? "" : $"&cursor={next}")}");
            seen.AddRange(page.Items);
            next = page.Next;
        }
        while (next is not null);
        Assert.Equal(["job-0", "job-1", "job-2", "job-3", "job-4"], seen.Select(session => session.Session));
        SessionView last = seen[4];
        Assert.Equal((7, 420), (last.Figures.Requests, last.Figures.OutputTokens));
        Assert.Equal(Enumerable.Range(0, 30).Where(i => i % 5 == 4).Sum(i => 1 + i) + 100, last.Figures.Joules!.Value, 9);
        Assert.Equal(last.Figures.Joules.Value / 7, last.Figures.JoulesPerRequest!.Value, 9);
        Assert.Equal((AccountingHost.Noon.AddDays(-1), AccountingHost.Noon.AddMinutes(-4)), (last.FirstAt, last.LastAt));
        Assert.Equal(["job-4"], (await host.GetAsync<Page<SessionView>>("/api/sessions?to=2026-11-19T00:00:00Z")).Items.Select(session => session.Session));
        Assert.Equal(["job-0"], (await host.GetAsync<Page<SessionView>>("/api/sessions?from=2026-11-19T11:00:00Z")).Items.Select(session => session.Session));
        Assert.Empty((await host.GetAsync<Page<SessionView>>("/api/sessions?tenant=nobody")).Items);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_session_is_split_by_configuration_and_belongs_to_its_tenant(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await host.StoreAsync(
            Samples.Record("chatcmpl-0001", 1) with { Session = "job 1" },
            Samples.Record("chatcmpl-0002", 2, configuration: "greentune-tiny-fp16") with { Session = "job 1" },
            Samples.Record("chatcmpl-0003", 4, tenant: "other") with { Session = "job 1" });
        SessionDetail detail = await host.GetAsync<SessionDetail>("/api/sessions/job%201?tenant=team-support");
        Assert.Equal(3, detail.Session.Figures.Joules!.Value, 9);
        Assert.Equal([("greentune-tiny-fp16", 2.0), ("greentune-tiny-int4", 1.0)], detail.Configurations.Select(group => (group.Name, group.Figures.Joules!.Value)));
        JsonElement several = await host.RefusedAsync(HttpMethod.Get, "/api/sessions/job%201", null, HttpStatusCode.BadRequest);
        Assert.True(several.GetProperty("errors").TryGetProperty("tenant", out _));
        await host.RefusedAsync(HttpMethod.Get, "/api/sessions/job%202", null, HttpStatusCode.NotFound);
    }
}
