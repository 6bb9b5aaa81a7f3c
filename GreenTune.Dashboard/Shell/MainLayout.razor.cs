using GreenTune.Dashboard.Live;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web;

namespace GreenTune.Dashboard.Shell;

public sealed partial class MainLayout
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private ErrorBoundary? _boundary;
    private LiveLoop<AccountingEvent>? _live;

    [Inject]
    private ShellModel Shell { get; set; } = default!;

    [Inject]
    private BrowserSession Session { get; set; } = default!;

    [Inject]
    private AccountingFeed Feed { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    /// <summary>A fragment alone would be taken relative to the base address.</summary>
    private string SkipTarget => Navigation.ToBaseRelativePath(Navigation.Uri).Split('#')[0] + "#main";

    public async ValueTask DisposeAsync()
    {
        Session.Changed -= Refresh;
        Navigation.LocationChanged -= OnNavigated;
        if (_live is not null)
        {
            await _live.DisposeAsync();
        }
    }

    protected override void OnInitialized()
    {
        Session.Changed += Refresh;
        Navigation.LocationChanged += OnNavigated;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
        {
            return;
        }

        _live = LiveLoop<AccountingEvent>.Start(Feed.Events, Interval, Time, batch => InvokeAsync(() => ApplyAsync(batch)));
        await Session.ConnectAsync();
        await Shell.LoadAsync();
        StateHasChanged();
    }

    private async Task ApplyAsync(IReadOnlyList<AccountingEvent> batch)
    {
        if (await Shell.ApplyAsync(batch))
        {
            StateHasChanged();
        }
    }

    private void OnNavigated(object? sender, LocationChangedEventArgs e)
    {
        _boundary?.Recover();
        StateHasChanged();
    }

    private void Refresh() => InvokeAsync(StateHasChanged);
}
