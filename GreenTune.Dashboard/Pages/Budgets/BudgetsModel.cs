using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Budgets;

/// <summary>Budgets' state: the list, the one whose use is drawn, the log, and the form.</summary>
public sealed class BudgetsModel(AccountingClient accounting, TimeProvider time) : IDisposable
{
    /// <summary>Lines of the log that are loaded at once.</summary>
    public const int DecisionPage = 20;

    /// <summary>How much of the past a budget can be tried on, in days; Accounting takes 92 at most.</summary>
    public static readonly IReadOnlyList<(int Value, string Text)> TrialSpans = [(7, "7 days"), (30, "30 days"), (90, "90 days")];

    /// <summary>Use and log follow the events, but not each of them.</summary>
    private static readonly TimeSpan FollowInterval = TimeSpan.FromSeconds(2);

    private readonly List<BudgetDecision> _older = [];
    private readonly Throttle _follow = new(FollowInterval, time);
    private string? _nextDecisions;

    public Loadable<IReadOnlyList<BudgetStatus>> Budgets { get; } = new(time);

    public Loadable<IReadOnlyList<UsagePoint>> Usage { get; } = new(time);

    public Loadable<Page<BudgetDecision>> Decisions { get; } = new(time);

    /// <summary>What the budget of the form would have done to requests of the past.</summary>
    public Loadable<BudgetPreview> Trial { get; } = new(time);

    /// <summary>The budget that was tried, as the form said then; null when none was.</summary>
    public BudgetInput? Tried { get; private set; }

    /// <summary>One of <see cref="TrialSpans"/>.</summary>
    public int TrialDays { get; private set; } = 30;

    /// <summary>The form when it is open.</summary>
    public BudgetForm? Form { get; private set; }

    public bool Saving { get; private set; }

    public Guid? SelectedId { get; private set; }

    /// <summary>Budgets in the order of their urgency: blocking first, paused last.</summary>
    public IReadOnlyList<BudgetStatus> Ordered(string? tenant) =>
    [
        .. (Budgets.Value ?? [])
            .Where(b => tenant is null || b.Budget.Tenant is null || b.Budget.Tenant == tenant)
            .OrderByDescending(b => b.Budget.Paused ? -1 : b.Fraction)
            .ThenBy(b => b.Budget.Name, StringComparer.Ordinal),
    ];

    public BudgetStatus? Selected => Budgets.Value?.FirstOrDefault(b => b.Budget.Id == SelectedId);

    public IEnumerable<BudgetDecision> DecisionList => (Decisions.Value?.Items ?? []).Concat(_older);

    public bool HasOlderDecisions => _nextDecisions is not null;

    public async Task LoadAsync(Guid? wanted, string? tenant)
    {
        await Task.WhenAll(LoadBudgetsAsync(), LoadDecisionsAsync());
        var ordered = Ordered(tenant);
        await SelectAsync(ordered.Any(b => b.Budget.Id == wanted) ? wanted : ordered.Any(b => b.Budget.Id == SelectedId) ? SelectedId : ordered.Count > 0 ? ordered[0].Budget.Id : null);
    }

    public Task LoadBudgetsAsync() => Budgets.LoadAsync(accounting.GetBudgetsAsync);

    public async Task LoadDecisionsAsync()
    {
        if (await Decisions.LoadAsync(token => accounting.GetDecisionsAsync(null, null, DecisionPage, token)) && Decisions is { Error: null, Value: { } page })
        {
            _older.Clear();
            _nextDecisions = page.Next;
        }
    }

    /// <summary>Adds the next older lines; returns why they did not come, or null.</summary>
    public async Task<string?> LoadOlderDecisionsAsync()
    {
        if (_nextDecisions is not { } cursor)
        {
            return null;
        }

        try
        {
            var page = await accounting.GetDecisionsAsync(null, cursor, DecisionPage, CancellationToken.None);
            _older.AddRange(page.Items);
            _nextDecisions = page.Next;
            return null;
        }
        catch (ServiceException e)
        {
            return e.Message;
        }
    }

    public Task SelectAsync(Guid? id)
    {
        if (SelectedId != id)
        {
            Usage.Clear();
        }

        SelectedId = id;
        return LoadUsageAsync();
    }

    public Task LoadUsageAsync() => SelectedId is { } id ? Usage.LoadAsync(token => accounting.GetBudgetUsageAsync(id, token)) : Task.CompletedTask;

    public void OpenNew(string? tenant) => Show(BudgetForm.New(tenant));

    public void OpenEdit(Guid id) => Show(Budgets.Value?.FirstOrDefault(b => b.Budget.Id == id) is { } status ? BudgetForm.Edit(status.Budget) : null);

    public void CloseForm() => Show(null);

    /// <summary>Tries the form's budget on the past; false, with the form's errors set, when there is something wrong with it.</summary>
    public async Task<bool> TryAsync()
    {
        if (Form?.Read() is not { } input)
        {
            return false;
        }

        Tried = input;
        Trial.Clear();
        await RunTrialAsync();
        return true;
    }

    /// <summary>Tries what was tried on another span.</summary>
    public Task TryOverAsync(int days)
    {
        TrialDays = days;
        return RunTrialAsync();
    }

    public Task RunTrialAsync()
    {
        if (Tried is not { } input)
        {
            return Task.CompletedTask;
        }

        var now = time.GetUtcNow();
        return Trial.LoadAsync(token => accounting.TryBudgetAsync(new BudgetPreviewRequest { Budget = input, From = now.AddDays(-TrialDays), To = now }, token));
    }

    /// <summary>Saves the form; returns the budget when it holds now, null with the form's errors set otherwise.</summary>
    public async Task<BudgetStatus?> SaveAsync()
    {
        if (Form is not { } form || form.Read() is not { } input)
        {
            return null;
        }

        Saving = true;
        try
        {
            var status = form.Edited is { } edited
                ? await accounting.UpdateBudgetAsync(edited.Id, input, CancellationToken.None)
                : await accounting.CreateBudgetAsync(input, CancellationToken.None);
            Put(status);
            CloseForm();
            await Task.WhenAll(SelectAsync(status.Budget.Id), LoadDecisionsAsync());
            return status;
        }
        catch (ServiceException e) when (e.Failure == ServiceFailure.Conflict && form.Edited is null)
        {
            form.Refuse(e.Message, new Dictionary<string, string> { [form.Scope is BudgetScope.Tenant or BudgetScope.Session ? BudgetForm.TenantField : BudgetForm.ScopeField] = e.Message });
            return null;
        }
        catch (ServiceException e) when (e.Failure == ServiceFailure.Conflict)
        {
            await LoadBudgetsAsync();
            form.Refuse("Somebody else changed this budget meanwhile. What you typed is still here: close and open it again to see theirs.", new Dictionary<string, string>());
            return null;
        }
        catch (ServiceException e)
        {
            form.Refuse(e.Message, e.Fields);
            return null;
        }
        finally
        {
            Saving = false;
        }
    }

    /// <summary>Pauses or resumes; returns why it did not, or null.</summary>
    public async Task<string?> SetPausedAsync(Guid id, bool paused)
    {
        if (Budgets.Value?.FirstOrDefault(b => b.Budget.Id == id) is not { Budget: var budget })
        {
            return "That budget is gone.";
        }

        try
        {
            Put(await accounting.UpdateBudgetAsync(
                id,
                BudgetForm.InputOf(budget) with { Paused = paused },
                CancellationToken.None));
            await LoadDecisionsAsync();
            return null;
        }
        catch (ServiceException e)
        {
            await LoadBudgetsAsync();
            return e.Failure == ServiceFailure.Conflict ? "Somebody else changed this budget meanwhile. It was loaded again: try once more." : e.Message;
        }
    }

    /// <summary>Deletes; returns why it did not, or null.</summary>
    public async Task<string?> DeleteAsync(Guid id)
    {
        try
        {
            await accounting.DeleteBudgetAsync(id, CancellationToken.None);
            Remove(id);
            await LoadDecisionsAsync();
            return null;
        }
        catch (ServiceException e) when (e.Failure == ServiceFailure.NotFound)
        {
            Remove(id);
            return null;
        }
        catch (ServiceException e)
        {
            return e.Message;
        }
    }

    /// <summary>Takes one event; returns whether something that is shown changed.</summary>
    public bool Apply(AccountingEvent item)
    {
        switch (item)
        {
            case BudgetChanged { Status: var status } when Budgets.Value is not null:
                Put(status);
                return true;
            case BudgetRemoved { Id: var id } when Budgets.Value is not null:
                Remove(id);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Loads use and log again after events, at most every two seconds.</summary>
    public Task FollowAsync() => _follow.RunAsync(async _ => await Task.WhenAll(LoadUsageAsync(), _older.Count == 0 ? LoadDecisionsAsync() : Task.CompletedTask));

    public void Dispose()
    {
        Budgets.Dispose();
        Usage.Dispose();
        Decisions.Dispose();
        Trial.Dispose();
        _follow.Dispose();
    }

    private void Show(BudgetForm? form)
    {
        Form = form;
        Tried = null;
        Trial.Clear();
    }

    private void Put(BudgetStatus status) =>
        Budgets.Set([.. (Budgets.Value ?? []).Where(b => b.Budget.Id != status.Budget.Id), status]);

    private void Remove(Guid id)
    {
        Budgets.Set([.. (Budgets.Value ?? []).Where(b => b.Budget.Id != id)]);
        if (Form?.Edited?.Id == id)
        {
            CloseForm();
        }

        if (SelectedId == id)
        {
            SelectedId = null;
            Usage.Clear();
        }
    }
}
