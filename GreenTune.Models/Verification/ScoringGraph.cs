using GreenTune.Models.Adapters;
using GreenTune.Models.Folders;
using GreenTune.Models.Reference;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Models.Verification;

/// <summary>A folder's scoring graph: logits of every position of a text. Not for concurrent use.</summary>
internal sealed class ScoringGraph : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly ModelFolder _folder;
    private readonly IReadOnlyDictionary<string, OrtValue> _adapter;

    /// <param name="folder">A folder of ours.</param>
    /// <param name="options">Where the graph runs; the caller disposes it.</param>
    /// <param name="adapter">An adapter of the folder's to run with; null for the model alone.</param>
    /// <exception cref="ModelFolderException">The folder has no scoring graph.</exception>
    public ScoringGraph(ModelFolder folder, SessionOptions options, LowRankAdapter? adapter = null)
    {
        _folder = folder;
        _adapter = adapter is null ? new Dictionary<string, OrtValue>() : AdapterValues.Create(adapter);
        _session = new InferenceSession(folder.ScoringGraphPath ?? throw new ModelFolderException(folder.FolderPath, $"{ModelFolder.ScoringGraphFile} is missing"), options);
    }

    /// <summary>Logits [tokens, vocabulary] of one text.</summary>
    public float[] Logits(int[] tokens)
    {
        long[] ids = Array.ConvertAll(tokens, t => (long)t);
        var logits = new float[(long)tokens.Length * _folder.VocabularySize];
        var values = new List<OrtValue>();
        try
        {
            using var cache = new KeyValueCache(_folder, 1, tokens.Length);
            using OrtIoBinding binding = _session.CreateIoBinding();
            binding.BindInput("input_ids", Keep(OrtValue.CreateTensorValueFromMemory(ids, [1, tokens.Length])));
            binding.BindInput("seqlens_k", Keep(OrtValue.CreateTensorValueFromMemory(new[] { tokens.Length - 1 }, [1])));
            binding.BindInput("total_sequence_length", Keep(OrtValue.CreateTensorValueFromMemory(new[] { tokens.Length }, [])));
            cache.BindTo(binding);
            foreach ((string input, OrtValue value) in _adapter)
                binding.BindInput(input, value);
            binding.BindOutput("logits", Keep(OrtValue.CreateTensorValueFromMemory(logits, [1, tokens.Length, _folder.VocabularySize])));
            _session.RunWithBinding(_run, binding);
            return logits;
        }
        finally
        {
            foreach (OrtValue value in values)
                value.Dispose();
        }

        OrtValue Keep(OrtValue value)
        {
            values.Add(value);
            return value;
        }
    }

    /// <summary>Visits the logits of every position of every text, one text in memory at a time.</summary>
    public void Logits(IReadOnlyList<int[]> sequences, LogitsVisitor visit, CancellationToken cancellationToken = default)
    {
        for (int i = 0; i < sequences.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            float[] logits = Logits(sequences[i]);
            for (int position = 0; position < sequences[i].Length; position++)
                visit(i, position, logits.AsSpan(position * _folder.VocabularySize, _folder.VocabularySize));
        }
    }

    public void Dispose()
    {
        foreach (OrtValue value in _adapter.Values)
            value.Dispose();
        _run.Dispose();
        _session.Dispose();
    }
}
