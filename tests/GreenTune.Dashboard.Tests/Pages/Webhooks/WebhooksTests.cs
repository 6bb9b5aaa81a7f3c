using System.Net;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Pages.Webhooks;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Tests.Ui;

namespace GreenTune.Dashboard.Tests.Pages.Webhooks;

/// <summary>The list, the form, tests and their words.</summary>
public sealed class WebhooksTests
{
    private static readonly DateTimeOffset Now = new ManualClock().GetUtcNow();

    [Fact]
    public async Task A_made_secret_is_shown_once_and_a_typed_one_never()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        Fill(model, "first");
        Assert.NotNull(await model.SaveAsync());
        Assert.Equal("made-secret-0123456789abcdefghij", model.Created!.Secret);
        Fill(model, "second").Secret = "a secret of my own";
        Assert.NotNull(await model.SaveAsync());
        Assert.Null(model.Created);
        Assert.Equal([null, "a secret of my own"], services.Access.Secrets);
    }

    [Fact]
    public async Task An_inner_address_is_refused_at_its_field_with_the_reason()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        Fill(model, "inner").Url = "http://127.0.0.1:5102/api/keys";
        Assert.Null(await model.SaveAsync());
        Assert.Contains("is an inner address", model.Form!.ErrorOf(WebhookForm.UrlField));
        Assert.Contains("OutgoingUrls__Allow__0=127.0.0.1", model.Form.ErrorOf(WebhookForm.UrlField));
        Assert.Null(model.Form.Problem);
        Assert.Equal(3, services.Access.Webhooks.Count);
    }

    [Fact]
    public async Task Editing_and_pausing_keep_the_secret_and_everything_else()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        var pager = model.Webhooks.Value!.Single(hook => hook.Name.StartsWith("pager", StringComparison.Ordinal));
        model.OpenEdit(pager.Id);
        model.Form!.Hear(BudgetAction.Degrade, true);
        var saved = (await model.SaveAsync())!;
        Assert.Equal([BudgetAction.Degrade, BudgetAction.Block], saved.Actions);
        Assert.Equal((pager.BudgetId, pager.Url, pager.Waiting), (saved.BudgetId, saved.Url, saved.Waiting));
        Assert.Null(await model.SetPausedAsync(saved, paused: true));
        Assert.Equal(saved with { Paused = true, Actions = [] }, services.Access.Webhooks.Single(hook => hook.Id == pager.Id) with { Actions = [] });
        Assert.Equal([null, null], services.Access.Secrets);
    }

    [Fact]
    public async Task A_tests_result_is_kept_in_words_and_changes_the_latest_delivery()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        var hook = model.Webhooks.Value![0];
        Assert.Null(await model.TestAsync(hook.Id));
        Assert.Equal("The test was delivered: the receiver answered 204.", WebhookText.Test(model.Tests[hook.Id]));
        services.Access.Answer = new(false, null, "The receiver did not answer within 10 s.");
        Assert.Null(await model.TestAsync(hook.Id));
        Assert.Equal("The test was not delivered. The receiver did not answer within 10 s.", WebhookText.Test(model.Tests[hook.Id]));
        var html = WebUtility.HtmlDecode(await Rendering.HtmlOfAsync<WebhooksTable>(new() { ["Webhooks"] = model.Webhooks.Value, ["Budgets"] = model.Budgets.Value, ["Tests"] = model.Tests }));
        Assert.Contains("test-result failed\" role=\"status\"", html);
        services.Access.Remove(hook.Id);
        Assert.Contains("There is no webhook", await model.TestAsync(hook.Id));
        Assert.Null(model.Testing);
    }

    [Fact]
    public async Task Deleting_one_that_is_gone_already_is_no_failure()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        var hook = model.Webhooks.Value![0];
        services.Access.Remove(hook.Id);
        Assert.Null(await model.DeleteAsync(hook.Id));
        Assert.DoesNotContain(model.Webhooks.Value!, other => other.Id == hook.Id);
        services.Fail("/api/webhooks", 500);
        Assert.Equal("The database is locked.", await model.DeleteAsync(model.Webhooks.Value![0].Id));
        Assert.Equal(2, model.Webhooks.Value.Count);
    }

    [Fact]
    public void Mistakes_are_told_at_their_fields_before_anybody_is_asked()
    {
        var form = WebhookForm.New();
        (form.Url, form.Secret) = ("ftp://hooks.example.com", "short");
        form.Actions.Clear();
        Assert.Null(form.Read());
        Assert.Contains("for example", form.ErrorOf(WebhookForm.NameField));
        Assert.Contains("https://hooks.example.com", form.ErrorOf(WebhookForm.UrlField));
        Assert.Contains("16 to 200", form.ErrorOf(WebhookForm.SecretField));
        Assert.Contains("at least one", form.ErrorOf(WebhookForm.ActionsField));
        form.Refuse("no", new Dictionary<string, string> { ["actions[1]"] = "twice" });
        Assert.Equal("twice", form.ErrorOf(WebhookForm.ActionsField));
    }

    [Fact]
    public async Task Rows_say_whom_is_told_of_what_and_what_came_of_it()
    {
        var world = SampleWorld.Busy(new ManualClock());
        var html = WebUtility.HtmlDecode(await Rendering.HtmlOfAsync<WebhooksTable>(new() { ["Webhooks"] = SampleAccess.Webhooks(world), ["Budgets"] = world.Budgets }));
        Assert.Contains("notify, degrade, block of all budgets", html);
        Assert.Contains("block of Batch evaluation", html);
        Assert.Contains("09:41:00: The receiver answered 503. Delivered last 16 Nov, 09:42.", html);
        Assert.Contains("2 deliveries wait", html);
        Assert.Contains(">paused<", html);
        Assert.Contains(">nothing yet<", html);
        Assert.Contains("aria-label=\"Send a test to on-call channel\"", html);
        Assert.Contains("aria-label=\"Resume trial\"", html);
        var gone = SampleAccess.Webhook("x", "https://x.example", Now) with { BudgetId = Guid.NewGuid() };
        Assert.EndsWith("a budget that is gone", WebhookText.Hears(gone, world.Budgets));
    }

    [Fact]
    public void A_later_delivery_makes_up_for_a_failure_and_the_headline_names_those_that_fail()
    {
        var failed = SampleAccess.Webhook("pager", "https://x.example", Now) with { LastFailedAt = Now.AddMinutes(-2), LastProblem = "The receiver answered 500." };
        Assert.Contains("Nothing was delivered yet.", WebhookText.Latest(failed, Now, LocalTimes.ForZone("Etc/UTC")).Detail);
        Assert.Equal("One webhook. The latest delivery failed: pager.", WebhookText.Headline([failed]));
        var mended = failed with { LastDeliveredAt = Now.AddMinutes(-1) };
        Assert.Equal("delivered", WebhookText.Latest(mended, Now, LocalTimes.ForZone("Etc/UTC")).Word);
        Assert.DoesNotContain("failed:", WebhookText.Headline([mended]));
        Assert.DoesNotContain("failed:", WebhookText.Headline([failed with { Paused = true }]));
    }

    private static WebhookForm Fill(WebhooksModel model, string name)
    {
        model.OpenNew();
        (model.Form!.Name, model.Form.Url) = (name, "https://hooks.example.com/" + name);
        return model.Form;
    }

    private static async Task<WebhooksModel> LoadedAsync(FakeServices services)
    {
        var model = new WebhooksModel(services.Accounting(), services.World.Clock);
        await model.LoadAsync();
        return model;
    }
}
