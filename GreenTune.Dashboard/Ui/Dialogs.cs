using Microsoft.AspNetCore.Components;

namespace GreenTune.Dashboard.Ui;

/// <summary>
/// Dialogs over the page, one at a time, shown by <see cref="DialogHost"/>. Opening another one dismisses the first.
/// </summary>
public sealed class Dialogs
{
    /// <summary>Something is to be opened or closed.</summary>
    public event Action? Changed;

    /// <summary>What is open; null when nothing is.</summary>
    public DialogRequest? Current { get; private set; }

    /// <summary>Asks before something that cannot be undone.</summary>
    public Task<bool> ConfirmAsync(string title, string question, string confirm) => OpenAsync<ConfirmDialog, bool>(title, new Dictionary<string, object?>
    {
        [nameof(ConfirmDialog.Question)] = question,
        [nameof(ConfirmDialog.Confirm)] = confirm,
    });

    /// <summary>Opens a component as a dialog and returns what it closed with; the default when it was dismissed.</summary>
    public async Task<TResult?> OpenAsync<TComponent, TResult>(string title, IReadOnlyDictionary<string, object?>? parameters = null)
        where TComponent : ComponentBase
    {
        Current?.Done.TrySetResult(null);
        var request = new DialogRequest(title, typeof(TComponent), parameters?.ToDictionary(p => p.Key, p => p.Value!) ?? []);
        Current = request;
        Changed?.Invoke();
        return await request.Done.Task is TResult result ? result : default;
    }

    /// <summary>Closes the dialog that is open.</summary>
    public void Close(object? result = null)
    {
        if (Current is { } request)
        {
            request.Result = result;
            request.Closing = true;
            Changed?.Invoke();
        }
    }

    /// <summary>The browser has closed it, by Esc or because it was told to.</summary>
    internal void Closed(DialogRequest request)
    {
        if (Current == request)
        {
            Current = null;
            Changed?.Invoke();
        }

        request.Done.TrySetResult(request.Result);
    }
}

/// <summary>One dialog that was asked for.</summary>
/// <param name="title">Its title.</param>
/// <param name="component">What it shows.</param>
/// <param name="parameters">Parameters of the component.</param>
public sealed class DialogRequest(string title, Type component, IDictionary<string, object> parameters)
{
    public string Title { get; } = title;

    public Type Component { get; } = component;

    public IDictionary<string, object> Parameters { get; } = parameters;

    internal TaskCompletionSource<object?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal object? Result { get; set; }

    internal bool Closing { get; set; }
}
