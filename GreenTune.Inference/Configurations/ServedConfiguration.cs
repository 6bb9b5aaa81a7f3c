using GreenTune.Core.Contracts;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;

namespace GreenTune.Inference.Configurations;

/// <summary>A configuration on its way to serving. States are set by the loader alone; anyone may wait for readiness.</summary>
/// <param name="id">For example "greentune-tiny-int4".</param>
/// <param name="model">For example "greentune-tiny".</param>
/// <param name="precision">"fp32", "fp16", "int8", "int4" or, for a folder from elsewhere that mixes them, "mixed".</param>
/// <param name="provider">"cpu" or "cuda".</param>
/// <param name="open">Opens the model's folder, building it where it has to be built.</param>
internal sealed class ServedConfiguration(string id, string model, string precision, string provider, Func<IProgress<BuildProgress>, CancellationToken, Task<ModelFolder>> open)
{
    private readonly HashSet<LoadClaim> _claims = [];
    private int _pins;
    private long _lastUsed;
    private volatile State _state = new(ConfigurationState.Waiting, null, NotLoaded());

    public string Id { get; } = id;

    public string Model { get; } = model;

    public string Precision { get; } = precision;

    public string Provider { get; } = provider;

    public Func<IProgress<BuildProgress>, CancellationToken, Task<ModelFolder>> OpenFolder { get; } = open;

    public ConfigurationState Stage => _state.Stage;

    /// <summary>Why it failed; null unless it did.</summary>
    public string? Error => _state.Error;

    /// <summary>Null until it is ready.</summary>
    public LoadedConfiguration? Loaded => _state.Loaded.Task is { IsCompletedSuccessfully: true } loaded ? loaded.Result : null;

    /// <summary>Counts requests for any configuration; the higher, the later this one was used.</summary>
    public long LastUsed => Volatile.Read(ref _lastUsed);

    /// <summary>Somebody needs it to stay in memory.</summary>
    public bool Pinned => Volatile.Read(ref _pins) > 0;

    /// <summary>Bytes that it takes of the device's memory while it is loaded.</summary>
    public long ResidentBytes { get; set; }

    /// <summary>Asked for a load when a request comes for one that is not in memory; set by the registry.</summary>
    internal Action<ServedConfiguration>? Load { get; set; }

    /// <summary>Completes when it is ready, which it is loaded for where it is not in memory.</summary>
    /// <exception cref="ConfigurationFailedException">It cannot be built or loaded.</exception>
    public Task<LoadedConfiguration> ReadyAsync(CancellationToken cancellation)
    {
        Volatile.Write(ref _lastUsed, Interlocked.Increment(ref s_uses));
        // Once: whoever sees it unloaded asks for the load that completes what it waits for.
        State state = _state;
        if (state.Stage == ConfigurationState.Unloaded)
        {
            Load?.Invoke(this);
        }

        return state.Loaded.Task.WaitAsync(cancellation);
    }

    /// <summary>Keeps it in memory until disposed, once it is there.</summary>
    public IDisposable Pin()
    {
        Interlocked.Increment(ref _pins);
        return new PinHold(this);
    }

    /// <summary>
    /// Lets a request that lost the model between its look-up and its submission keep what it is loaded for again: until this is disposed, the next load is not undone. To be held
    /// from the look-up to the submission and no longer, since everyone who waits for the room waits for it.
    /// </summary>
    public IDisposable ClaimLoad()
    {
        var claim = new LoadClaim(this);
        lock (_claims)
        {
            _claims.Add(claim);
        }

        return claim;
    }

    /// <summary>Keeps the folder from being removed by other processes; null until it is opened.</summary>
    internal IDisposable? FolderUse { get; set; }

    /// <summary>
    /// Lets go of the folder. What was loaded is not disposed: a request may still run in it, and its memory goes with the last one that does.
    /// </summary>
    internal void Release()
    {
        FolderUse?.Dispose();
        FolderUse = null;
    }

    internal void Enter(ConfigurationState stage) => _state = new State(stage, null, _state.Loaded);

    internal void Ready(LoadedConfiguration loaded)
    {
        State state = _state;
        _state = new State(ConfigurationState.Ready, null, state.Loaded);
        state.Loaded.TrySetResult(loaded);
    }

    /// <summary>It is not in memory any more, or has found no room there.</summary>
    /// <param name="reason">Tells those who wait for it why they wait in vain; null where nobody does.</param>
    internal void Unload(string? reason = null)
    {
        TaskCompletionSource<LoadedConfiguration> before = _state.Loaded;
        ResidentBytes = 0;
        _state = new State(ConfigurationState.Unloaded, reason, NotLoaded());
        if (reason is not null)
        {
            Refuse(before, reason);
        }
    }

    /// <summary>Unloads it once nobody claims the load it has. Only requests that lost an earlier one claim it, so those are few and come to an end.</summary>
    internal async Task UnloadUnclaimedAsync()
    {
        while (true)
        {
            Task served;
            lock (_claims)
            {
                if (_claims.Count == 0)
                {
                    Unload();
                    return;
                }

                served = Task.WhenAll(_claims.Select(claim => claim.Served));
            }

            await served;
        }
    }

    internal void Fail(string reason)
    {
        State state = _state;
        _state = new State(ConfigurationState.Failed, reason, state.Loaded);
        Refuse(state.Loaded, reason);
    }

    private void Refuse(TaskCompletionSource<LoadedConfiguration> loaded, string reason)
    {
        if (loaded.TrySetException(new ConfigurationFailedException(Id, reason)))
        {
            // Nobody may be waiting; the reason has been logged and is shown by the state.
            _ = loaded.Task.Exception;
        }
    }

    private static TaskCompletionSource<LoadedConfiguration> NotLoaded() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static long s_uses;

    private sealed class PinHold(ServedConfiguration configuration) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                Interlocked.Decrement(ref configuration._pins);
            }
        }
    }

    private sealed class LoadClaim(ServedConfiguration configuration) : IDisposable
    {
        private readonly TaskCompletionSource _served = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Served => _served.Task;

        public void Dispose()
        {
            lock (configuration._claims)
            {
                configuration._claims.Remove(this);
            }

            _served.TrySetResult();
        }
    }

    /// <summary>One value, so that nobody sees a stage with the load of another.</summary>
    /// <param name="Stage">Where it is on its way.</param>
    /// <param name="Error">Why it failed, or found no room.</param>
    /// <param name="Loaded">Completed by the load that this stage leads to, or was.</param>
    private sealed record State(ConfigurationState Stage, string? Error, TaskCompletionSource<LoadedConfiguration> Loaded);
}

/// <summary>A configuration cannot serve.</summary>
internal sealed class ConfigurationFailedException(string id, string reason) : Exception($"{id} cannot be served: {reason}");
