using GreenTune.Dashboard.Services;

namespace GreenTune.Dashboard.Ui;

/// <summary>What a panel shows of a value that comes from elsewhere.</summary>
public enum LoadState
{
    /// <summary>The first value is on its way.</summary>
    Loading,

    Ready,

    /// <summary>The first value did not come.</summary>
    Failed,

    /// <summary>There is an older value, and the newer one did not come.</summary>
    Stale,
}

/// <summary>The part of <see cref="Loadable{T}"/> that a panel needs, whatever the value is.</summary>
public interface ILoadable
{
    LoadState State { get; }

    /// <summary>Why the newest value did not come; null when it did.</summary>
    string? Error { get; }

    /// <summary>When the value that is shown was loaded.</summary>
    DateTimeOffset? LoadedAt { get; }

    /// <summary>When it first failed since it last worked.</summary>
    DateTimeOffset? FailedSince { get; }
}

/// <summary>
/// A value that is loaded, perhaps fails, and is loaded again. A failed reload keeps the last value. Of several loads at once the newest wins.
/// Not safe for several threads: a component uses it on its dispatcher.
/// </summary>
public sealed class Loadable<T>(TimeProvider time) : ILoadable, IDisposable
    where T : class
{
    private CancellationTokenSource? _current;

    public T? Value { get; private set; }

    public string? Error { get; private set; }

    public DateTimeOffset? LoadedAt { get; private set; }

    public DateTimeOffset? FailedSince { get; private set; }

    /// <summary>What kind of failure <see cref="Error"/> is.</summary>
    public ServiceFailure? Failure { get; private set; }

    public LoadState State => (Value, Error) switch
    {
        (null, null) => LoadState.Loading,
        (null, _) => LoadState.Failed,
        (_, null) => LoadState.Ready,
        _ => LoadState.Stale,
    };

    /// <summary>Loads; returns false when a newer load or <see cref="Dispose"/> overtook it.</summary>
    public async Task<bool> LoadAsync(Func<CancellationToken, Task<T>> load)
    {
        _current?.Cancel();
        var mine = _current = new CancellationTokenSource();
        try
        {
            var value = await load(mine.Token);
            if (mine.IsCancellationRequested)
            {
                return false;
            }

            Set(value);
            return true;
        }
        catch (OperationCanceledException) when (mine.IsCancellationRequested)
        {
            return false;
        }
        catch (ServiceException e)
        {
            if (mine.IsCancellationRequested)
            {
                return false;
            }

            Error = e.Message;
            Failure = e.Failure;
            FailedSince ??= time.GetUtcNow();
            return true;
        }
        finally
        {
            if (_current == mine)
            {
                _current = null;
            }

            mine.Dispose();
        }
    }

    /// <summary>Takes a value that came by another way, an event for example.</summary>
    public void Set(T value)
    {
        Value = value;
        LoadedAt = time.GetUtcNow();
        Error = null;
        Failure = null;
        FailedSince = null;
    }

    /// <summary>Forgets the value: what is loaded next is something else.</summary>
    public void Clear()
    {
        _current?.Cancel();
        Value = null;
        LoadedAt = null;
        Error = null;
        Failure = null;
        FailedSince = null;
    }

    public void Dispose() => _current?.Cancel();
}
