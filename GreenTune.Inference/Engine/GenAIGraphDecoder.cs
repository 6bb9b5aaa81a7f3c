using System.Numerics.Tensors;
using GreenTune.Core.Attribution;
using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Engine;

/// <summary>
/// Runs the graph of a folder from elsewhere in ONNX Runtime GenAI's format: logits come back, the host chooses. Slower than our own graph, and
/// it needs a graph whose past and present may share memory.
/// </summary>
internal sealed class GenAIGraphDecoder : IDecoder
{
    private readonly InferenceSession _session;
    private readonly GenAIGraph _names;
    private readonly DecoderMemory _memory;
    private readonly RunOptions _run = new();
    private readonly OrtIoBinding _binding;
    private readonly int[] _stops;
    private readonly long[] _ids;
    private readonly long[] _mask;
    private readonly long[] _positions;
    private readonly TensorElementType _logitsType;
    private readonly bool _lastLogitsOnly;
    private float[] _logits;
    private int _length;

    public GenAIGraphDecoder(InferenceSession session, ModelFolder folder, bool cuda, int contextLength, WorkModel work)
    {
        _session = session;
        _names = folder.GenAI;
        _stops = [.. folder.StopTokenIds];
        ConfigurationId = folder.Id;
        ContextLength = contextLength;
        VocabularySize = folder.VocabularySize;
        Work = work;
        _ids = new long[contextLength];
        _mask = new long[contextLength];
        Array.Fill(_mask, 1);
        _positions = [.. Enumerable.Range(0, contextLength).Select(position => (long)position)];
        _logits = new float[folder.VocabularySize];
        NodeMetadata logits = session.OutputMetadata[_names.Logits];
        _logitsType = logits.ElementDataType;
        // [batch, 1, vocabulary] or [batch, sequence, vocabulary]: a fixed 1 says that only the last position comes out.
        _lastLogitsOnly = logits.Dimensions is [_, 1, _];
        _memory = new DecoderMemory(session, cuda, folder.Layers, folder.KeyValueHeads, contextLength, folder.HeadSize, folder.KeyValueType);
        _binding = session.CreateIoBinding();
        for (int layer = 0; layer < folder.Layers; layer++)
        {
            _binding.BindInput(GenAIGraph.OfLayer(_names.PastKeys, layer), _memory.Keys[layer]);
            _binding.BindInput(GenAIGraph.OfLayer(_names.PastValues, layer), _memory.Values[layer]);
            _binding.BindOutput(GenAIGraph.OfLayer(_names.PresentKeys, layer), _memory.Keys[layer]);
            _binding.BindOutput(GenAIGraph.OfLayer(_names.PresentValues, layer), _memory.Values[layer]);
        }
    }

    public string ConfigurationId { get; }

    public int ContextLength { get; }

    public int VocabularySize { get; }

    public WorkModel Work { get; }

    public ReadOnlySpan<float> Logits => _logits.AsSpan(0, VocabularySize);

    public bool IsStop(int token) => Array.IndexOf(_stops, token) >= 0;

    public int Prefill(ReadOnlySpan<int> prompt, bool wantLogits)
    {
        _length = 0;
        return Run(prompt);
    }

    public int Decode(int token, bool wantLogits) => Run([token]);

    public void Dispose()
    {
        _binding.Dispose();
        _memory.Dispose();
        _run.Dispose();
        _session.Dispose();
    }

    private int Run(ReadOnlySpan<int> tokens)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            _ids[i] = tokens[i];
        }

        int count = tokens.Length;
        int total = _length + count;
        int rows = _lastLogitsOnly ? 1 : count;
        using OrtValue ids = Value(_ids, 0, count);
        using OrtValue mask = Value(_mask, 0, total);
        using OrtValue? positions = _names.PositionIds is null ? null : Value(_positions, _length, count);
        _binding.BindInput(_names.InputIds, ids);
        _binding.BindInput(_names.AttentionMask, mask);
        if (positions is not null)
        {
            _binding.BindInput(_names.PositionIds!, positions);
        }

        if (_logitsType == TensorElementType.Float16)
        {
            var half = new Float16[rows * VocabularySize];
            RunInto(half.AsMemory(), rows);
            CopyLast(half, rows);
        }
        else
        {
            if (_logits.Length < rows * VocabularySize)
            {
                _logits = new float[rows * VocabularySize];
            }

            RunInto(_logits.AsMemory(0, rows * VocabularySize), rows);
            _logits.AsSpan((rows - 1) * VocabularySize, VocabularySize).CopyTo(_logits);
        }

        _length = total;
        return Best();
    }

    private void RunInto<T>(Memory<T> logits, int rows)
        where T : unmanaged
    {
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, logits, [1, rows, VocabularySize]);
        _binding.BindOutput(_names.Logits, value);
        _session.RunWithBinding(_run, _binding);
    }

    private void CopyLast(Float16[] half, int rows)
    {
        ReadOnlySpan<Float16> last = half.AsSpan((rows - 1) * VocabularySize, VocabularySize);
        for (int id = 0; id < last.Length; id++)
        {
            _logits[id] = (float)last[id];
        }
    }

    /// <summary>The highest logit, ties to the lowest id.</summary>
    private int Best() => TensorPrimitives.IndexOfMax(Logits);

    private static OrtValue Value(long[] numbers, int start, int count) =>
        OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, numbers.AsMemory(start, count), [1, count]);
}
