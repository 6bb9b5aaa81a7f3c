using GreenTune.Core.Attribution;
using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Inference.Engine;

/// <summary>
/// Runs our own engine graph: the device chooses the token, lengths come in as numbers. The cache and the outputs are bound once, a step's
/// numbers each time.
/// </summary>
internal sealed class EngineGraphDecoder : IDecoder
{
    private readonly InferenceSession _session;
    private readonly DecoderMemory _memory;
    private readonly RunOptions _run = new();
    private readonly int[] _stops;

    private readonly long[] _tokenIn = new long[1];
    private readonly int[] _lastPosition = new int[1];
    private readonly int[] _total = new int[1];
    private readonly long[] _tokenOut = new long[1];
    private readonly float[] _logits;
    private readonly long[] _prompt;

    private readonly OrtValue _tokenInValue;
    private readonly OrtValue _lastPositionValue;
    private readonly OrtValue _totalValue;
    private readonly OrtValue _tokenOutValue;
    private readonly OrtValue _logitsValue;

    private readonly OrtIoBinding _greedy;
    private readonly OrtIoBinding _withLogits;
    private int _length;

    public EngineGraphDecoder(InferenceSession session, ModelFolder folder, bool cuda, int contextLength, WorkModel work)
    {
        _session = session;
        _stops = [.. folder.StopTokenIds];
        ConfigurationId = folder.Id;
        ContextLength = contextLength;
        VocabularySize = folder.VocabularySize;
        Work = work;
        _logits = new float[folder.VocabularySize];
        _prompt = new long[contextLength];
        _memory = new DecoderMemory(session, cuda, folder.Layers, folder.KeyValueHeads, contextLength, folder.HeadSize, folder.KeyValueType);

        _tokenInValue = OrtValue.CreateTensorValueFromMemory(_tokenIn, [1, 1]);
        _lastPositionValue = OrtValue.CreateTensorValueFromMemory(_lastPosition, [1]);
        _totalValue = OrtValue.CreateTensorValueFromMemory(_total, []);
        _tokenOutValue = OrtValue.CreateTensorValueFromMemory(_tokenOut, [1, 1]);
        _logitsValue = OrtValue.CreateTensorValueFromMemory(_logits, [1, 1, folder.VocabularySize]);
        _greedy = Bind(logits: false);
        _withLogits = Bind(logits: true);
    }

    public string ConfigurationId { get; }

    public int ContextLength { get; }

    public int VocabularySize { get; }

    public WorkModel Work { get; }

    public ReadOnlySpan<float> Logits => _logits;

    public bool IsStop(int token) => Array.IndexOf(_stops, token) >= 0;

    public int Prefill(ReadOnlySpan<int> prompt, bool wantLogits)
    {
        for (int i = 0; i < prompt.Length; i++)
        {
            _prompt[i] = prompt[i];
        }

        using OrtValue ids = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _prompt.AsMemory(0, prompt.Length), [1, prompt.Length]);
        return Run(wantLogits ? _withLogits : _greedy, ids, prompt.Length);
    }

    public int Decode(int token, bool wantLogits)
    {
        _tokenIn[0] = token;
        return Run(wantLogits ? _withLogits : _greedy, _tokenInValue, _length + 1);
    }

    public void Dispose()
    {
        _greedy.Dispose();
        _withLogits.Dispose();
        foreach (OrtValue value in (OrtValue[])[_tokenInValue, _lastPositionValue, _totalValue, _tokenOutValue, _logitsValue])
        {
            value.Dispose();
        }

        _memory.Dispose();
        _run.Dispose();
        _session.Dispose();
    }

    private int Run(OrtIoBinding binding, OrtValue ids, int length)
    {
        _length = length;
        _lastPosition[0] = length - 1;
        _total[0] = length;
        // Where the graph runs on a GPU, a number is copied there when it is bound, not when the graph runs.
        binding.BindInput("input_ids", ids);
        binding.BindInput("seqlens_k", _lastPositionValue);
        binding.BindInput("total_sequence_length", _totalValue);
        binding.SynchronizeBoundInputs();
        _session.RunWithBinding(_run, binding);
        return (int)_tokenOut[0];
    }

    private OrtIoBinding Bind(bool logits)
    {
        OrtIoBinding binding = _session.CreateIoBinding();
        for (int layer = 0; layer < _memory.Keys.Length; layer++)
        {
            binding.BindInput($"past_key_values.{layer}.key", _memory.Keys[layer]);
            binding.BindInput($"past_key_values.{layer}.value", _memory.Values[layer]);
            binding.BindOutput($"present.{layer}.key", _memory.Keys[layer]);
            binding.BindOutput($"present.{layer}.value", _memory.Values[layer]);
        }

        binding.BindOutput("next_token", _tokenOutValue);
        if (logits)
        {
            binding.BindOutput("logits", _logitsValue);
        }

        return binding;
    }
}
