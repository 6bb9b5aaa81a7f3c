using System.Net;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Tests.Carbon;

public sealed class RestatementTests
{
    private static readonly DateTimeOffset From = AccountingHost.Noon.AddHours(-2);

    [Fact]
    public async Task A_restatement_gives_new_figures_beside_the_original_ones()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await host.StoreAsync(Samples.Record("chatcmpl-a-000001", joules: 3600, startedAt: From.AddMinutes(5)), Samples.Record("chatcmpl-b-000001", joules: 1800, startedAt: From.AddHours(1).AddMinutes(5)));
        double before = (await host.GetAsync<RecordView>("/api/records/chatcmpl-a-000001")).CO2e!.Value.Value;

        Restatement made = await host.SendAsync<Restatement>(HttpMethod.Post, "/api/carbon/restatements", Input("stated", 500, "Grid operator's final figure", pue: 1.5), HttpStatusCode.Created);
        Assert.Equal((2, 5400.0), (made.Records, made.Joules.Value));
        Assert.Equal(before * 1.5, made.OriginalGrams.Value, 9);
        Assert.Equal(5400 * 1.5 * 500 / 3.6e6, made.RestatedGrams.Value, 9);
        Assert.Equal((1L, "auditor@example.org", MethodVersions.Carbon), (made.Number, made.By, made.MethodVersion));
        Assert.True(made.ChangedHours >= 2);

        RecordView view = await host.GetAsync<RecordView>("/api/records/chatcmpl-a-000001");
        Assert.Equal(before, view.CO2e!.Value.Value);
        Assert.Equal(made.Id, view.Restated!.Restatement);
        Assert.Equal(3600 * 1.5 * 500 / 3.6e6, view.Restated.CO2e!.Value.Value, 9);
        Assert.Equal((CarbonSteps.Stated, "Grid operator's final figure", 1.5), (view.Restated.Factor.Step!, view.Restated.Factor.Source, view.Restated.Factor.Pue));

        Page<RecordView> original = await host.GetAsync<Page<RecordView>>("/api/records");
        Assert.All(original.Items, item => Assert.Null(item.Restated));
        Page<RecordView> restated = await host.GetAsync<Page<RecordView>>("/api/records?as=restated");
        Assert.All(restated.Items, item => Assert.Equal(made.Id, item.Restated!.Restatement));
    }

    [Fact]
    public async Task The_latest_restatement_of_an_hour_holds_and_the_earlier_one_says_so()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await host.StoreAsync(Samples.Record("chatcmpl-a-000001", joules: 3600, startedAt: From.AddMinutes(5)));
        Restatement first = await host.SendAsync<Restatement>(HttpMethod.Post, "/api/carbon/restatements", Input("stated", 500, "first"), HttpStatusCode.Created);
        Restatement second = await host.SendAsync<Restatement>(HttpMethod.Post, "/api/carbon/restatements", Input("stated", 100, "second"), HttpStatusCode.Created);
        Assert.Equal(100, (await host.GetAsync<RecordView>("/api/records/chatcmpl-a-000001")).Restated!.Factor.Intensity.Value);
        Restatement[] all = await host.GetAsync<Restatement[]>("/api/carbon/restatements");
        Assert.Equal([second.Id, first.Id], all.Select(item => item.Id));
        Assert.Equal(second.Id, all[1].SupersededBy);
        Assert.Null(all[0].SupersededBy);
        Assert.Equal(second.Id, (await host.GetAsync<Restatement>($"/api/carbon/restatements/{first.Id}")).SupersededBy);
        Assert.Equal(first.OriginalGrams, second.OriginalGrams);
    }

    [Fact]
    public async Task A_new_pue_alone_keeps_each_hours_intensity()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await host.StoreAsync(Samples.Record("chatcmpl-a-000001", joules: 3600, startedAt: From.AddMinutes(5)));
        Restatement made = await host.SendAsync<Restatement>(HttpMethod.Post, "/api/carbon/restatements", Input("keep", null, null, pue: 2.4), HttpStatusCode.Created);
        Assert.Equal(made.OriginalGrams.Value * 2, made.RestatedGrams.Value, 9);
    }

    [Fact]
    public async Task Restating_with_the_same_factors_changes_nothing_and_says_so()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await host.StoreAsync(Samples.Record("chatcmpl-a-000001", joules: 3600, startedAt: From.AddMinutes(5)));
        foreach (string factors in new[] { "latest", "table" })
        {
            Restatement made = await host.SendAsync<Restatement>(HttpMethod.Post, "/api/carbon/restatements", Input(factors, null, null), HttpStatusCode.Created);
            Assert.Equal(made.OriginalGrams.Value, made.RestatedGrams.Value, 12);
            Assert.Equal(0, made.ChangedHours);
            Assert.True(made.UnchangedHours > 0);
        }
    }

    private static RestatementInput Input(string factors, double? grams, string? source, double? pue = null) => new()
    {
        From = From,
        To = AccountingHost.Noon.AddHours(1),
        By = "auditor@example.org",
        Why = "Final figures of the grid operator",
        Factors = factors,
        IntensityGramsPerKwh = grams,
        Source = source,
        Pue = pue,
    };
}
