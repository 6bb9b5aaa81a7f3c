using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Accounting.Tests.Records;

public sealed class RecordsApiTests
{
    [Theory]
    [OnEveryStore]
    public async Task A_record_comes_back_whole_and_priced_with_its_provenance(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        RequestRecord sent = Samples.Record("chatcmpl-0001") with
        {
            Session = "session-7",
            DegradedFrom = "greentune-tiny-fp32",
            MeanRowsInFlight = 1.5,
            Streamed = true,
            PowerTrace = [new(-0.25, 6.25), new(0, 11.5), new(0.123456, 14.125)],
            BaselineWatts = new Watts(6.5),
            PrefillEndOffsetSeconds = 0.02,
            TraceId = "0af7651916cd43dd8448eb211c80319c",
            SpanId = "b7ad6b7169203331",
            Instance = "inference-1",
        };
        IngestResult result = await host.StoreAsync(sent);
        Assert.Equal((1, 0, 0), (result.Stored, result.Duplicates, result.Refused.Count));

        RecordView view = await host.GetAsync<RecordView>("/api/records/chatcmpl-0001");
        Assert.Equal(JsonSerializer.Serialize(sent, ContractJson.Options), JsonSerializer.Serialize(view.Record, ContractJson.Options));
        Assert.Equal(1.5 * 1.2 * 342 / 3.6e6, view.CO2e!.Value.Value, 15);
        Assert.Equal("DEU", view.Factor.Zone);
        Assert.Equal(1.2, view.Factor.Pue);
        Assert.Equal(2025, view.Factor.Year);
        Assert.Equal(MethodVersions.Carbon, view.Factor.MethodVersion);
        Assert.Equal(AccountingHost.Noon, view.ReceivedAt);

        RecordView listed = Assert.Single((await host.GetAsync<Page<RecordView>>("/api/records")).Items);
        Assert.Empty(listed.Record.PowerTrace);
        Assert.Equal(view.CO2e, listed.CO2e);
        Assert.Equal(["team-support"], await host.GetAsync<string[]>("/api/tenants"));
    }

    [Theory]
    [OnEveryStore]
    public async Task Batches_that_come_at_once_with_records_in_common_store_each_record_once(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        // Batch i brings 20 records of which ten are the next batch's too.
        IngestResult[] results = await Task.WhenAll(Enumerable.Range(0, 24).Select(i =>
            host.StoreAsync([.. Enumerable.Range(10 * i, 20).Select(number => Samples.Record($"chatcmpl-{number:0000}", 1 + number, tenant: $"team-{number % 3}") with { Session = $"session-{number % 7}" })])));
        Assert.All(results, result => Assert.Equal((20, 0), (result.Stored + result.Duplicates, result.Refused.Count)));
        Assert.Equal((250, 230), (results.Sum(result => result.Stored), results.Sum(result => result.Duplicates)));

        Summary summary = await host.GetAsync<Summary>("/api/summary?period=today");
        Assert.Equal(250, summary.Requests);
        Assert.Equal(Enumerable.Range(0, 250).Sum(number => 1.0 + number), summary.Joules!.Value, 9);
        Assert.Equal(250, (await host.GetAsync<Page<RecordView>>("/api/records?limit=500")).Items.Select(view => view.Record.Id).Distinct().Count());
        Assert.Equal(["team-0", "team-1", "team-2"], await host.GetAsync<string[]>("/api/tenants"));
    }

    [Theory]
    [OnEveryStore]
    public async Task What_was_not_metered_stays_null_with_its_reason(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await host.StoreAsync(Samples.Record("chatcmpl-0001", joules: null));
        RecordView view = await host.GetAsync<RecordView>("/api/records/chatcmpl-0001");
        Assert.Null(view.CO2e);
        Assert.Null(view.Record.Energy.Joules);
        Assert.Null(view.Record.Energy.Uncertainty);
        Assert.Equal("no meter", view.Record.Energy.Reasons["joules"]);
    }

    [Theory]
    [OnEveryStore]
    public async Task Sending_again_stores_nothing_twice_within_a_batch_and_over_batches(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        IngestResult first = await host.StoreAsync(Samples.Record("chatcmpl-0001"), Samples.Record("chatcmpl-0001"), Samples.Record("chatcmpl-0002"));
        Assert.Equal((2, 1), (first.Stored, first.Duplicates));
        IngestResult second = await host.StoreAsync(Samples.Record("chatcmpl-0001", joules: 99), Samples.Record("chatcmpl-0003"));
        Assert.Equal((1, 1), (second.Stored, second.Duplicates));
        Assert.Equal(1.5, (await host.GetAsync<RecordView>("/api/records/chatcmpl-0001")).Record.Energy.Joules!.Value.Value);
        Assert.Equal(3, (await host.GetAsync<Page<RecordView>>("/api/records")).Items.Count);
    }

    [Theory]
    [OnEveryStore]
    public async Task The_same_batch_from_many_senders_at_once_is_stored_once(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        RequestRecord[] batch = [.. Enumerable.Range(0, 20).Select(i => Samples.Record($"chatcmpl-{i:0000}"))];
        IngestResult[] results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => host.StoreAsync(batch)));
        Assert.Equal(20, results.Sum(result => result.Stored));
        Assert.Equal(7 * 20, results.Sum(result => result.Duplicates));
        Assert.Equal(20, (await host.GetAsync<Summary>("/api/summary")).Requests);
    }

    [Theory]
    [OnEveryStore]
    public async Task What_cannot_be_true_is_refused_one_by_one_and_the_rest_is_stored(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        RequestRecord sound = Samples.Record("chatcmpl-good");
        EnergyFigures energy = sound.Energy;
        (RequestRecord Record, string Reason)[] bad =
        [
            (sound with { Id = "short" }, "id is not 8 to 64"),
            (sound with { Id = "bad-0001", Tenant = " x" }, "tenant is not"),
            (sound with { Id = "bad-0002", StartedAt = AccountingHost.Noon.AddMinutes(6), EndedAt = AccountingHost.Noon.AddMinutes(6) }, "in the future"),
            (sound with { Id = "bad-0003", EndedAt = sound.StartedAt.AddSeconds(-1) }, "endedAt is before startedAt"),
            (sound with { Id = "bad-0004", DurationSeconds = -0.1 }, "durationSeconds is -0.1"),
            (sound with { Id = "bad-0005", InputTokens = 10_000_001 }, "inputTokens is 10000001"),
            (sound with { Id = "bad-0006", OutputTokens = -1 }, "outputTokens is -1"),
            (sound with { Id = "bad-0007", Energy = energy with { Joules = new Joules(-3) } }, "energy.joules is -3"),
            (sound with { Id = "bad-0008", Energy = energy with { ActiveJoules = new Joules(-1) } }, "below -3 sigma"),
            (sound with { Id = "bad-0009", Energy = energy with { Joules = new Joules(2e6) } }, "more than 100000 W"),
            (sound with { Id = "bad-0010", Energy = energy with { Joules = null } }, "energy.joules is null without a reason"),
            (sound with { Id = "bad-0011", Energy = energy with { Uncertainty = null, RelativeUncertainty = null } }, "energy.relativeUncertainty is needed"),
            (sound with { Id = "bad-0012", PowerTrace = [.. Enumerable.Repeat(new TracePoint(0, 1), 241)] }, "powerTrace has 241 points"),
            (sound with { Id = "bad-0013", PowerTrace = [new(0, -5)] }, "powerTrace has a point"),
            (sound with { Id = "bad-0014", TraceId = "xyz" }, "traceId is not 32"),
            (sound with { Id = "bad-0015", ConfigurationId = "with space" }, "configurationId is not"),
            (sound with { Id = "bad-0016", StartedAt = DateTimeOffset.UnixEpoch }, "before 2020"),
            (sound with { Id = "bad-0017", Energy = energy with { Quality = EnergyQuality.None } }, "energy.quality is none"),
            (sound with { Id = "bad-0018", Energy = energy with { Joules = new Joules(901) }, DeviceLimit = new Watts(500) }, "more than the device's limit of 500 W allows"),
            (sound with { Id = "bad-0019", DeviceLimit = new Watts(0) }, "deviceLimit is 0"),
            (sound with { Id = "bad-0020", Energy = energy with { Components = new ComponentJoules { Gpu = new Joules(-1) } } }, "energy.components.gpu is -1"),
            (sound with { Id = "bad-0022", EndedAt = AccountingHost.Noon.AddMinutes(6) }, "endedAt is"),
            (sound with { Id = "bad-0023", Energy = energy with { ActiveJoules = new Joules(-1), Quality = EnergyQuality.Modelled } }, "below -3 sigma"),
            (sound with { Id = "bad-0024", Energy = energy with { ActiveJoules = new Joules(-1), Quality = EnergyQuality.Measured, Reasons = new Dictionary<string, string> { ["quality"] = "baseline" } } }, "below -3 sigma"),
        ];
        IngestResult result = await host.StoreAsync([sound, .. bad.Select(item => item.Record)]);
        Assert.Equal(1, result.Stored);
        Assert.Equal(bad.Select(item => item.Record.Id), result.Refused.Select(refused => refused.Id));
        foreach (((_, string reason), IngestRefusal refused) in bad.Zip(result.Refused))
        {
            Assert.Contains(reason, refused.Reason);
        }

        Assert.Equal("chatcmpl-good", Assert.Single((await host.GetAsync<Page<RecordView>>("/api/records")).Items).Record.Id);
    }

    [Theory]
    [OnEveryStore]
    public async Task Active_energy_below_three_sigma_passes_when_the_baseline_was_known_to_be_wrong(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        EnergyFigures negative = Samples.Energy(1) with { ActiveJoules = new Joules(-1) };
        IngestResult result = await host.StoreAsync(
            Samples.Record("chatcmpl-0001") with { Energy = negative with { Quality = EnergyQuality.Modelled, Reasons = new Dictionary<string, string> { ["quality"] = "baseline: active energy lies below -3 sigma" } } },
            Samples.Record("chatcmpl-0002") with { Energy = negative with { Reasons = new Dictionary<string, string> { ["quality"] = "baseline" } } },
            Samples.Record("chatcmpl-0003") with { Energy = negative with { ActiveJoules = new Joules(-0.05) } });
        Assert.Equal(3, result.Stored);
    }

    [Fact]
    public async Task A_site_may_know_that_its_devices_draw_less()
    {
        await using AccountingHost host = await AccountingHost.StartAsync(["--Accounting:MaxDeviceWatts", "700"]);
        IngestResult result = await host.StoreAsync(
            Samples.Record("chatcmpl-0001", 699), Samples.Record("chatcmpl-0002", 701), Samples.Record("chatcmpl-0003", 899) with { DeviceLimit = new Watts(500) },
            Samples.Record("chatcmpl-0004", 590) with { DeviceLimit = new Watts(500) });
        Assert.Equal(["chatcmpl-0002", "chatcmpl-0003"], result.Refused.Select(refused => refused.Id));
        Assert.Contains("more than 700 W", result.Refused[0].Reason);
    }

    [Theory]
    [InlineData("\"NaN\"", "energy.joules")]
    [InlineData("\"a lot\"", "energy.joules")]
    [InlineData("1e999", "energy.joules")]
    public async Task Numbers_that_are_none_are_refused_and_the_rest_is_stored(string number, string field)
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        string good = JsonSerializer.Serialize(Samples.Record("chatcmpl-good"), ContractJson.Options);
        string bad = JsonSerializer.Serialize(Samples.Record("chatcmpl-bad1", joules: 12.25), ContractJson.Options).Replace("\"joules\":12.25", $"\"joules\":{number}", StringComparison.Ordinal);
        var result = await host.SendAsync<IngestResult>(HttpMethod.Post, "/api/records", $$"""{"records":[{{bad}},{{good}},null,{"id":"chatcmpl-none"},7]}""");
        Assert.Equal(1, result.Stored);
        Assert.Equal(["chatcmpl-bad1", "(item 2)", "chatcmpl-none", "(item 4)"], result.Refused.Select(refused => refused.Id));
        Assert.Contains(field, result.Refused[0].Reason);
        Assert.Contains("'startedAt'", result.Refused[2].Reason);
    }

    [Theory]
    [OnEveryStore]
    public async Task Too_many_too_large_and_not_json_are_refused(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        var many = new RecordBatch([.. Enumerable.Range(0, 1001).Select(i => Samples.Record($"chatcmpl-{i:0000}"))]);
        JsonElement problem = await host.RefusedAsync(HttpMethod.Post, "/api/records", many, HttpStatusCode.BadRequest);
        Assert.Contains("at most 1000", problem.GetProperty("detail").GetString());

        using var large = new ByteArrayContent(new byte[33 * 1024 * 1024]);
        large.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/records") { Content = large };
        request.Headers.ExpectContinue = true;
        using HttpResponseMessage tooLarge = await host.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);

        using HttpResponseMessage text = await host.Http.PostAsync("/api/records", new StringContent("{}", Encoding.UTF8, "text/plain"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, text.StatusCode);
    }

    [Theory]
    [OnEveryStore]
    public async Task Pages_follow_each_other_newest_first_while_new_records_arrive(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        // Some share a start time, so that the key has to break ties.
        await host.StoreAsync([.. Enumerable.Range(0, 25).Select(i => Samples.Record($"chatcmpl-{i:0000}", startedAt: AccountingHost.Noon.AddMinutes(-60 + i / 3)))]);
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            Page<RecordView> page = await host.GetAsync<Page<RecordView>>($"/api/records?limit=7{(cursor is null ? "" : $"&cursor={cursor}")}");
            Assert.True(page.Items.Count <= 7);
            seen.AddRange(page.Items.Select(item => item.Record.Id));
            cursor = page.Next;
            await host.StoreAsync(Samples.Record($"chatcmpl-late-{seen.Count}", startedAt: AccountingHost.Noon));
        }
        while (cursor is not null);
        Assert.Equal(25, seen.Count);
        Assert.Equal(seen.Distinct().Count(), seen.Count);
        Assert.Equal(seen.OrderByDescending(id => id).Select(id => int.Parse(id[^4..], null) / 3), seen.Select(id => int.Parse(id[^4..], null) / 3));
    }

    [Theory]
    [OnEveryStore]
    public async Task Every_filter_filters(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        RequestRecord plain = Samples.Record("chatcmpl-plain", startedAt: AccountingHost.Noon.AddHours(-1));
        RequestRecord other = Samples.Record("chatcmpl-other", joules: null, tenant: "playground", configuration: "greentune-nano-int8") with
        {
            Session = "s 1",
            Outcome = RequestOutcome.Cancelled,
            FinishReason = "cancelled",
            DegradedFrom = "greentune-tiny-int4",
        };
        await host.StoreAsync(plain, other);
        async Task OnlyOther(string query) => Assert.Equal(["chatcmpl-other"], (await host.GetAsync<Page<RecordView>>($"/api/records?{query}")).Items.Select(item => item.Record.Id));
        await OnlyOther("tenant=playground");
        await OnlyOther("session=s%201");
        await OnlyOther("configuration=greentune-nano-int8");
        await OnlyOther("outcome=cancelled");
        await OnlyOther("quality=none");
        await OnlyOther("degraded=true");
        await OnlyOther("from=2026-11-19T10:30:00Z");
        await OnlyOther("from=2026-11-19T11:30:00%2B01:00&to=2026-11-19T12:00:00+01:00");
        Assert.Equal(["chatcmpl-plain"], (await host.GetAsync<Page<RecordView>>("/api/records?to=2026-11-19T10:30:00Z&degraded=false")).Items.Select(item => item.Record.Id));
        Assert.Empty((await host.GetAsync<Page<RecordView>>("/api/records?tenant=nobody")).Items);
    }

    [Theory]
    [OnEveryStore]
    public async Task An_unknown_record_is_not_found(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        JsonElement problem = await host.RefusedAsync(HttpMethod.Get, "/api/records/chatcmpl-none", null, HttpStatusCode.NotFound);
        Assert.Contains("chatcmpl-none", problem.GetProperty("detail").GetString());
        await host.RefusedAsync(HttpMethod.Get, "/api/nothing", null, HttpStatusCode.NotFound);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_restart_keeps_everything_and_a_new_zone_prices_only_what_comes_after(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await host.StoreAsync(Samples.Record("chatcmpl-0001") with { PowerTrace = [new(0, 5)] });
        string before = await host.Http.GetStringAsync("/api/records/chatcmpl-0001");
        await host.StopAsync();

        await using AccountingHost france = host.Beside("--Carbon:Zone", "FR", "--Data:Directory", host.Folder);
        await france.StartAsync();
        await france.StoreAsync(Samples.Record("chatcmpl-0002"));
        JsonNode old = JsonNode.Parse(before)!;
        Assert.True(JsonNode.DeepEquals(old, JsonNode.Parse(await france.Http.GetStringAsync("/api/records/chatcmpl-0001"))));
        Assert.Equal("FRA", (await france.GetAsync<RecordView>("/api/records/chatcmpl-0002")).Factor.Zone);
    }
}
