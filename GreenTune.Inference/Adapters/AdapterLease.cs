using GreenTune.Inference.Engine;

namespace GreenTune.Inference.Adapters;

/// <summary>A request's hold on an adapter: it stays in memory until every hold is given back, also once it was unloaded.</summary>
internal sealed class AdapterLease(LoadedAdapter adapter, Action release) : IDisposable
{
    private Action? _release = release;

    public LoadedAdapter Adapter { get; } = adapter;

    /// <summary>Hands the hold over to a generation: it is given back when that has ended, however it ends, and no longer by <see cref="Dispose"/>.</summary>
    public void HoldUntil(Task completion)
    {
        if (Interlocked.Exchange(ref _release, null) is { } release)
        {
            completion.ContinueWith(_ => release(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>May be called more than once.</summary>
    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
