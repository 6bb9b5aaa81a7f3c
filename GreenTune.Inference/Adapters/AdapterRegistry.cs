using GreenTune.Core.Contracts;
using GreenTune.Inference.Chat;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Models.Adapters;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Adapters;

/// <summary>Adapters in memory, by configuration. Safe for concurrent use.</summary>
internal sealed partial class AdapterRegistry(AdapterFolder files, IOptions<InferenceOptions> options, TimeProvider clock, ILogger<AdapterRegistry> logger) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Configuration, string Name), Resident> _resident = [];
    private readonly HashSet<(string Configuration, string Name)> _loading = [];
    private long _loads;

    /// <summary>Reads an adapter's file and keeps it for a configuration.</summary>
    /// <exception cref="AdapterException">The file cannot be read or is not for this configuration.</exception>
    /// <exception cref="AdapterRefusedException">It is loaded already, is not there, or there are as many as there may be.</exception>
    public async Task<AdapterView> LoadAsync(LoadedConfiguration configuration, string name, CancellationToken cancellation)
    {
        (string, string) key = (configuration.Id, name);
        lock (_gate)
        {
            if (_resident.ContainsKey(key) || _loading.Contains(key))
            {
                throw new AdapterRefusedException(StatusCodes.Status409Conflict, $"{configuration.Id}:{name} is loaded already. Unload it first to load its file again.");
            }

            if (_resident.Count + _loading.Count >= options.Value.MaxAdapters)
            {
                throw new AdapterRefusedException(StatusCodes.Status409Conflict, $"{options.Value.MaxAdapters} adapters are loaded, as many as Inference:MaxAdapters allows. Unload one first.");
            }

            _loading.Add(key);
        }

        try
        {
            string path = files.Find(name) ?? throw new AdapterRefusedException(StatusCodes.Status404NotFound, NotThere(name));
            Resident resident = await Task.Run(() => Read(configuration, name, path), cancellation);
            lock (_gate)
            {
                _resident.Add(key, resident);
            }

            LogLoaded(configuration.Id, name, resident.Rank, resident.Bytes >> 10);
            return resident.View();
        }
        finally
        {
            lock (_gate)
            {
                _loading.Remove(key);
            }
        }
    }

    /// <summary>Takes an adapter out of service. Requests that run with it end as usual; its memory goes with the last of them.</summary>
    /// <returns>False where it was not loaded.</returns>
    public bool Unload(string configuration, string name)
    {
        Resident? resident;
        lock (_gate)
        {
            if (!_resident.Remove((configuration, name), out resident))
            {
                return false;
            }

            resident.Retired = true;
            if (resident.Uses > 0)
            {
                LogRetired(configuration, name, resident.Uses);
                return true;
            }
        }

        resident.Adapter.Dispose();
        LogUnloaded(configuration, name);
        return true;
    }

    /// <summary>Holds the adapter that a model's name asks for.</summary>
    /// <param name="model">What the client asked for, for example "greentune-tiny-int4-lora:support".</param>
    /// <param name="configuration">The configuration that answers.</param>
    /// <returns>Null where the name asks for none.</returns>
    /// <exception cref="ApiException">404: it is not loaded (any more).</exception>
    public AdapterLease? Lease(string model, string configuration)
    {
        if (AdapterName.Of(model, configuration) is not { } name)
        {
            return null;
        }

        lock (_gate)
        {
            if (!_resident.TryGetValue((configuration, name), out Resident? resident))
            {
                throw new ApiException(StatusCodes.Status404NotFound, $"The adapter {configuration}:{name} is not loaded. GET /v1/models lists what is.", "model", "model_not_found");
            }

            resident.Uses++;
            return new AdapterLease(resident.Adapter, () => Release(resident));
        }
    }

    public bool IsLoaded(string configuration, string name)
    {
        lock (_gate)
        {
            return _resident.ContainsKey((configuration, name));
        }
    }

    /// <summary>Adapters of a configuration, by name.</summary>
    public IReadOnlyList<AdapterView> Of(string configuration)
    {
        lock (_gate)
        {
            return [.. _resident.Where(pair => pair.Key.Configuration == configuration).OrderBy(pair => pair.Key.Name, StringComparer.Ordinal).Select(pair => pair.Value.View())];
        }
    }

    public void Dispose()
    {
        foreach (Resident resident in _resident.Values)
        {
            resident.Adapter.Dispose();
        }

        _resident.Clear();
    }

    private Resident Read(LoadedConfiguration configuration, string name, string path)
    {
        LowRankAdapter adapter = configuration.Folder is { } folder
            ? LowRankAdapter.Load(folder, path)
            : throw new AdapterRefusedException(StatusCodes.Status409Conflict, $"{configuration.Id} takes no adapters.");
        // A file may change between two loads of one name: what the engine keeps by the adapter's id must not outlive a load.
        string id = $"{name}#{Interlocked.Increment(ref _loads)}";
        return new Resident(configuration.Id, name, adapter.Rank, adapter.Bytes, clock.GetUtcNow(), new LoadedAdapter(id, AdapterValues.Create(adapter)));
    }

    private string NotThere(string name)
    {
        IReadOnlyList<string> there = files.Names();
        return $"There is no adapter '{name}' among the files of the adapters folder (Inference:AdaptersFolder). "
            + (there.Count == 0 ? "It has none." : $"There are: {string.Join(", ", there.Take(20))}{(there.Count > 20 ? " and more" : "")}.");
    }

    private void Release(Resident resident)
    {
        lock (_gate)
        {
            if (--resident.Uses > 0 || !resident.Retired)
            {
                return;
            }
        }

        resident.Adapter.Dispose();
        LogUnloaded(resident.Configuration, resident.Name);
    }

    private sealed class Resident(string configuration, string name, int rank, long bytes, DateTimeOffset loadedAt, LoadedAdapter adapter)
    {
        public string Configuration { get; } = configuration;

        public string Name { get; } = name;

        public int Rank { get; } = rank;

        public long Bytes { get; } = bytes;

        public LoadedAdapter Adapter { get; } = adapter;

        /// <summary>Requests that run with it.</summary>
        public int Uses { get; set; }

        /// <summary>Unloaded: nobody finds it any more.</summary>
        public bool Retired { get; set; }

        public AdapterView View() => new() { Name = Name, Model = $"{Configuration}:{Name}", Rank = Rank, Bytes = Bytes, LoadedAt = loadedAt, Requests = Uses };
    }

    [LoggerMessage(1, LogLevel.Information, "{Configuration}:{Adapter} is loaded: rank {Rank}, {Kilobytes} kB")]
    private partial void LogLoaded(string configuration, string adapter, int rank, long kilobytes);

    [LoggerMessage(2, LogLevel.Information, "{Configuration}:{Adapter} is unloaded; {Requests} requests end with it")]
    private partial void LogRetired(string configuration, string adapter, int requests);

    [LoggerMessage(3, LogLevel.Information, "{Configuration}:{Adapter} is out of use")]
    private partial void LogUnloaded(string configuration, string adapter);
}

/// <summary>An adapter cannot be loaded or used as asked.</summary>
internal sealed class AdapterRefusedException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;
}
