using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Shell;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;

namespace GreenTune.Dashboard.Pages;

/// <summary>
/// What every page does: it loads once the circuit is there (the server's first answer is the frame with skeletons), follows Accounting's events at
/// most twice a second, loads anew when the tenant changes or a service is back, and takes all of it down when it goes.
/// </summary>
public abstract class DashboardPage : ComponentBase, IAsyncDisposable
{
    /// <summary>How long the first drawing waits for the configurations, which only colours depend on.</summary>
    private static readonly TimeSpan CataloguePatience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(500);
    private readonly CancellationTokenSource _gone = new();
    private LiveLoop<AccountingEvent>? _events;
    private LiveLoop<ServiceState>? _services;
    private Task _refreshing = Task.CompletedTask;
    private string? _tenant;
    private string? _address;
    private string? _focusNext;

    /// <summary>A deep link's tenant.</summary>
    [SupplyParameterFromQuery(Name = "tenant")]
    public string? TenantQuery { get; set; }

    [Inject]
    protected BrowserSession Session { get; set; } = default!;

    [Inject]
    protected ShellModel Shell { get; set; } = default!;

    [Inject]
    protected AccountingClient Accounting { get; set; } = default!;

    [Inject]
    protected InferenceClient Inference { get; set; } = default!;

    [Inject]
    protected NavigationManager Navigation { get; set; } = default!;

    [Inject]
    protected TimeProvider Time { get; set; } = default!;

    [Inject]
    private AccountingFeed Feed { get; set; } = default!;

    [Inject]
    private ServiceMonitor Monitor { get; set; } = default!;

    /// <summary>The tenant whose figures are shown; null for all.</summary>
    protected string? Tenant => Session.Tenant;

    /// <summary>How often <see cref="OnIntervalAsync"/> runs, for what no event tells of; null for never.</summary>
    protected virtual TimeSpan? FollowEvery => null;

    /// <summary>Ends when the page goes.</summary>
    protected CancellationToken Gone => _gone.Token;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Session.Changed -= OnSessionChanged;
        Navigation.LocationChanged -= OnNavigated;
        await _gone.CancelAsync();
        if (_events is not null)
        {
            await _events.DisposeAsync();
        }

        if (_services is not null)
        {
            await _services.DisposeAsync();
        }

        await _refreshing;
        await DisposePageAsync();
        _gone.Dispose();
    }

    protected sealed override async Task OnInitializedAsync()
    {
        Prepare();
        if (!RendererInfo.IsInteractive)
        {
            return;
        }

        Session.AdoptTenant(TenantQuery);
        _tenant = Tenant;
        Session.Changed += OnSessionChanged;
        Navigation.LocationChanged += OnNavigated;
        _events = LiveLoop<AccountingEvent>.Start(Feed.Events, LiveInterval, Time, batch => InvokeAsync(() => ApplyAsync(batch)));
        _services = LiveLoop<ServiceState>.Start(Monitor.Changes, LiveInterval, Time, batch => InvokeAsync(() => RecoverAsync(batch)));
        var catalogue = Task.WhenAny(Shell.CatalogueAsync(), Task.Delay(CataloguePatience, Time, Gone));
        await LoadAsync();
        if (FollowEvery is { } interval && !_gone.IsCancellationRequested)
        {
            _refreshing = RefreshAtIntervalsAsync(interval);
        }

        await catalogue;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_focusNext is { } selector)
        {
            _focusNext = null;
            await Session.FocusAsync(selector);
        }
    }

    /// <summary>Makes the page's models; also runs for the server's first answer.</summary>
    protected virtual void Prepare()
    {
    }

    /// <summary>Loads everything that the page shows.</summary>
    protected abstract Task LoadAsync();

    /// <summary>Loads again what did not come; called when a service is back.</summary>
    protected virtual Task ReloadFailedAsync() => LoadAsync();

    /// <summary>Loads again what changes with time; not called while the tab is hidden.</summary>
    protected virtual Task OnIntervalAsync() => LoadAsync();

    /// <summary>Takes one event; returns whether the page has to be drawn anew.</summary>
    protected virtual ValueTask<bool> OnEventAsync(AccountingEvent item) => ValueTask.FromResult(false);

    /// <summary>Takes down what the page made itself.</summary>
    protected virtual ValueTask DisposePageAsync() => ValueTask.CompletedTask;

    /// <summary>
    /// Puts parameters into the address, without a step in the browser's history. The browser takes a moment to answer: until then the next parameters join
    /// those that are on their way.
    /// </summary>
    protected void KeepInAddress(IReadOnlyDictionary<string, object?> parameters)
    {
        var from = _address ?? Navigation.Uri;
        var target = Navigation.GetUriWithQueryParameters(from, parameters);
        if (target != from)
        {
            _address = target;
            Navigation.NavigateTo(target, replace: true);
        }
    }

    /// <summary>Puts the focus on the first that matches, once the page is drawn: what has just come up cannot be focused before.</summary>
    protected void FocusNext(string selector) => _focusNext = selector;

    /// <summary>Puts the focus into a form that has come up, not away from where somebody types already.</summary>
    protected void FocusForm(string form) => FocusNext($"{form}:not(:focus-within) input");

    /// <summary>Puts the focus on what is wrong in a form.</summary>
    protected void FocusProblem(string form) => FocusNext($"{form} .invalid input, {form} [role=alert]");

    private void OnNavigated(object? sender, LocationChangedEventArgs e)
    {
        if (e.IsNavigationIntercepted || e.Location == _address)
        {
            _address = null;
        }
    }

    private async Task ApplyAsync(IReadOnlyList<AccountingEvent> batch)
    {
        if (_gone.IsCancellationRequested)
        {
            return;
        }

        var changed = false;
        foreach (var item in batch)
        {
            if (item is StreamResumed)
            {
                await LoadAsync();
                changed = true;
            }
            else
            {
                changed |= await OnEventAsync(item);
            }
        }

        if (changed && !Session.Hidden)
        {
            StateHasChanged();
        }
    }

    private async Task RecoverAsync(IReadOnlyList<ServiceState> batch)
    {
        if (batch.Any(s => s.Up == true) && !_gone.IsCancellationRequested)
        {
            await ReloadFailedAsync();
            StateHasChanged();
        }
    }

    private async Task RefreshAtIntervalsAsync(TimeSpan interval)
    {
        using var timer = new PeriodicTimer(interval, Time);
        try
        {
            // Not on the circuit's dispatcher: disposing waits for this loop there.
            while (await timer.WaitForNextTickAsync(Gone).ConfigureAwait(false))
            {
                if (!Session.Hidden)
                {
                    await InvokeAsync(async () =>
                    {
                        if (!_gone.IsCancellationRequested)
                        {
                            await OnIntervalAsync();
                            StateHasChanged();
                        }
                    }).WaitAsync(Gone).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // The page went.
        }
        catch (ObjectDisposedException)
        {
            // The circuit went while a refresh was on its way to it.
        }
    }

    private void OnSessionChanged() => InvokeAsync(async () =>
    {
        if (_gone.IsCancellationRequested)
        {
            return;
        }

        StateHasChanged();
        if (_tenant != Tenant)
        {
            _tenant = Tenant;
            await LoadAsync();
            StateHasChanged();
        }
    });
}
