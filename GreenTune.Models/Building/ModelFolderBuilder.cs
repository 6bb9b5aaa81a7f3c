using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;
using GreenTune.Models.Onnx;
using GreenTune.Models.Quantization;

namespace GreenTune.Models.Building;

/// <summary>What to build, and where.</summary>
public sealed record BuildRequest
{
    /// <summary>For example "greentune-tiny-int4".</summary>
    public required string Id { get; init; }

    /// <summary>For example "greentune-tiny".</summary>
    public required string ModelName { get; init; }

    /// <summary>The checkpoint's folder.</summary>
    public required string SourceFolder { get; init; }

    /// <summary>The folder to make; its parent is made where it is missing.</summary>
    public required string TargetFolder { get; init; }

    public required BuildOptions Options { get; init; }

    /// <summary>The source's identity where it is known already; computed otherwise.</summary>
    public SourceFingerprint? Fingerprint { get; init; }

    /// <summary>Build again where a usable folder is there.</summary>
    public bool Force { get; init; }
}

/// <summary>
/// Turns a checkpoint into a model folder. The folder is made under another name beside its place and moved there when it is complete, so that nothing
/// that looks complete is left by a build that was stopped. Of several processes that build one folder, one does and the others wait for it.
/// </summary>
public sealed class ModelFolderBuilder(TimeProvider clock)
{
    /// <summary>Raised when what is built changes: folders of other versions are stale.</summary>
    public const int Version = 2;

    private const string Producer = "GreenTune";

    /// <summary>Share of the disk that is left free.</summary>
    private const long SpareBytes = 64L << 20;

    /// <exception cref="ModelFolderException">The source cannot be used, or the disk is full.</exception>
    /// <exception cref="ArgumentException">The options do not go together.</exception>
    /// <exception cref="OperationCanceledException">Stopped; nothing is left behind.</exception>
    public Task<ModelFolder> BuildAsync(BuildRequest request, IProgress<BuildProgress>? progress, CancellationToken cancellationToken)
    {
        request.Options.Validate();
        // Reading, rounding and writing keep a core busy: not on the caller's thread.
        return Task.Run(() => BuildLockedAsync(request, progress, cancellationToken), cancellationToken);
    }

    private async Task<ModelFolder> BuildLockedAsync(BuildRequest request, IProgress<BuildProgress>? progress, CancellationToken cancellationToken)
    {
        var place = new BuildPlace(request.TargetFolder);
        using IDisposable held = await place.LockAsync(() => progress?.Report(new(request.Id, BuildStage.Waiting, 0)), clock, cancellationToken);
        place.RemoveLeftovers();
        if (!request.Force && TryOpen(place.Target) is { } there)
        {
            progress?.Report(new(request.Id, BuildStage.Done, 1));
            return there;
        }
        string temporary = place.NewTemporary();
        try
        {
            Write(request, temporary, progress, cancellationToken);
            progress?.Report(new(request.Id, BuildStage.Finishing, 1));
            ModelFolder.Open(temporary);
            cancellationToken.ThrowIfCancellationRequested();
            place.Publish(temporary);
        }
        catch (Exception e)
        {
            BuildPlace.Remove(temporary);
            if (e is IOException or UnauthorizedAccessException)
                throw new ModelFolderException(request.TargetFolder, $"{request.Id} could not be written: {e.Message}", e);
            throw;
        }
        progress?.Report(new(request.Id, BuildStage.Done, 1));
        return ModelFolder.Open(place.Target);
    }

    private void Write(BuildRequest request, string folder, IProgress<BuildProgress>? progress, CancellationToken cancellationToken)
    {
        progress?.Report(new(request.Id, BuildStage.Hashing, 0));
        SourceFingerprint fingerprint = request.Fingerprint ?? SourceFingerprint.Of(request.SourceFolder, null, cancellationToken);
        using Checkpoint checkpoint = Checkpoint.Open(request.SourceFolder);
        DecoderModel model = DecoderArchitectures.Read(checkpoint, request.Options.ContextLength);
        model = model with { Rotary = model.Rotary.RoundedTo(request.Options.RotaryFrequencies) };
        StopTokens tokens = StopTokens.Read(checkpoint, model.Shape.VocabularySize);
        CheckSpace(request, model);
        var meter = new ProgressMeter(request.Id, model.Parameters, progress);
        checkpoint.WriteTokenizerFiles(folder);
        IRounding? rounding = Roundings.Create(request.Options, model, folder, meter.Calibrating, cancellationToken);
        string embedding = WriteGraphs(folder, model, request.Options, rounding, meter.Written, cancellationToken);
        GenAIConfig.Write(folder, model, tokens, ModelFolder.GenAIGraphFile);
        Manifest(request, checkpoint, model, fingerprint, folder, embedding, rounding?.Calibration).Write(folder);
    }

    private static string WriteGraphs(string folder, DecoderModel model, BuildOptions options, IRounding? rounding, Action<long> written, CancellationToken cancellationToken)
    {
        using var file = new WeightFileWriter(Path.Combine(folder, ModelFolder.WeightsFile));
        DecoderWeights weights = DecoderWeights.Write(model, new WeightWriter(file, options, written, cancellationToken), options, rounding);
        file.Complete();
        var graph = new DecoderGraph(model, weights, options);
        string version = Version.ToString(System.Globalization.CultureInfo.InvariantCulture);
        graph.Engine().Save(Path.Combine(folder, ModelFolder.EngineGraphFile), Producer, version);
        graph.GenAI().Save(Path.Combine(folder, ModelFolder.GenAIGraphFile), Producer, version);
        graph.Scoring().Save(Path.Combine(folder, ModelFolder.ScoringGraphFile), Producer, version);
        return weights.EmbeddingForm;
    }

    private ModelManifest Manifest(BuildRequest request, Checkpoint checkpoint, DecoderModel model, SourceFingerprint fingerprint, string folder, string embedding, string? calibration)
    {
        BuildOptions options = request.Options;
        bool quantized = options.Bits is not null;
        return new ModelManifest
        {
            Id = request.Id,
            Model = request.ModelName,
            Options = options with { CalibrationFile = null, CalibrationText = options.CalibrationHash() },
            Precision = options.Precision,
            Provider = options.Provider,
            Activations = FloatTypes.Word(options.Activations),
            BlockSize = quantized ? options.BlockSize : null,
            Symmetric = quantized ? options.Symmetric : null,
            AccuracyLevel = quantized && options.Provider == Provider.Cpu ? options.AccuracyLevel : null,
            Method = quantized ? options.Method.Word() : null,
            Calibration = calibration,
            Embedding = embedding,
            Source = new ModelSource(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.SourceFolder))), fingerprint.Sha256, fingerprint.Weights, checkpoint.IsQuantized),
            Parameters = model.Parameters,
            BuilderVersion = Version,
            BuiltAt = clock.GetUtcNow(),
            Files = [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(f => new ManifestFile(Path.GetFileName(f), new FileInfo(f).Length))],
        };
    }

    private static void CheckSpace(BuildRequest request, DecoderModel model)
    {
        long needed = EstimatedBytes(model, request.Options) + SpareBytes;
        long free = new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(request.TargetFolder))!).AvailableFreeSpace;
        if (free < needed)
        {
            throw new ModelFolderException(request.TargetFolder,
                $"{request.Id} needs {needed >> 20} MB of disk and {free >> 20} MB are free; free some, or choose another cache folder with --cache or GREENTUNE_CACHE");
        }
    }

    /// <summary>Bytes of the weight file, about: matrices at their bits and one scale per block, tables and norms.</summary>
    internal static long EstimatedBytes(DecoderModel model, BuildOptions options)
    {
        DecoderShape shape = model.Shape;
        int wide = FloatTypes.Bytes(options.Activations);
        long table = (long)shape.VocabularySize * shape.HiddenSize;
        (int? embedding, int? head, bool shared) = TableWeights.Plan(model, options);
        double bytes = (model.Layers.Sum(l => l.Weights.Sum(w => w.Elements)) * PerWeight(options.Bits)) + (table * PerWeight(head)) + (shared ? 0 : table * PerWeight(embedding));
        return (long)bytes + ((long)shape.ContextLength * shape.HeadSize * wide) + (shape.Layers * 12L * 4096);

        double PerWeight(int? bits) => bits is null ? wide : (bits.Value / 8.0) + ((wide + (options.Symmetric ? 0 : 1)) / (double)options.BlockSize);
    }

    private static ModelFolder? TryOpen(string folder)
    {
        if (!Directory.Exists(folder))
            return null;
        try
        {
            return ModelFolder.Open(folder);
        }
        catch (ModelFolderException)
        {
            return null;
        }
    }

    /// <summary>Reports each percent once.</summary>
    private sealed class ProgressMeter(string id, long total, IProgress<BuildProgress>? progress)
    {
        private long _written;
        private int _percent = -1;

        /// <summary>Reports that a calibration text is at work, at the share that is written so far.</summary>
        public void Calibrating()
        {
            progress?.Report(new(id, BuildStage.Calibrating, Math.Max(0, _percent) / 100.0));
            // The next weights are said to be written even where they are less than a percent.
            _percent--;
        }

        public void Written(long elements)
        {
            _written += elements;
            int percent = (int)Math.Min(100, _written * 100 / Math.Max(1, total));
            if (percent > _percent)
                progress?.Report(new(id, BuildStage.Writing, (_percent = percent) / 100.0));
        }
    }
}
