using System.Globalization;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Running;
using GreenTune.Models;
using GreenTune.Models.Folders;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Configurations;

/// <summary>
/// Which configurations are in the device's memory. Weights and the least of keys and values are admitted before a load; who was used longest ago makes room. Called by the loader
/// alone, one load at a time.
/// </summary>
internal sealed partial class Residency(ConfigurationRegistry registry, ExecutionProvider provider, IEngine engine, IOptions<InferenceOptions> options, ILogger<Residency> logger)
{
    /// <summary>Share of a machine's memory that models may take, where the settings name no figure: the rest is the service's own and the system's.</summary>
    private const double ShareOfMemory = 0.8;

    private readonly List<ServedConfiguration> _resident = [];

    /// <summary>What is loaded, in the order of loading.</summary>
    public IReadOnlyList<ServedConfiguration> Resident => _resident;

    /// <summary>Makes room for a folder, as far as that takes nothing from anybody.</summary>
    /// <param name="newcomer">Who is to be loaded.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="evict">Whether others may be unloaded for it.</param>
    /// <returns>Null when there is room now; otherwise why there is none.</returns>
    /// <exception cref="ModelFolderException">It would not fit even alone.</exception>
    public async Task<string?> MakeRoomAsync(ServedConfiguration newcomer, ModelFolder folder, bool evict)
    {
        foreach (ServedConfiguration removed in _resident.Where(configuration => registry.Find(configuration.Id) != configuration).ToArray())
        {
            await UnloadAsync(removed);
        }

        long needed = Needed(folder);
        long limit = Limit();
        if (limit > 0 && needed > limit)
        {
            throw new ModelFolderException(folder.FolderPath, $"its weights are {Megabytes(folder.Bytes)} MB and the least of keys and values {Megabytes(needed - folder.Bytes)} MB, and models may take {Megabytes(limit)} MB of this {(provider.Cuda ? "GPU" : "machine or container")}; choose a lower precision or a smaller model");
        }

        while (limit > 0 && Taken() + needed > limit)
        {
            ServedConfiguration? oldest = evict ? _resident.Where(configuration => !configuration.Pinned && configuration != newcomer).MinBy(configuration => configuration.LastUsed) : null;
            if (oldest is null)
            {
                return $"there is no room for its {Megabytes(needed)} MB beside {string.Join(", ", _resident.Select(configuration => configuration.Id))}, which take {Megabytes(Taken())} of {Megabytes(limit)} MB";
            }

            await UnloadAsync(oldest);
            LogUnloaded(oldest.Id, newcomer.Id);
        }

        return null;
    }

    public void Add(ServedConfiguration configuration, ModelFolder folder)
    {
        configuration.ResidentBytes = Needed(folder);
        _resident.Add(configuration);
    }

    /// <summary>Weights, and one row of the longest context.</summary>
    private long Needed(ModelFolder folder) =>
        folder.Bytes + (options.Value.KvCacheMegabytes > 0 ? (long)options.Value.KvCacheMegabytes << 20 : Math.Min(folder.ContextLength, options.Value.MaxContextTokens) * folder.KeyValueBytesPerToken);

    private async Task UnloadAsync(ServedConfiguration configuration)
    {
        LoadedConfiguration? loaded = configuration.Loaded;
        await configuration.UnloadUnclaimedAsync();
        configuration.Release();
        _resident.Remove(configuration);
        if (loaded is not null)
        {
            // Requests that run in it end first. Its tokenizer goes with the last answer that is still being read.
            await engine.RetireAsync(loaded.Runner);
            engine.Meter.SetResident([.. _resident.Select(resident => resident.Id)]);
        }
    }

    private long Taken() => _resident.Sum(configuration => configuration.ResidentBytes);

    /// <summary>Bytes that models may take; 0 where that is not known.</summary>
    private long Limit() => options.Value.ModelMemoryMegabytes > 0
        ? (long)options.Value.ModelMemoryMegabytes << 20
        : provider.Cuda
            ? (long)(CudaRuntime.Memory().Total * ShareOfMemory)
            : (long)(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * ShareOfMemory);

    private static string Megabytes(long bytes) => (bytes >> 20).ToString(CultureInfo.InvariantCulture);

    [LoggerMessage(1, LogLevel.Information, "{Unloaded} was unloaded to make room for {Newcomer}; the next request for it loads it again")]
    private partial void LogUnloaded(string unloaded, string newcomer);
}
