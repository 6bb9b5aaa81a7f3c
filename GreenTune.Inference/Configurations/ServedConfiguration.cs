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
    private volatile TaskCompletionSource<LoadedConfiguration> _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _pins;
    private long _lastUsed;
    private volatile State _state = new(ConfigurationState.Waiting, null);

    public string Id { get; } = id;

    public string Model { get; } = model;

    public string Precision { get; } = precision;

    public string Provider { get; } = provider;

    public Func<IProgress<BuildProgress>, CancellationToken, Task<ModelFolder>> OpenFolder { get; } = open;

    public ConfigurationState Stage => _state.Stage;

    /// <summary>Why it failed; null unless it did.</summary>
    public string? Error => _state.Error;

    /// <summary>Null until it is ready.</summary>
    public LoadedConfiguration? Loaded => _loaded.Task.IsCompletedSuccessfully ? _loaded.Task.Result : null;

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
        Task<LoadedConfiguration> loaded = _loaded.Task;
        if (Stage == ConfigurationState.Unloaded)
        {
            Load?.Invoke(this);
        }

        return loaded.WaitAsync(cancellation);
    }

    /// <summary>Keeps it in memory until disposed, once it is there.</summary>
    public IDisposable Pin()
    {
        Interlocked.Increment(ref _pins);
        return new PinHold(this);
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

    internal void Enter(ConfigurationState stage) => _state = new State(stage, null);

    internal void Ready(LoadedConfiguration loaded)
    {
        _state = new State(ConfigurationState.Ready, null);
        _loaded.TrySetResult(loaded);
    }

    /// <summary>It is not in memory any more, or has found no room there.</summary>
    /// <param name="reason">Tells those who wait for it why they wait in vain; null where nobody does.</param>
    internal void Unload(string? reason = null)
    {
        TaskCompletionSource<LoadedConfiguration> before = _loaded;
        _loaded = new TaskCompletionSource<LoadedConfiguration>(TaskCreationOptions.RunContinuationsAsynchronously);
        ResidentBytes = 0;
        _state = new State(ConfigurationState.Unloaded, reason);
        if (reason is not null && before.TrySetException(new ConfigurationFailedException(Id, reason)))
        {
            _ = before.Task.Exception;
        }
    }

    internal void Fail(string reason)
    {
        _state = new State(ConfigurationState.Failed, reason);
        if (_loaded.TrySetException(new ConfigurationFailedException(Id, reason)))
        {
            // Nobody may be waiting; the failure has been logged and is shown by the state.
            _ = _loaded.Task.Exception;
        }
    }

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

    private sealed record State(ConfigurationState Stage, string? Error);
}

/// <summary>A configuration cannot serve.</summary>
internal sealed class ConfigurationFailedException(string id, string reason) : Exception($"{id} cannot be served: {reason}");
