using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Shell;

/// <summary>What the frame around every page shows: tenants to choose from, budgets that need a person, devices.</summary>
public sealed class ShellModel(AccountingClient accounting, InferenceClient inference, ConfigurationPalette palette, TimeProvider time)
{
    private Task? _catalogue;

    /// <summary>Tenants that made requests, by name.</summary>
    public Loadable<IReadOnlyList<string>> Tenants { get; } = new(time);

    public Loadable<IReadOnlyList<BudgetStatus>> Budgets { get; } = new(time);

    public Loadable<IReadOnlyList<DeviceView>> Devices { get; } = new(time);

    public Loadable<IReadOnlyList<ConfigurationView>> Configurations { get; } = new(time);

    /// <summary>Budgets that notify, degrade or block now.</summary>
    public int Alerts => Budgets.Value?.Count(b => b.State is BudgetState.Notifying or BudgetState.Degrading or BudgetState.Blocking) ?? 0;

    /// <summary>Loads the configurations once. Colours go by the whole list, so a page that draws charts waits for it.</summary>
    public Task CatalogueAsync() => _catalogue ??= LoadCatalogueAsync();

    /// <summary>Loads them again: their states change while Inference builds them.</summary>
    public Task RefreshCatalogueAsync() => _catalogue = LoadCatalogueAsync();

    public async Task LoadAsync()
    {
        // One that is under way is joined: a newer load would overtake it.
        var catalogue = _catalogue is { IsCompleted: false } running ? running : RefreshCatalogueAsync();
        await Task.WhenAll(
            Tenants.LoadAsync(accounting.GetTenantsAsync),
            Budgets.LoadAsync(accounting.GetBudgetsAsync),
            Devices.LoadAsync(inference.GetDevicesAsync),
            catalogue);
    }

    private async Task LoadCatalogueAsync()
    {
        await Configurations.LoadAsync(inference.GetConfigurationsAsync);
        palette.Learn(Configurations.Value?.Select(c => c.Id) ?? []);
    }

    /// <summary>Takes what Accounting told; returns whether the frame has to be drawn anew.</summary>
    public async Task<bool> ApplyAsync(IReadOnlyList<AccountingEvent> batch)
    {
        var changed = false;
        foreach (var item in batch)
        {
            switch (item)
            {
                case BudgetChanged { Status: var status } when Budgets.Value is { } known:
                    Budgets.Set([.. known.Where(b => b.Budget.Id != status.Budget.Id), status]);
                    changed = true;
                    break;
                case BudgetRemoved { Id: var id } when Budgets.Value is { } known:
                    Budgets.Set([.. known.Where(b => b.Budget.Id != id)]);
                    changed = true;
                    break;
                case RecordArrived { Record.Record.Tenant: var tenant } when Tenants.Value is { } tenants && !tenants.Contains(tenant):
                    Tenants.Set([.. tenants.Append(tenant).Order(StringComparer.Ordinal)]);
                    changed = true;
                    break;
                case StreamResumed:
                    await LoadAsync();
                    changed = true;
                    break;
            }
        }

        return changed;
    }
}
