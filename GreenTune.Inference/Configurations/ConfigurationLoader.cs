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
    IOptions<InferenceOptions> options,
    ILogger<ConfigurationLoader> logger) : BackgroundService, IAsyncDisposable
{
    private readonly List<string> _resident = [];

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
            await ServeAsync(configuration, stoppingToken);
        }

        // What is built while the service runs.
        await foreach (ServedConfiguration configuration in registry.Added.ReadAllAsync(stoppingToken))
        {
            await ServeAsync(configuration, stoppingToken);
        }
    }

    private async Task ServeAsync(ServedConfiguration configuration, CancellationToken stoppingToken)
    {
        if (stoppingToken.IsCancellationRequested)
        {
            return;
        }

        try
        {
            LoadedConfiguration loaded = await LoadAsync(configuration, stoppingToken);
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

    private async Task<LoadedConfiguration> LoadAsync(ServedConfiguration configuration, CancellationToken cancellation)
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
        CheckMemory(folder);
        CheckParity(folder, options.Value.ServeFailedFolders);
        configuration.Enter(ConfigurationState.Loading);
        LoadedConfiguration loaded = await Task.Run(() => Open(folder, provider, RunnerBudget.Of(options.Value, provider.Cuda, registry.All.Count)), cancellation);
        _resident.Add(configuration.Id);
        _resident.RemoveAll(id => id != configuration.Id && registry.Find(id) is null);
        engine.Meter.SetResident([.. _resident]);
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

    /// <summary>Weights that cannot fit would have the system end the whole service.</summary>
    private void CheckMemory(ModelFolder folder)
    {
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (!provider.Cuda && memory > 0 && folder.Bytes > memory)
        {
            throw new ModelFolderException(folder.FolderPath, $"its weights are {folder.Bytes >> 20} MB, and this machine or container has {memory >> 20} MB of memory; choose a lower precision or a smaller model");
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

    [LoggerMessage(3, LogLevel.Information, "{Configuration} is being built by another process; waiting for it")]
    private partial void LogWaiting(string configuration);
}
