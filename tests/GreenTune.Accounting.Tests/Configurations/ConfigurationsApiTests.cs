using System.Net;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Accounting.Tests.Configurations;

public sealed class ConfigurationsApiTests
{
    private static readonly ConfigurationReport Tiny = new()
    {
        Id = "greentune-tiny-int4",
        Device = "gpu-0",
        Model = "greentune-tiny",
        Precision = "int4",
        Provider = "cuda",
        Parameters = 22_000_000,
        WeightBytes = 14_000_000,
        ContextLength = 2048,
        Instance = "inference-1",
        At = AccountingHost.Noon.AddMinutes(-5),
    };

    [Theory]
    [OnEveryStore]
    public async Task The_latest_report_of_a_configuration_on_a_device_is_kept(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Assert.Empty(await host.GetAsync<StoredConfiguration[]>("/api/configurations"));
        Assert.Empty(await host.GetAsync<StoredProfile[]>("/api/profiles"));
        IngestResult first = await SendAsync(host, Tiny, Tiny with { Device = "cpu-0", Provider = "cpu" }, Tiny with { Id = "greentune-nano-int8", Model = "greentune-nano", Precision = "int8" });
        Assert.Equal((3, 0, 0), (first.Stored, first.Duplicates, first.Refused.Count));

        host.Clock.Advance(TimeSpan.FromMinutes(1));
        // Unloaded meanwhile: its size is not known, and has not changed. What is older than the latest is passed over.
        IngestResult second = await SendAsync(
            host, Tiny with { Parameters = null, WeightBytes = null, ContextLength = 4096, Instance = "inference-2", At = AccountingHost.Noon }, Tiny with { ContextLength = 1 });
        Assert.Equal((1, 1, 0), (second.Stored, second.Duplicates, second.Refused.Count));

        StoredConfiguration[] stored = await host.GetAsync<StoredConfiguration[]>("/api/configurations");
        Assert.Equal([("greentune-nano-int8", "gpu-0"), ("greentune-tiny-int4", "cpu-0"), ("greentune-tiny-int4", "gpu-0")], stored.Select(one => (one.Report.Id, one.Report.Device)));
        Assert.Equal(Tiny with { ContextLength = 4096, Instance = "inference-2", At = AccountingHost.Noon }, stored[2].Report);
        Assert.Equal((AccountingHost.Noon, AccountingHost.Noon.AddMinutes(1)), (stored[2].FirstSeenAt, stored[2].LastSeenAt));
        Assert.Equal(2, (await host.GetAsync<StoredConfiguration[]>("/api/configurations?configuration=greentune-tiny-int4")).Length);
        await host.RefusedAsync(HttpMethod.Get, "/api/configurations?device=cpu-0", null, HttpStatusCode.BadRequest);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_profile_comes_back_whole_and_stays_when_a_later_report_has_none(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        var profile = new ConfigurationProfile(Tiny.Id,
        [
            new LoadProfile
            {
                Level = 0,
                RowsFrom = 0,
                RowsBelow = 1.5,
                Basis = "profile",
                Records = 40,
                Coefficients = [0.1, 1e-4, 0, 0.02, 1e-6],
                RSquared = 0.99,
                MeanAbsolutePercentageError = 0.03,
                HeldOutRecords = 10,
                RelativeSigma = 0.05,
                Curve = [new LengthCurvePoint(128, 64, new Joules(1.5), 1.5 / 64, new Joules(1.4), new Joules(1.6), new Joules(0.1), false)],
                Speed = new SpeedFigures(40, 300, new LatencyFigures(0.05, 0.05, 0.06, 0.07), null, new LatencyFigures(0.4, 0.4, 0.5, 0.6)),
            },
        ]);
        await SendAsync(host, Tiny with { Profile = profile });
        await SendAsync(host, Tiny with { At = AccountingHost.Noon });

        StoredProfile stored = Assert.Single(await host.GetAsync<StoredProfile[]>("/api/profiles?configuration=greentune-tiny-int4"));
        Assert.Equal(("gpu-0", Tiny.At), (stored.Device, stored.At));
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(profile, ContractJson.Options), System.Text.Json.JsonSerializer.Serialize(stored.Profile, ContractJson.Options));
        Assert.Empty(await host.GetAsync<StoredProfile[]>("/api/profiles?configuration=another"));
        await host.RestartAsync();
        Assert.Single(await host.GetAsync<StoredProfile[]>("/api/profiles"));
    }

    [Theory]
    [OnEveryStore]
    public async Task What_cannot_be_true_is_refused_one_by_one(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        (ConfigurationReport Report, string Reason)[] bad =
        [
            (Tiny with { Id = "a b" }, "id is not"),
            (Tiny with { Device = "" }, "device is not"),
            (Tiny with { Precision = new string('x', 33) }, "precision is not"),
            (Tiny with { Parameters = 0 }, "parameters is 0; unknown is null."),
            (Tiny with { At = AccountingHost.Noon.AddMinutes(6) }, "in the future"),
            (Tiny with { Profile = new ConfigurationProfile("another", []) }, "profile is of another"),
        ];
        IngestResult result = await SendAsync(host, [Tiny, .. bad.Select(item => item.Report)]);
        Assert.Equal((1, bad.Length), (result.Stored, result.Refused.Count));
        Assert.All(bad.Zip(result.Refused), pair => Assert.Contains(pair.First.Reason, pair.Second.Reason));
        await host.RefusedAsync(HttpMethod.Post, "/api/configurations", "{}", HttpStatusCode.BadRequest);
    }

    private static Task<IngestResult> SendAsync(AccountingHost host, params ConfigurationReport[] reports) =>
        host.SendAsync<IngestResult>(HttpMethod.Post, "/api/configurations", new ConfigurationBatch(reports));
}
