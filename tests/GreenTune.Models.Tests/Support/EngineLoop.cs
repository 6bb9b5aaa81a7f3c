using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Models.Tests.Support;

/// <summary>
/// The plainest loop over an engine graph: one binding for the prompt and one for all steps, where the chosen token and the next lengths are written
/// into the buffers that the next step reads.
/// </summary>
internal sealed class EngineLoop : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly ModelFolder _folder;
    private readonly int _batch;
    private readonly OrtValue[] _cache;
    private readonly long[] _tokens;
    private readonly int[] _lengths;
    private readonly int[] _total = new int[1];
    private readonly List<OrtValue> _values = [];
    private readonly OrtValue _tokenValue;
    private readonly OrtValue _lengthValue;
    private readonly OrtValue _totalValue;
    private readonly OrtValue _logitValue;
    private readonly OrtIoBinding _step;

    public EngineLoop(ModelFolder folder, int batch = 1, int? capacity = null)
    {
        _folder = folder;
        _batch = batch;
        // One thread: threads that wait for each other crawl on a machine that has other work.
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, IntraOpNumThreads = 1 };
        _session = new InferenceSession(folder.EngineGraphPath!, options);
        long[] shape = [batch, folder.KeyValueHeads, capacity ?? folder.ContextLength, folder.HeadSize];
        _cache = [.. Enumerable.Range(0, 2 * folder.Layers).Select(_ => OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, folder.KeyValueType, shape))];
        _tokens = new long[batch];
        _lengths = new int[batch];
        Logits = new float[batch * folder.VocabularySize];
        _tokenValue = Value(_tokens, batch, 1);
        _lengthValue = Value(_lengths, batch);
        _totalValue = Value(_total);
        _logitValue = Value(Logits, batch, 1, folder.VocabularySize);
        _step = Bind(_tokenValue, _lengthValue);
    }

    /// <summary>Logits of the last position after <see cref="Prefill"/> or <see cref="Step"/>, [batch, vocabulary].</summary>
    public float[] Logits { get; }

    /// <summary>Chosen tokens, one per row.</summary>
    public int[] Prefill(params int[][] prompts)
    {
        int length = prompts[0].Length;
        _total[0] = length;
        using OrtValue ids = OrtValue.CreateTensorValueFromMemory(prompts.SelectMany(p => p.Select(i => (long)i)).ToArray(), [_batch, length]);
        using OrtValue lengths = OrtValue.CreateTensorValueFromMemory(Enumerable.Repeat(length - 1, _batch).ToArray(), [_batch]);
        using OrtIoBinding binding = Bind(ids, lengths);
        _session.RunWithBinding(_run, binding);
        return Tokens();
    }

    public int[] Step()
    {
        _total[0]++;
        _session.RunWithBinding(_run, _step);
        return Tokens();
    }

    /// <summary>Length that the graph computed for the next step, one per row.</summary>
    public IReadOnlyList<int> NextLengths => _lengths;

    /// <summary>Greedy answer to one prompt, its stop token included.</summary>
    public int[] Answer(int[] prompt, int maximum)
    {
        var answer = new List<int> { Prefill(prompt)[0] };
        while (answer.Count < maximum && !_folder.StopTokenIds.Contains(answer[^1]))
            answer.Add(Step()[0]);
        return [.. answer];
    }

    public void Dispose()
    {
        _step.Dispose();
        foreach (OrtValue value in _values.Concat(_cache))
            value.Dispose();
        _run.Dispose();
        _session.Dispose();
    }

    private int[] Tokens() => [.. _tokens.Select(t => (int)t)];

    private OrtValue Value<T>(T[] memory, params long[] shape) where T : unmanaged
    {
        OrtValue value = OrtValue.CreateTensorValueFromMemory(memory, shape);
        _values.Add(value);
        return value;
    }

    private OrtIoBinding Bind(OrtValue ids, OrtValue lengths)
    {
        OrtIoBinding binding = _session.CreateIoBinding();
        binding.BindInput("input_ids", ids);
        binding.BindInput("seqlens_k", lengths);
        binding.BindInput("total_sequence_length", _totalValue);
        for (int i = 0; i < _cache.Length; i++)
        {
            string part = i % 2 == 0 ? "key" : "value";
            binding.BindInput($"past_key_values.{i / 2}.{part}", _cache[i]);
            binding.BindOutput($"present.{i / 2}.{part}", _cache[i]);
        }
        binding.BindOutput("logits", _logitValue);
        binding.BindOutput("next_token", _tokenValue);
        binding.BindOutput("seqlens_next", _lengthValue);
        return binding;
    }
}
