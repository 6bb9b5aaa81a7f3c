using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Access;
using GreenTune.Dashboard.Ui;
using Microsoft.AspNetCore.Components;

namespace GreenTune.Dashboard.Pages.Webhooks;

public sealed partial class Webhooks
{
    private string? _edited;

    /// <summary>"new" or the id of a webhook: the form is open.</summary>
    [SupplyParameterFromQuery(Name = "edit")]
    public string? EditQuery { get; set; }

    [Inject]
    private SignedIn SignedIn { get; set; } = default!;

    [Inject]
    private Dialogs Dialogs { get; set; } = default!;

    [Inject]
    private Toasts Toasts { get; set; } = default!;

    private WebhooksModel Model { get; set; } = default!;

    /// <summary>No event tells what came of a delivery.</summary>
    protected override TimeSpan? FollowEvery => SignedIn.IsAdmin ? TimeSpan.FromSeconds(15) : null;

    protected override void Prepare() => Model = new WebhooksModel(Accounting, Time);

    protected override async Task LoadAsync()
    {
        // Who may not is not asked for either: Accounting would refuse.
        if (SignedIn.IsAdmin)
        {
            await Model.LoadAsync();
            FollowEdit();
        }
    }

    protected override Task OnIntervalAsync() => Model.LoadWebhooksAsync();

    protected override void OnParametersSet()
    {
        if (RendererInfo.IsInteractive && Model.Webhooks.Value is not null)
        {
            FollowEdit();
        }
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
            Model.OpenNew();
        }
        else if (Guid.TryParse(EditQuery, out var id))
        {
            Model.OpenEdit(id);
        }
        else
        {
            Model.CloseForm();
        }

        if (Model.Form is not null)
        {
            FocusForm(".webhook-form");
        }
    }

    private void CloseForm() => KeepInAddress(new Dictionary<string, object?> { ["edit"] = null });

    private void Forget()
    {
        Model.Forget();
        FocusNext("h1");
    }

    private async Task SaveAsync()
    {
        var created = Model.Form?.Edited is null;
        if (await Model.SaveAsync() is { } webhook)
        {
            Toasts.Done(created ? $"{webhook.Name} is told from now on." : $"{webhook.Name} is saved.");
            _edited = null;
            KeepInAddress(new Dictionary<string, object?> { ["edit"] = null });
            FocusNext(Model.Created is null ? "h1" : ".secret input");
        }
        else
        {
            FocusProblem(".webhook-form");
        }
    }

    private async Task PauseAsync(WebhookView webhook)
    {
        if (await Model.SetPausedAsync(webhook, !webhook.Paused) is { } problem)
        {
            Toasts.Failed(problem);
        }
        else
        {
            Toasts.Done(webhook.Paused ? $"{webhook.Name} is told again." : $"{webhook.Name} is paused.");
        }
    }

    private async Task TestAsync(WebhookView webhook)
    {
        if (await Model.TestAsync(webhook.Id) is { } problem)
        {
            Toasts.Failed(problem);
        }
    }

    private async Task DeleteAsync(WebhookView webhook)
    {
        if (!await Dialogs.ConfirmAsync("Delete webhook", WebhookText.DeleteQuestion(webhook), "Delete webhook"))
        {
            return;
        }

        if (await Model.DeleteAsync(webhook.Id) is { } problem)
        {
            Toasts.Failed(problem);
            return;
        }

        Toasts.Done($"{webhook.Name} is deleted.");
        if (Guid.TryParse(EditQuery, out var edited) && edited == webhook.Id)
        {
            CloseForm();
        }
    }
}
