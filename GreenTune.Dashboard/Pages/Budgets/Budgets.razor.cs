using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Ui;
using Microsoft.AspNetCore.Components;

namespace GreenTune.Dashboard.Pages.Budgets;

public sealed partial class Budgets
{
    private string? _edited;

    /// <summary>Id of the budget whose use is drawn.</summary>
    [SupplyParameterFromQuery(Name = "budget")]
    public string? BudgetQuery { get; set; }

    /// <summary>"new" or the id of a budget: the form is open.</summary>
    [SupplyParameterFromQuery(Name = "edit")]
    public string? EditQuery { get; set; }

    [Inject]
    private Dialogs Dialogs { get; set; } = default!;

    [Inject]
    private Toasts Toasts { get; set; } = default!;

    private BudgetsModel Model { get; set; } = default!;

    private IReadOnlyList<BudgetStatus> Shown => Model.Ordered(Tenant);

    protected override void Prepare() => Model = new BudgetsModel(Accounting, Time);

    protected override async Task LoadAsync()
    {
        await Model.LoadAsync(Guid.TryParse(BudgetQuery, out var id) ? id : null, Tenant);
        FollowEdit();
    }

    protected override async Task OnParametersSetAsync()
    {
        if (!RendererInfo.IsInteractive || Model.Budgets.Value is null)
        {
            return;
        }

        if (Guid.TryParse(BudgetQuery, out var id) && id != Model.SelectedId && Shown.Any(b => b.Budget.Id == id))
        {
            await Model.SelectAsync(id);
        }

        FollowEdit();
    }

    protected override ValueTask<bool> OnEventAsync(AccountingEvent item)
    {
        var changed = Model.Apply(item);
        if (changed)
        {
            _ = FollowAsync();
        }

        return ValueTask.FromResult(changed);
    }

    protected override ValueTask DisposePageAsync()
    {
        Model.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task FollowAsync()
    {
        await Model.FollowAsync();
        if (!Gone.IsCancellationRequested)
        {
            StateHasChanged();
        }
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
            Model.OpenNew(Tenant);
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
            FocusForm(".budget-form");
            StateHasChanged();
        }
    }

    private void CloseForm() => KeepInAddress(new Dictionary<string, object?> { ["edit"] = null });

    private void SelectAsync(Guid id) => KeepInAddress(new Dictionary<string, object?> { ["budget"] = id.ToString() });

    private async Task SaveAsync()
    {
        var created = Model.Form?.Edited is null;
        if (await Model.SaveAsync() is { } status)
        {
            Toasts.Done(created ? $"Budget {status.Budget.Name} holds from now on." : $"Budget {status.Budget.Name} is saved.");
            _edited = null;
            KeepInAddress(new Dictionary<string, object?> { ["edit"] = null, ["budget"] = status.Budget.Id.ToString() });
        }
        else
        {
            FocusProblem(".budget-form");
        }
    }

    private async Task TryAsync()
    {
        if (!await Model.TryAsync())
        {
            FocusProblem(".budget-form");
        }
    }

    private async Task PauseAsync(BudgetStatus status)
    {
        var paused = !status.Budget.Paused;
        if (await Model.SetPausedAsync(status.Budget.Id, paused) is { } problem)
        {
            Toasts.Failed(problem);
        }
        else
        {
            Toasts.Done(paused ? $"{status.Budget.Name} is paused: counted, not enforced." : $"{status.Budget.Name} is enforced again.");
        }
    }

    private async Task DeleteAsync(BudgetStatus status)
    {
        if (!await Dialogs.ConfirmAsync(
            "Delete budget",
            $"{status.Budget.Name} of {BudgetWindowText.Whose(status.Budget)} will no longer warn, degrade or block. Its records stay.",
            "Delete budget"))
        {
            return;
        }

        if (await Model.DeleteAsync(status.Budget.Id) is { } problem)
        {
            Toasts.Failed(problem);
            return;
        }

        Toasts.Done($"Budget {status.Budget.Name} is deleted.");
        KeepInAddress(new Dictionary<string, object?> { ["budget"] = null });
        await Model.SelectAsync(Shown.Count > 0 ? Shown[0].Budget.Id : null);
    }

    private async Task OlderAsync()
    {
        if (await Model.LoadOlderDecisionsAsync() is { } problem)
        {
            Toasts.Failed(problem);
        }
    }
}
