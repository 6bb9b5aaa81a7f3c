using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Pages;
using GreenTune.Dashboard.Pages.Requests;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Tests.Pages.Requests;

public sealed class RequestsModelTests
{
    [Fact]
    public async Task Pages_are_turned_by_cursor_and_back()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = new RequestsModel(services.Accounting(), services.World.Clock);
        await model.LoadAsync(new RecordFilter());
        var first = model.List.Items[0].Record.Id;
        Assert.True(model.HasOlder);
        await model.OlderAsync();
        await model.OlderAsync();
        Assert.Equal(3, model.PageNumber);
        Assert.NotEqual(first, model.List.Items[0].Record.Id);
        await model.NewerAsync();
        await model.NewerAsync();
        Assert.Equal((1, first), (model.PageNumber, model.List.Items[0].Record.Id));
        Assert.False(model.HasNewer);
    }

    [Fact]
    public async Task New_records_join_the_first_page_alone_and_only_where_the_filter_fits()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = new RequestsModel(services.Accounting(), services.World.Clock);
        await model.LoadAsync(new RecordFilter { Tenant = "team-support" });
        Assert.True(model.Arrive(New("chatcmpl-new00001", "team-support")));
        Assert.False(model.Arrive(New("chatcmpl-new00002", "playground")));
        await model.OlderAsync();
        Assert.False(model.Arrive(New("chatcmpl-new00003", "team-support")));
    }

    [Fact]
    public async Task A_record_opens_with_its_trace_and_a_missing_one_says_so()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = new RequestsModel(services.Accounting(), services.World.Clock);
        await model.OpenAsync(services.World.Records[3].Record.Id);
        Assert.NotEmpty(model.Record.Value!.Record.PowerTrace);
        await model.OpenAsync("chatcmpl-nowhere1");
        Assert.Equal((LoadState.Failed, ServiceFailure.NotFound), (model.Record.State, model.Record.Failure!.Value));
        await model.OpenAsync(null);
        Assert.Null(model.RecordId);
    }

    [Fact]
    public void The_address_becomes_the_question()
    {
        var filter = new RequestFilter { Period = PeriodChoice.Week, Outcome = "degraded", Quality = "measured", Session = "s" }
            .ToRecordFilter("t", new DateTimeOffset(2026, 11, 19, 0, 30, 0, TimeSpan.Zero), TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"));
        Assert.Equal((RequestOutcome.Completed, true, EnergyQuality.Measured, "t", "s"), (filter.Outcome, filter.Degraded, filter.Quality, filter.Tenant, filter.Session));
        // Seven whole days in the reader's zone, today included.
        Assert.Equal(new DateTimeOffset(2026, 11, 13, 0, 0, 0, TimeSpan.FromHours(1)), filter.From);
        Assert.Null(new RequestFilter { Quality = "nonsense" }.ToRecordFilter(null, SampleWorld.Morning, TimeZoneInfo.Utc).Quality);
    }

    [Fact]
    public void A_record_in_full_splits_into_its_phases()
    {
        var view = SampleRecords.Whole(New("chatcmpl-full0001", "t"));
        var model = new RecordDetailModel(view, LocalTimes.ForZone("Etc/UTC"));
        Assert.Equal(["prefill", "decode", "idle"], model.Parts.Select(p => p.Key));
        Assert.Equal(1, model.Parts.Sum(p => p.Share), 9);
        Assert.Equal(["Prefill", "Decode"], model.Regions.Select(r => r.Label));
        Assert.Equal($"0{Typography.NoBreakSpace}ms", model.TimeLabel(0));
        Assert.Contains(model.Facts.SelectMany(g => g.Facts), f => f == ("PUE", "1.2"));
        Assert.Equal(2, model.Reasons.Count);
    }

    [Fact]
    public void A_record_without_energy_says_why_everywhere()
    {
        var view = New("chatcmpl-none0001", "t");
        view = view with { CO2e = null, Record = view.Record with { Energy = EnergyFigures.None("The meter was restarting.", "attribution-1"), PrefillEndOffsetSeconds = null } };
        var model = new RecordDetailModel(view, LocalTimes.ForZone("Etc/UTC"));
        Assert.Null(model.Joules);
        Assert.Equal("The meter was restarting.", model.Reason);
        Assert.Empty(model.Parts);
        Assert.False(model.HasTrace);
        Assert.Equal("Request", Assert.Single(model.Regions).Label);
    }

    private static RecordView New(string id, string tenant) => SampleRecords.Make(
        id, SampleWorld.Morning.AddSeconds(5), tenant, SampleConfiguration.Of("greentune-tiny-int4"), null, RequestOutcome.Completed, 10, 20);
}
