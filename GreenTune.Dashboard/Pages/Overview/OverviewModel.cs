using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Records;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Overview;

/// <summary>What Overview shows, panel by panel; each loads and fails on its own.</summary>
public sealed class OverviewModel(AccountingClient accounting, InferenceClient inference, TimeProvider time) : IDisposable
{
    /// <summary>Rows of the list of latest requests.</summary>
    public const int LatestCount = 8;

    /// <summary>New records make the sums old, but not worth a query each.</summary>
    private static readonly TimeSpan SummaryInterval = TimeSpan.FromSeconds(3);

    private DateTimeOffset _summaryAsked = DateTimeOffset.MinValue;

    public Loadable<Summary> Summary { get; } = new(time);

    public Loadable<IReadOnlyList<BudgetStatus>> Budgets { get; } = new(time);

    public Loadable<IReadOnlyList<DeviceView>> Devices { get; } = new(time);

    public Loadable<Page<RecordView>> LatestLoad { get; } = new(time);

    public RecordList Latest { get; } = new(LatestCount);

    public PeriodChoice Period { get; private set; } = PeriodChoice.Today;

    public string? Tenant { get; private set; }

    /// <summary>True when records arrived since the summary was asked for.</summary>
    public bool SummaryIsOld { get; private set; }

    public async Task LoadAsync(PeriodChoice period, string? tenant)
    {
        if (Period != period || Tenant != tenant)
        {
            // Another question: the old answer would be wrong, not stale.
            Summary.Clear();
            if (Tenant != tenant)
            {
                LatestLoad.Clear();
            }
        }

        Period = period;
        Tenant = tenant;
        await Task.WhenAll(LoadSummaryAsync(), LoadBudgetsAsync(), LoadDevicesAsync(), LoadLatestAsync());
    }

    public Task LoadSummaryAsync()
    {
        _summaryAsked = time.GetUtcNow();
        SummaryIsOld = false;
        return Summary.LoadAsync(token => accounting.GetSummaryAsync(Period.Query, Tenant, token));
    }

    public Task LoadBudgetsAsync() => Budgets.LoadAsync(accounting.GetBudgetsAsync);

    public Task LoadDevicesAsync() => Devices.LoadAsync(inference.GetDevicesAsync);

    public async Task LoadLatestAsync()
    {
        if (await LatestLoad.LoadAsync(token => accounting.GetRecordsAsync(new RecordFilter { Tenant = Tenant }, null, LatestCount, token)) && LatestLoad is { Error: null, Value: { } page })
        {
            Latest.Reset(page.Items);
        }
    }

    /// <summary>Loads anew what failed, after a service came back.</summary>
    public Task ReloadFailedAsync() => Task.WhenAll(
        Summary.Error is null ? Task.CompletedTask : LoadSummaryAsync(),
        Budgets.Error is null ? Task.CompletedTask : LoadBudgetsAsync(),
        Devices.Error is null ? Task.CompletedTask : LoadDevicesAsync(),
        LatestLoad.Error is null ? Task.CompletedTask : LoadLatestAsync());

    /// <summary>Takes one event; returns whether something that is shown changed.</summary>
    public bool Apply(AccountingEvent item)
    {
        switch (item)
        {
            case RecordArrived { Record: var record } when Tenant is null || record.Record.Tenant == Tenant:
                SummaryIsOld = true;
                return LatestLoad.Value is not null && Latest.Arrive(record);
            case BudgetChanged { Status: var status } when Budgets.Value is { } known:
                Budgets.Set(known.Any(b => b.Budget.Id == status.Budget.Id)
                    ? [.. known.Select(b => b.Budget.Id == status.Budget.Id ? status : b)]
                    : [.. known, status]);
                return true;
            case BudgetRemoved { Id: var id } when Budgets.Value is { } known:
                Budgets.Set([.. known.Where(b => b.Budget.Id != id)]);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Loads the summary again when records made it old and the last one is long enough ago.</summary>
    public async Task<bool> RefreshSummaryAsync()
    {
        if (!SummaryIsOld || time.GetUtcNow() - _summaryAsked < SummaryInterval)
        {
            return false;
        }

        await LoadSummaryAsync();
        return true;
    }

    public void Dispose()
    {
        Summary.Dispose();
        Budgets.Dispose();
        Devices.Dispose();
        LatestLoad.Dispose();
    }
}
