using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Access;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Ui;
using GreenTune.ServiceDefaults.Access;
using Microsoft.AspNetCore.Components;

namespace GreenTune.Dashboard.Pages.Keys;

public sealed partial class Keys
{
    private static readonly IReadOnlyList<(bool, string)> Which = [(false, "Active"), (true, "All")];
    private string? _edited;

    /// <summary>"new": the form is open.</summary>
    [SupplyParameterFromQuery(Name = "edit")]
    public string? EditQuery { get; set; }

    /// <summary>"all": also those that have ended.</summary>
    [SupplyParameterFromQuery(Name = "show")]
    public string? ShowQuery { get; set; }

    [Inject]
    private SignedIn SignedIn { get; set; } = default!;

    [Inject]
    private KeySwitch Switch { get; set; } = default!;

    [Inject]
    private Dialogs Dialogs { get; set; } = default!;

    [Inject]
    private Toasts Toasts { get; set; } = default!;

    private KeysModel Model { get; set; } = default!;

    private bool KeysAreOn => Switch.On;

    private bool All => ShowQuery == "all";

    private IReadOnlyList<KeyView> Shown => Model.Shown(All, Tenant);

    protected override void Prepare() => Model = new KeysModel(Accounting, Time);

    protected override async Task LoadAsync()
    {
        // Who may not is not asked for either: Accounting would refuse.
        if (SignedIn.IsAdmin)
        {
            FollowEdit();
            await Model.LoadAsync();
        }
    }

    protected override void OnParametersSet()
    {
        if (RendererInfo.IsInteractive && SignedIn.IsAdmin)
        {
            FollowEdit();
        }
    }

    protected override async ValueTask<bool> OnEventAsync(AccountingEvent item)
    {
        if (!Model.Concerns(item))
        {
            return false;
        }

        await Model.LoadAsync();
        return true;
    }

    protected override ValueTask DisposePageAsync()
    {
        Model.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Opens and closes the form as the address says.</summary>
    private void FollowEdit()
    {
        if (_edited == EditQuery)
        {
            return;
        }

        _edited = EditQuery;
        if (EditQuery == "new")
        {
            Model.OpenForm(Tenant);
            FocusForm(".key-form");
        }
        else
        {
            Model.CloseForm();
        }
    }

    private void CloseForm() => KeepInAddress(new Dictionary<string, object?> { ["edit"] = null });

    private void ShowAll(bool all) => KeepInAddress(new Dictionary<string, object?> { ["show"] = all ? "all" : null });

    private void Forget()
    {
        Model.Forget();
        FocusNext("h1");
    }

    private async Task CreateAsync()
    {
        if (await Model.CreateAsync())
        {
            _edited = null;
            KeepInAddress(new Dictionary<string, object?> { ["edit"] = null });
            FocusNext(".secret input");
        }
        else
        {
            FocusProblem(".key-form");
        }
    }

    private async Task RevokeAsync(KeyView key)
    {
        if (!await Dialogs.ConfirmAsync("Revoke key", KeyText.RevokeQuestion(key, Model.Keys.Value ?? [], SignedIn.Key?.Id, Session.Now), "Revoke key"))
        {
            return;
        }

        if (await Model.RevokeAsync(key.Id) is { } problem)
        {
            Toasts.Failed(problem);
        }
        else
        {
            Toasts.Done($"{key.Name} is revoked.");
        }
    }
}
