using System.Net;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Accounting.Tests.Periods;

public sealed class PeriodsApiTests
{
    [Theory]
    [OnEveryStore]
    public async Task Periods_are_stored_once_and_sum_in_the_summary(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        var batch = new PeriodBatch([Samples.Period("period-1"), Samples.Period("period-2", idle: 40), Samples.Period("period-2")]);
        var first = await host.SendAsync<IngestResult>(HttpMethod.Post, "/api/periods", batch);
        Assert.Equal((2, 1), (first.Stored, first.Duplicates));
        var again = await host.SendAsync<IngestResult>(HttpMethod.Post, "/api/periods", batch);
        Assert.Equal((0, 3), (again.Stored, again.Duplicates));

        EnergyBuckets devices = (await host.GetAsync<Summary>("/api/summary")).Devices!;
        Assert.Equal(new EnergyBuckets(new(131), new(20), new(10), new(100), new(1), new(0), EnergyQuality.Estimated), devices);
        Assert.Null((await host.GetAsync<Summary>("/api/summary?tenant=team-support")).Devices);
    }

    [Theory]
    [OnEveryStore]
    public async Task What_cannot_be_true_is_refused_one_by_one(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        EnergyPeriod sound = Samples.Period("period-1");
        (EnergyPeriod Period, string Reason)[] bad =
        [
            (sound with { Id = "" }, "id is not"),
            (sound with { Id = "p1", To = sound.From }, "to is not after from"),
            (sound with { Id = "p2", To = AccountingHost.Noon.AddMinutes(10) }, "in the future"),
            (sound with { Id = "p3", Active = new Joules(11) }, "the buckets sum to"),
            (sound with { Id = "p4", IdleShare = new Joules(-5), Total = new Joules(65.5) }, "idleShare and other"),
            (sound with { Id = "p5", From = sound.To.AddDays(-2) }, "longer than a day"),
        ];
        var result = await host.SendAsync<IngestResult>(HttpMethod.Post, "/api/periods", new PeriodBatch([sound, .. bad.Select(item => item.Period)]));
        Assert.Equal(1, result.Stored);
        Assert.Equal(bad.Length, result.Refused.Count);
        Assert.All(bad.Zip(result.Refused), pair => Assert.Contains(pair.First.Reason, pair.Second.Reason));
        await host.RefusedAsync(HttpMethod.Post, "/api/periods", "{}", HttpStatusCode.BadRequest);
    }
}
