using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Pages.Carbon;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Tests.Pages.Carbon;

public sealed class CarbonModelTests
{
    [Fact]
    public async Task Both_chains_load_and_never_stand_in_for_one_another()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        Assert.Equal((CarbonSignal.Average, 351.0), (model.InForce.Value!.Signal, model.InForce.Value.Intensity.Value));
        Assert.Equal((CarbonSignal.Marginal, 742.0), (model.Marginal.Value!.Factor!.Signal, model.Marginal.Value.Factor.Intensity.Value));
        Assert.Equal(CarbonSignal.Average, model.Now!.Signal);
        model.Draw(CarbonSignal.Marginal);
        Assert.Equal((CarbonSignal.Marginal, CarbonSignal.Marginal), (model.Now!.Signal, model.Ahead.Value!.Signal));
        services.Carbon.Marginal = null;
        await model.LoadMarginalAsync();
        Assert.Null(model.Now);
        Assert.Contains("nothing stands in", model.Marginal.Value!.Reason);
        Assert.Equal(LoadState.Ready, model.Marginal.State);
    }

    [Fact]
    public async Task Looking_further_ahead_asks_for_more_hours_and_an_odd_length_for_the_first()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        Assert.Equal((24, 4), (model.Ahead.Value!.Hours.Count, model.Ahead.Value.Greenest.Count));
        await model.LookAheadAsync(72);
        Assert.Equal((48, 8), (model.Ahead.Value.Hours.Count, model.Ahead.Value.Greenest.Count));
        await model.LookAheadAsync(7);
        Assert.Equal(24, model.Hours);
    }

    [Fact]
    public async Task A_panel_that_fails_leaves_the_others_alone()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        services.Fail("/api/carbon/sources", 403);
        using var model = await LoadedAsync(services);
        Assert.Equal((LoadState.Failed, Dashboard.Services.ServiceFailure.Forbidden), (model.Sources.State, model.Sources.Failure));
        Assert.Equal(LoadState.Ready, model.Restatements.State);
    }

    [Fact]
    public async Task What_a_restatement_changes_is_said_before_and_agrees_with_what_it_does()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        model.OpenForm("ops");
        var form = model.Form!;
        (form.From, form.To, form.Factors, form.Intensity, form.Source, form.Pue, form.Why) = ("2026-11-18", "2026-11-19", RestatementForm.Stated, "231", "UBA 2025", "1.3", "The operator's own figure");
        Assert.True(await model.ReviewAsync());
        var review = form.Review!;
        Assert.Equal("18 Nov 2026, 00:00 to 19 Nov 2026, 00:00 UTC, 24 hours", review.Span);
        Assert.Contains("231\u00A0g/kWh, stated by UBA 2025, and the PUE 1.3", review.Gets);
        Assert.Equal(3, services.Carbon.Restatements.Count);
        var made = (await model.MakeAsync())!;
        Assert.Null(model.Form);
        Assert.Equal($"{Figures.Carbon(made.RestatedGrams)}.", review.Becomes);
        Assert.Contains(Figures.Carbon(made.OriginalGrams).ToString(), review.Holds);
        Assert.Equal(made.Id, model.Restatements.Value![0].Id);
    }

    [Fact]
    public async Task What_cannot_be_known_before_is_not_guessed_and_what_is_about_says_so()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        model.OpenForm("ops");
        var form = model.Form!;
        (form.From, form.To, form.Why) = ("2026-11-18", "2026-11-19", "Measured values");
        Assert.True(await model.ReviewAsync());
        Assert.StartsWith("Known once it is made", form.Review!.Becomes);
        form.Reopen();
        (form.Factors, form.Pue) = (RestatementForm.Keep, "2.4");
        Assert.True(await model.ReviewAsync());
        Assert.StartsWith("About ", form.Review!.Becomes);
        Assert.Contains("if the PUE was 1.2 in all hours", form.Review.Becomes);
        form.Reopen();
        (form.From, form.To) = ("2026-10-01", "2026-11-01");
        Assert.True(await model.ReviewAsync());
        Assert.Contains("supersedes restatement 3", form.Review!.Supersedes);
        form.Reopen();
        (form.From, form.To) = ("2020-01-01", "2020-02-01");
        Assert.True(await model.ReviewAsync());
        Assert.StartsWith("No metered request.", form.Review!.Holds);
        Assert.Null(form.Review.Supersedes);
    }

    [Fact]
    public async Task A_restatement_that_the_service_refuses_goes_back_to_the_field()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        model.OpenForm("ops");
        var form = model.Form!;
        (form.From, form.To, form.Factors, form.Intensity, form.Source, form.Why) = ("2026-11-18", "2026-11-19", RestatementForm.Stated, "1600", "UBA 2025", "Too high");
        Assert.True(await model.ReviewAsync());
        Assert.Null(await model.MakeAsync());
        Assert.Null(form.Review);
        Assert.Contains("above 0 to 1500", form.ErrorOf(RestatementForm.IntensityField));
        Assert.Equal(3, services.Carbon.Restatements.Count);
    }

    [Fact]
    public void A_review_with_requests_that_were_not_metered_says_that_they_have_no_grams()
    {
        var world = SampleWorld.Busy(new ManualClock(SampleWorld.Morning));
        var summary = SampleSummary.Of(world.Records, "today", null, world.Now, hasPlan: false, refused: 0) with { Unmetered = 12 };
        var input = new RestatementInput { From = world.Now, To = world.Now, By = "ops", Why = "because", Factors = RestatementForm.Stated, IntensityGramsPerKwh = 100, Source = "UBA" };
        var review = RestatementReview.Of(input, summary, null, []);
        Assert.Contains("12 requests have no energy", review.Holds);
        // Without the factor in force there is no PUE to work it out with.
        Assert.StartsWith("Known once it is made", review.Becomes);
        var grams = new GramsCO2e(summary.Joules!.Value / 3.6e6 * 100 * 1.2);
        Assert.StartsWith($"About {Figures.Carbon(grams)}", RestatementReview.Of(input, summary, SampleRecords.Factor, []).Becomes);
    }

    private static async Task<CarbonModel> LoadedAsync(FakeServices services)
    {
        var model = new CarbonModel(services.Accounting(), services.World.Clock);
        await model.LoadAsync();
        return model;
    }
}
