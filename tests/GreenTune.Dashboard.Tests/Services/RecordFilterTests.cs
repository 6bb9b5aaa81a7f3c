using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Services;

public sealed class RecordFilterTests
{
    private static readonly RequestRecord Record = SampleRecords.Make(
        "chatcmpl-1", SampleWorld.Morning, "a&b", SampleConfiguration.All[0], null, RequestOutcome.Completed, 10, 20).Record;

    [Fact]
    public void Only_what_is_set_travels_and_is_escaped() => Assert.Equal(
        "?tenant=a%26b&outcome=cancelled&degraded=false&limit=25",
        new RecordFilter { Tenant = "a&b", Outcome = RequestOutcome.Cancelled, Degraded = false }.ToQuery(null, 25));

    [Fact]
    public void A_record_matches_what_would_have_found_it()
    {
        Assert.True(new RecordFilter().Matches(Record));
        Assert.True(new RecordFilter { Tenant = "a&b", Quality = EnergyQuality.Estimated, Degraded = false, From = SampleWorld.Morning }.Matches(Record));
        Assert.False(new RecordFilter { Tenant = "b" }.Matches(Record));
        Assert.False(new RecordFilter { Degraded = true }.Matches(Record));
        Assert.False(new RecordFilter { From = SampleWorld.Morning.AddSeconds(1) }.Matches(Record));
        Assert.False(new RecordFilter { To = SampleWorld.Morning }.Matches(Record));
    }
}
