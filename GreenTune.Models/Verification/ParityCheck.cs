using GreenTune.Models.Architectures;
using GreenTune.Models.Building;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;
using GreenTune.Models.Reference;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Models.Verification;

/// <summary>
/// Holds a folder of ours against its checkpoint: logits against a forward pass in plain C#, greedy tokens against ONNX Runtime GenAI's Generator. The result
/// is stored in the folder.
/// </summary>
public sealed class ParityCheck(TimeProvider clock)
{
    /// <param name="folder">A folder that GreenTune built.</param>
    /// <param name="sourceFolder">The checkpoint that it was built from.</param>
    /// <param name="options">How thoroughly.</param>
    /// <param name="progress">Told what the check does.</param>
    /// <param name="cancellationToken">Stops between layers and texts; nothing is stored.</param>
    /// <exception cref="ModelFolderException">The folder or the checkpoint cannot be used, or the folder is not of this checkpoint.</exception>
    /// <exception cref="OnnxRuntimeException">The graphs do not run on this device.</exception>
    public Task<ParityReport> RunAsync(ModelFolder folder, string sourceFolder, ParityOptions options, IProgress<ParityProgress>? progress, CancellationToken cancellationToken) =>
        Task.Run(() => Run(folder, sourceFolder, options, progress, cancellationToken), cancellationToken);

    private ParityReport Run(ModelFolder folder, string sourceFolder, ParityOptions options, IProgress<ParityProgress>? progress, CancellationToken cancellationToken)
    {
        ModelManifest manifest = folder.Manifest ?? throw new ModelFolderException(folder.FolderPath, $"{ModelManifest.FileName} is missing: folders from elsewhere have no checkpoint to be held against");
        if (manifest.Activations == "bfloat16" && !options.Cuda)
            throw new ModelFolderException(folder.FolderPath, "its activations are bfloat16, which run on CUDA alone; verify it there with --device cuda");
        SourceFingerprint source = SourceFingerprint.Of(sourceFolder, null, cancellationToken);
        if (source.Sha256 != manifest.Source.Sha256)
            throw new ModelFolderException(folder.FolderPath, $"it was built from other files than those in {sourceFolder}: the checkpoint's SHA-256 is {source.Sha256}, where {ModelManifest.FileName} says {manifest.Source.Sha256}");
        using Checkpoint checkpoint = Checkpoint.Open(sourceFolder);
        DecoderModel model = DecoderArchitectures.Read(checkpoint, folder.ContextLength);
        ParityText text = ParityText.Read(folder.FolderPath, folder.VocabularySize, Math.Min(options.TextLength, folder.ContextLength), options);

        progress?.Report(new("checkpoint in float32", 0.05));
        LogitComparison against = Compare("checkpoint", model, folder, text, options, cancellationToken);
        LogitComparison? stored = null;
        if (manifest.Precision != Precision.Fp32)
        {
            progress?.Report(new("stored weights in float32", 0.45));
            using var weights = new StoredDecoder(folder, model);
            stored = Compare("stored weights", weights.Model, folder, text, options, cancellationToken);
        }
        progress?.Report(new("greedy tokens", 0.85));
        var notChecked = new List<string>();
        GreedyComparison? greedy = Greedy(folder, text, options, notChecked, cancellationToken);
        string[] failures = [.. Failures(manifest, against, stored, greedy)];
        var report = new ParityReport
        {
            Passed = failures.Length == 0,
            Failures = failures,
            NotChecked = notChecked,
            CheckedAt = clock.GetUtcNow(),
            Runtime = $"ONNX Runtime {OrtEnv.Instance().GetVersionString()}",
            Device = options.Cuda ? "cuda" : "cpu",
            Text = text.Name,
            SourceSha256 = source.Sha256,
            Checkpoint = against,
            StoredWeights = stored,
            GenAI = greedy,
        };
        report.Write(folder.FolderPath);
        progress?.Report(new("done", 1));
        return report;
    }

    private static LogitComparison Compare(string against, DecoderModel model, ModelFolder folder, ParityText text, ParityOptions options, CancellationToken cancellationToken)
    {
        using SessionOptions session = Session(options);
        using var graph = new ScoringGraph(folder, session);
        var comparison = new LogitComparison.Builder(against, text.IsText);
        int current = -1;
        float[] logits = [];
        new ReferenceDecoder(model).Logits(text.Sequences, (sequence, position, reference) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            int[] tokens = text.Sequences[sequence];
            if (sequence != current)
                (current, logits) = (sequence, graph.Logits(tokens));
            comparison.Add(reference, logits.AsSpan(position * reference.Length, reference.Length), position + 1 < tokens.Length ? tokens[position + 1] : null);
        }, cancellationToken);
        return comparison.Build();
    }

    private static GreedyComparison? Greedy(ModelFolder folder, ParityText text, ParityOptions options, List<string> notChecked, CancellationToken cancellationToken)
    {
        if (options.GreedyPrompts == 0)
            return null;
        if (folder.Provider != Provider.Cpu || options.Cuda)
        {
            // Its Generator works in float32 on a CPU alone; another activation type takes other turns at close calls.
            notChecked.Add("Greedy tokens of ONNX Runtime GenAI's Generator: it is asked for folders with float32 activations, on a CPU.");
            return null;
        }
        int length = Math.Min(32, Math.Max(1, text.Sequences[0].Length / 4));
        int count = Math.Min(options.GreedyTokens, folder.ContextLength - length);
        int[][] prompts = [.. text.Sequences.SelectMany(s => s.Chunk(length)).Where(c => c.Length == length).Take(options.GreedyPrompts)];
        using SessionOptions session = Session(options);
        using var engine = new EngineGraph(folder, session, length + count);
        using var genai = new GenAIGenerator(folder);
        int equal = 0;
        foreach (int[] prompt in prompts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int[] ours = engine.Greedy(prompt, count, stop: true);
            int[] theirs = genai.Greedy(prompt, count);
            // GenAI leaves the stop token out.
            if (theirs.Length < ours.Length && folder.StopTokenIds.Contains(ours[^1]))
                ours = ours[..^1];
            if (ours.AsSpan().SequenceEqual(theirs))
                equal++;
        }
        return new GreedyComparison(prompts.Length, equal, count);
    }

    private static IEnumerable<string> Failures(ModelManifest manifest, LogitComparison checkpoint, LogitComparison? stored, GreedyComparison? greedy)
    {
        foreach (string failure in ParityLimits.OfGraphs(manifest).Failures(stored ?? checkpoint))
            yield return failure;
        if (!(checkpoint.Top1Agreement >= ParityLimits.Top1Floor))
            yield return FormattableString.Invariant($"The checkpoint's most likely token is the folder's at {checkpoint.Top1Agreement:P1} of the positions; {ParityLimits.Top1Floor:P0} are needed.");
        if (greedy is not null && greedy.Equal < greedy.Prompts)
            yield return $"Greedy answers to {greedy.Prompts - greedy.Equal} of {greedy.Prompts} prompts differ from those of ONNX Runtime GenAI's Generator.";
    }

    private static SessionOptions Session(ParityOptions options)
    {
        var session = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        if (options.Cuda)
            session.AppendExecutionProvider_CUDA(0);
        return session;
    }
}
