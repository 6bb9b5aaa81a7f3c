using GreenTune.Dashboard.Formatting;
using Microsoft.JSInterop;

namespace GreenTune.Dashboard.Shell;

/// <summary>
/// The browser at the other end of this circuit: its time zone, whether its tab is seen, the tenant its reader chose; and the few things that only
/// its script can do (wwwroot/js/dashboard.js).
/// </summary>
public sealed class BrowserSession(IJSRuntime js, TimeProvider time) : IAsyncDisposable
{
    private readonly Lazy<Task<IJSObjectReference>> _module = new(() => js.InvokeAsync<IJSObjectReference>("import", "./js/dashboard.js").AsTask());
    private DotNetObjectReference<BrowserSession>? _self;

    /// <summary>Something of this session changed that components show: zone, tenant or visibility.</summary>
    public event Action? Changed;

    public LocalTimes Times { get; private set; } = LocalTimes.Server;

    /// <summary>True while the tab is in the background: live figures are not drawn.</summary>
    public bool Hidden { get; private set; }

    /// <summary>The tenant whose figures are shown; null for all.</summary>
    public string? Tenant { get; private set; }

    /// <summary>The time now.</summary>
    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Takes the cookies' preferences; called once by the root component.</summary>
    public void Begin(ShellPreferences preferences)
    {
        Tenant = preferences.Tenant;
        Times = LocalTimes.ForZone(preferences.TimeZone);
    }

    /// <summary>Starts to follow the browser's visibility, and learns its time zone.</summary>
    public async Task ConnectAsync()
    {
        _self ??= DotNetObjectReference.Create(this);
        var module = await _module.Value;
        var environment = await module.InvokeAsync<BrowserEnvironment>("connect", _self);
        Hidden = environment.Hidden;
        var times = LocalTimes.ForZone(environment.TimeZone);
        if (times.Zone.Id != Times.Zone.Id)
        {
            Times = times;
        }

        Changed?.Invoke();
    }

    /// <summary>Called by the script when the tab is shown or hidden.</summary>
    [JSInvokable]
    public void SetHidden(bool hidden)
    {
        Hidden = hidden;
        Changed?.Invoke();
    }

    public async Task SelectTenantAsync(string? tenant)
    {
        if (Tenant == tenant)
        {
            return;
        }

        Tenant = tenant;
        await CallAsync("setCookie", ShellPreferences.TenantCookie, tenant);
        Changed?.Invoke();
    }

    /// <summary>Takes a tenant from a deep link, without keeping it for the next visit.</summary>
    public void AdoptTenant(string? tenant)
    {
        if (tenant is not null && Tenant != tenant)
        {
            Tenant = tenant;
            Changed?.Invoke();
        }
    }

    /// <summary>Saves a text as a file.</summary>
    public Task DownloadAsync(string fileName, string mediaType, string text) => CallAsync("download", fileName, mediaType, text);

    /// <summary>Puts a text into the clipboard; false where the browser refuses.</summary>
    public async Task<bool> CopyAsync(string text)
    {
        try
        {
            var module = await _module.Value;
            return await module.InvokeAsync<bool>("copy", text);
        }
        catch (JSDisconnectedException)
        {
            return false;
        }
    }

    /// <summary>Moves the focus to the first element that the selector finds, once it is there.</summary>
    public Task FocusAsync(string selector) => CallAsync("focus", selector);

    internal async Task<IJSObjectReference> ModuleAsync() => await _module.Value;

    internal async Task CallAsync(string function, params object?[] arguments)
    {
        try
        {
            var module = await _module.Value;
            await module.InvokeVoidAsync(function, arguments);
        }
        catch (JSDisconnectedException)
        {
            // The tab is gone, and with it what was to be done there.
        }
    }

    public async ValueTask DisposeAsync()
    {
        _self?.Dispose();
        if (_module.IsValueCreated)
        {
            try
            {
                await (await _module.Value).DisposeAsync();
            }
            catch (JSDisconnectedException)
            {
                // The tab is gone.
            }
            catch (OperationCanceledException)
            {
                // The circuit ended before the module was there.
            }
        }
    }

    /// <summary>What the script tells on connecting.</summary>
    public sealed record BrowserEnvironment(string? TimeZone, bool Hidden);
}
