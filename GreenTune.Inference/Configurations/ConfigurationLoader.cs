using GreenTune.Core.Contracts;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Running;
using GreenTune.Models;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;
using GreenTune.Models.Tokenization;
using Microsoft.Extensions.Options;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Inference.Configurations;

/// <summary>Builds and loads the configurations, the default one first, and warms each up before it serves.</summary>
internal sealed partial class ConfigurationLoader(
    ConfigurationRegistry registry,
    ExecutionProvider provider,
    IEngine engine,
    WarmUp warmUp,
    Residency residency,
    IOptions<InferenceOptions> options,
    ILogger<ConfigurationLoader> logger) : BackgroundService, IAsyncDisposable
{
    /// <summary>Sessions go only when no step can be running in them any more.</summary>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        await engine.DisposeAsync();
        foreach (ServedConfiguration configuration in registry.All)
        {
            configuration.Loaded?.Dispose();
            configuration.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Hosted services start one after the other: building must not hold up the server.
        await Task.Yield();
        engine.Meter.SetResident([]);
        foreach (ServedConfiguration configuration in registry.All.OrderByDescending(configuration => configuration.Id == options.Value.DefaultConfiguration))
        {
            await ServeAsync(configuration, evict: false, stoppingToken);
        }

        // What is built while the service runs, and what is asked for while it is not in memory.
        await foreach (ServedConfiguration configuration in registry.Added.ReadAllAsync(stoppingToken))
        {
            await ServeAsync(configuration, evict: true, stoppingToken);
        }
    }

    private async Task ServeAsync(ServedConfiguration configuration, bool evict, CancellationToken stoppingToken)
    {
        if (stoppingToken.IsCancellationRequested)
        {
            return;
        }

        try
        {
            if (await LoadAsync(configuration, evict, stoppingToken) is not { } loaded)
            {
                return;
            }

            await warmUp.RunAsync(loaded, stoppingToken);
            configuration.Ready(loaded);
            LogReady(configuration.Id);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
        catch (Exception e) when (e is ModelFolderException or OnnxRuntimeException or IOException or UnauthorizedAccessException or NotSupportedException or InvalidOperationException or DllNotFoundException)
        {
            configuration.Release();
            configuration.Fail(e.Message);
            LogFailed(e, configuration.Id);
        }
    }

    /// <summary>Null when there is no room for it now.</summary>
    private async Task<LoadedConfiguration?> LoadAsync(ServedConfiguration configuration, bool evict, CancellationToken cancellation)
    {
        using IDisposable busy = engine.Meter.Busy();
        configuration.Enter(ConfigurationState.Building);
        var progress = new Progress<BuildProgress>(at =>
        {
            if (at.Stage == BuildStage.Waiting)
            {
                LogWaiting(configuration.Id);
            }
        });
        ModelFolder folder = await configuration.OpenFolder(progress, cancellation);
        configuration.FolderUse = FolderUse.Hold(folder.FolderPath);
        CheckParity(folder, options.Value.ServeFailedFolders);
        if (await residency.MakeRoomAsync(configuration, folder, evict) is { } full)
        {
            configuration.Release();
            configuration.Unload(full);
            LogFull(configuration.Id, full);
            return null;
        }

        configuration.Enter(ConfigurationState.Loading);
        LoadedConfiguration loaded = await Task.Run(() => Open(folder, provider, RunnerBudget.Of(options.Value, provider.Cuda, registry.All.Count)), cancellation);
        residency.Add(configuration, folder);
        engine.Meter.SetResident([.. residency.Resident.Select(resident => resident.Id)]);
        LogMemory(configuration.Id, string.Join(", ", loaded.Runner.Classes.Select(kvClass => $"{kvClass.Slots} rows of {kvClass.Capacity} tokens")), loaded.Runner.Classes.Sum(kvClass => (long)kvClass.Slots * kvClass.Capacity) * folder.KeyValueBytesPerToken >> 20);
        return loaded;
    }

    /// <summary>A folder that was held against its checkpoint and failed answers something else than its model.</summary>
    /// <exception cref="ModelFolderException">It failed, and the settings do not want it served all the same.</exception>
    internal static void CheckParity(ModelFolder folder, bool serveFailed)
    {
        if (folder.Parity is { Passed: false } parity && !serveFailed)
        {
            throw new ModelFolderException(
                folder.FolderPath,
                $"it failed its check against its checkpoint: {string.Join(" ", parity.Failures)} Build it again (greentune models build {folder.Id} --force) and verify it, or serve it all the same with Inference:ServeFailedFolders");
        }
    }

    /// <summary>A folder's sessions and tokenizer.</summary>
    /// <exception cref="ModelFolderException">The folder has no tokenizer, or one that is not understood.</exception>
    internal static LoadedConfiguration Open(ModelFolder folder, ExecutionProvider provider, RunnerBudget budget)
    {
        if (!folder.HasTokenizer)
        {
            throw new ModelFolderException(folder.FolderPath, "has no tokenizer.json");
        }

        IModelRunner runner = RunnerFactory.Open(folder, provider, budget);
        SamplingDefaults usual = folder.Sampling;
        SamplingSettings sampling = usual.Sample ? new SamplingSettings { Temperature = usual.Temperature, TopP = usual.TopP, TopK = usual.TopK ?? 0 } : SamplingSettings.Greedy;
        return new LoadedConfiguration(folder.Id, runner, ChatTokenizer.Open(folder.FolderPath), sampling, folder.Parameters ?? 0, folder.WeightBytesPerStep ?? folder.Bytes)
        {
            Folder = folder,
            SourceQuantized = folder.Manifest?.Source.Quantized ?? false,
        };
    }

    [LoggerMessage(1, LogLevel.Information, "{Configuration} is ready")]
    private partial void LogReady(string configuration);

    [LoggerMessage(2, LogLevel.Error, "{Configuration} cannot be served")]
    private partial void LogFailed(Exception exception, string configuration);

    [LoggerMessage(4, LogLevel.Information, "{Configuration} is not loaded: {Reason}; it is when it is asked for and there is room")]
    private partial void LogFull(string configuration, string reason);

    [LoggerMessage(5, LogLevel.Information, "{Configuration} has room for {Rows} at once ({Megabytes} MB of keys and values)")]
    private partial void LogMemory(string configuration, string rows, long megabytes);

    [LoggerMessage(3, LogLevel.Information, "{Configuration} is being built by another process; waiting for it")]
    private partial void LogWaiting(string configuration);
}
