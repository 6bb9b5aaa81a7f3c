using System.Net;
using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Pages.Keys;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Tests.Ui;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Tests.Pages.Keys;

/// <summary>The list, what can be done to it, and its words.</summary>
public sealed class KeysTests
{
    private static readonly DateTimeOffset Now = new ManualClock().GetUtcNow();
    private static readonly LocalTimes Utc = LocalTimes.ForZone("Etc/UTC");
    private static readonly IReadOnlyList<KeyView> Samples = SampleAccess.Keys(Now);

    [Fact]
    public async Task A_new_key_is_there_until_it_is_forgotten_and_in_the_list_without_itself()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        model.OpenForm("team-support");
        model.Form!.Name = "app";
        Assert.True(await model.CreateAsync());
        Assert.Null(model.Form);
        Assert.True(AccessKeys.IsKey(model.Created!.Key));
        Assert.Equal(("app", "team-support"), (model.Keys.Value![0].Name, model.Keys.Value[0].Tenant));
        model.Forget();
        Assert.Null(model.Created);
        Assert.Equal(7, services.Access.Keys.Count);
    }

    [Fact]
    public async Task A_refused_key_stays_in_the_form()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        model.OpenForm(null);
        model.Form!.Name = "a\tb";
        Assert.False(await model.CreateAsync());
        Assert.Contains("1 to 80 characters", model.Form!.ErrorOf(KeyForm.NameField));
        services.Fail("/api/keys", 403);
        model.Form.Name = "app";
        Assert.False(await model.CreateAsync());
        Assert.Equal("The database is locked.", model.Form.Problem);
        Assert.Null(model.Created);
    }

    [Fact]
    public async Task Active_keys_are_shown_first_of_all_and_revoking_ends_one()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        Assert.Equal(["support desk", "nightly evaluation", "on call", "ops"], model.Shown(all: false, tenant: null).Select(key => key.Name));
        Assert.Equal(6, model.Shown(all: true, tenant: null).Count);
        Assert.Equal(["support desk"], model.Shown(all: true, tenant: "team-support").Select(key => key.Name));
        var desk = model.Shown(false, null)[0];
        Assert.Null(await model.RevokeAsync(desk.Id));
        Assert.DoesNotContain(model.Shown(false, null), key => key.Id == desk.Id);
        Assert.Contains("There is no key", await model.RevokeAsync(Guid.NewGuid()));
    }

    [Fact]
    public async Task A_key_that_somebody_else_revoked_is_loaded_again_and_ones_own_is_known_already()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        var id = model.Keys.Value![0].Id;
        Assert.True(model.Concerns(AccountingEvent.Read(EventNames.KeyRevoked, $$"""{"id":"{{id}}"}""")!));
        Assert.False(model.Concerns(new KeyWasRevoked(Guid.NewGuid())));
        await model.RevokeAsync(id);
        Assert.False(model.Concerns(new KeyWasRevoked(id)));
    }

    [Fact]
    public async Task Rows_say_what_a_key_is_and_offer_to_revoke_what_works()
    {
        var html = WebUtility.HtmlDecode(await Rendering.HtmlOfAsync<KeysTable>(new() { [nameof(KeysTable.Keys)] = Samples, [nameof(KeysTable.Own)] = Samples[3].Id }));
        Assert.Contains("60 requests/min, 100\u202F000 tokens/min, 8 at once", html);
        Assert.Contains("expires soon", html);
        Assert.Contains(">yours<", html);
        Assert.Contains("by ops", html);
        Assert.Contains(">never<", html);
        Assert.Contains("aria-label=\"Revoke support desk\"", html);
        Assert.DoesNotContain("Revoke old laptop", html);
        Assert.DoesNotContain("Revoke trial", html);
    }

    [Theory]
    [InlineData(0, "active", ChipKind.Ok)]
    [InlineData(1, "expires soon", ChipKind.Notify)]
    [InlineData(2, "active", ChipKind.Ok)]
    [InlineData(4, "revoked", ChipKind.Off)]
    [InlineData(5, "expired", ChipKind.Off)]
    public void A_state_is_a_word(int sample, string word, ChipKind kind) => Assert.Equal((word, kind), (KeyText.State(Samples[sample], Now, Utc).Text, KeyText.State(Samples[sample], Now, Utc).Kind));

    [Fact]
    public void The_headline_counts_by_role_and_says_when_nobody_is_asked()
    {
        Assert.Equal("Every call needs a key. 4 keys work: 1 admin, 1 operate, 2 use.", KeyText.Headline(Samples, on: true, Now));
        Assert.Equal("Access control is off: nobody is asked for a key. There is no key that works.", KeyText.Headline([], on: false, Now));
    }

    [Fact]
    public void Revoking_ones_own_key_or_the_last_administrators_is_warned_of()
    {
        Assert.DoesNotContain("You are signed in", KeyText.RevokeQuestion(Samples[0], Samples, Samples[3].Id, Now));
        var last = KeyText.RevokeQuestion(Samples[3], Samples, Samples[3].Id, Now);
        Assert.Contains("You are signed in with this key", last);
        Assert.Contains("Access__BootstrapKey", last);
        var second = SampleAccess.Key("ops 2", "default", AccessRole.Admin, Now);
        Assert.DoesNotContain("last one", KeyText.RevokeQuestion(Samples[3], [.. Samples, second], null, Now));
        Assert.Contains("last one", KeyText.RevokeQuestion(Samples[3], [.. Samples, second with { RevokedAt = Now }], null, Now));
    }

    [Fact]
    public async Task A_secret_is_in_a_field_that_is_read_alone_with_its_warning()
    {
        var html = await Rendering.HtmlOfAsync<SecretOnce>(new() { ["Title"] = "Key of app", ["Label"] = "Key", ["Value"] = "gt_secret", ["ChildContent"] = Rendering.Text("Store it now") });
        Assert.Matches("<input[^>]*readonly[^>]*value=\"gt_secret\"", html);
        Assert.Contains("Store it now", html);
        Assert.Contains("aria-label=\"Copy key\"", html);
    }

    [Fact]
    public async Task How_to_switch_access_control_on_is_said_with_its_settings()
    {
        var html = await Rendering.HtmlOfAsync<AccessOff>([]);
        Assert.Contains("Access__RequireKeys=true", html);
        Assert.Contains("Access__ServiceKey=$(openssl rand -hex 32)", html);
    }

    private static async Task<KeysModel> LoadedAsync(FakeServices services)
    {
        var model = new KeysModel(services.Accounting(), services.World.Clock);
        await model.LoadAsync();
        return model;
    }
}
