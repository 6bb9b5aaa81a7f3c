using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Models.Verification;

/// <summary>
/// The plainest loop over an engine graph, one text at a time: what the graph itself computes, without an engine around it. Not for concurrent use.
/// </summary>
internal sealed class EngineGraph : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly ModelFolder _folder;
    private readonly KeyValueCache _cache;
    private readonly int _capacity;

    /// <param name="folder">A folder of ours.</param>
    /// <param name="options">Where the graph runs; the caller disposes it.</param>
    /// <param name="capacity">Tokens of the longest text.</param>
    public EngineGraph(ModelFolder folder, SessionOptions options, int capacity)
    {
        _folder = folder;
        _capacity = capacity;
        _session = new InferenceSession(folder.EngineGraphPath ?? throw new ModelFolderException(folder.FolderPath, $"{ModelFolder.EngineGraphFile} is missing"), options);
        _cache = new KeyValueCache(folder, 1, capacity);
    }

    /// <summary>Logits behind the last step, [vocabulary].</summary>
    public float[] Logits { get; private set; } = [];

    /// <summary>Logits of a text's last position.</summary>
    public float[] LastLogits(int[] text)
    {
        Step(text, text.Length);
        return Logits;
    }

    /// <summary>Greedy continuation of exactly <paramref name="count"/> tokens, or up to the first stop token, which is included, where <paramref name="stop"/> says so.</summary>
    public int[] Greedy(int[] prompt, int count, bool stop = false)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prompt.Length + count, _capacity);
        var answer = new List<int> { Step(prompt, prompt.Length) };
        while (answer.Count < count && !(stop && _folder.StopTokenIds.Contains(answer[^1])))
            answer.Add(Step([answer[^1]], prompt.Length + answer.Count));
        return [.. answer];
    }

    public void Dispose()
    {
        _cache.Dispose();
        _run.Dispose();
        _session.Dispose();
    }

    /// <summary>The chosen token behind <paramref name="tokens"/>, the last of <paramref name="total"/>.</summary>
    private int Step(int[] tokens, int total)
    {
        var next = new long[1];
        Logits = new float[_folder.VocabularySize];
        using OrtValue ids = OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(tokens, t => (long)t), [1, tokens.Length]);
        using OrtValue lengths = OrtValue.CreateTensorValueFromMemory(new[] { total - 1 }, [1]);
        using OrtValue totalValue = OrtValue.CreateTensorValueFromMemory(new[] { total }, []);
        using OrtValue nextValue = OrtValue.CreateTensorValueFromMemory(next, [1, 1]);
        using OrtValue nextLengths = OrtValue.CreateTensorValueFromMemory(new int[1], [1]);
        using OrtValue logits = OrtValue.CreateTensorValueFromMemory(Logits, [1, 1, _folder.VocabularySize]);
        using OrtIoBinding binding = _session.CreateIoBinding();
        binding.BindInput("input_ids", ids);
        binding.BindInput("seqlens_k", lengths);
        binding.BindInput("total_sequence_length", totalValue);
        _cache.BindTo(binding);
        binding.BindOutput("next_token", nextValue);
        binding.BindOutput("seqlens_next", nextLengths);
        binding.BindOutput("logits", logits);
        _session.RunWithBinding(_run, binding);
        return (int)next[0];
    }
}
