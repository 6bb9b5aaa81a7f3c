using System.Numerics.Tensors;
using GreenTune.Core.Attribution;
using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Engine.Running;

/// <summary>
/// Runs the graph of a folder from elsewhere in ONNX Runtime GenAI's format: logits come back, the host chooses. Rows take turns, one to a step, because
/// such a graph need not know rows of different lengths; and it must be one whose past and present may share memory.
/// </summary>
internal sealed class GenAIGraphRunner : IModelRunner
{
    private readonly RunnerSession _owned;
    private readonly InferenceSession _session;
    private readonly ModelFolder _folder;
    private readonly GenAIGraph _names;
    private readonly DeviceMemory _memory;
    private readonly KvMemory _keysAndValues;
    private readonly RunOptions _run = new();
    private readonly Dictionary<(int Class, int Slot), (OrtIoBinding Binding, OrtValue[] Values)> _bindings = [];
    private readonly int[] _stops;
    private readonly long[] _ids;
    private readonly long[] _mask;
    private readonly long[] _positions;
    private readonly TensorElementType _logitsType;
    private readonly bool _lastLogitsOnly;
    private float[] _logits;

    public GenAIGraphRunner(RunnerSession session, ModelFolder folder, DeviceMemory memory, RunnerPlan plan)
    {
        _owned = session;
        _session = session.Session;
        _folder = folder;
        _memory = memory;
        _names = folder.GenAI;
        _stops = [.. folder.StopTokenIds];
        Work = plan.Work;
        _keysAndValues = new KvMemory(memory, folder, plan.Classes);
        ContextLength = plan.Classes[^1].Capacity;
        _ids = new long[ContextLength];
        _mask = new long[ContextLength];
        Array.Fill(_mask, 1);
        _positions = [.. Enumerable.Range(0, ContextLength).Select(position => (long)position)];
        _logits = new float[folder.VocabularySize];
        NodeMetadata logits = _session.OutputMetadata[_names.Logits];
        _logitsType = logits.ElementDataType;
        // [batch, 1, vocabulary] or [batch, sequence, vocabulary]: a fixed 1 says that only the last position comes out.
        _lastLogitsOnly = logits.Dimensions is [_, 1, _];
    }

    public string ConfigurationId => _folder.Id;

    public int ContextLength { get; }

    public int VocabularySize => _folder.VocabularySize;

    public WorkModel Work { get; }

    public IReadOnlyList<KvClass> Classes => _keysAndValues.Classes;

    public int MaxBatch => 1;

    public int MaxPrefillRows => 1;

    public int MaxPrefillTokens => 0;

    public bool IsStop(int token) => Array.IndexOf(_stops, token) >= 0;

    public void Prefill(RowPlace first, int rows, ReadOnlySpan<int> tokens, int past, bool wantLogits, Span<int> next)
    {
        OrtIoBinding binding = Binding(first);
        for (int i = 0; i < tokens.Length; i++)
        {
            _ids[i] = tokens[i];
        }

        int count = tokens.Length;
        int positions = _lastLogitsOnly ? 1 : count;
        using OrtValue ids = Value(_ids, 0, count);
        using OrtValue mask = Value(_mask, 0, past + count);
        using OrtValue? places = _names.PositionIds is null ? null : Value(_positions, past, count);
        binding.BindInput(_names.InputIds, ids);
        binding.BindInput(_names.AttentionMask, mask);
        if (places is not null)
        {
            binding.BindInput(_names.PositionIds!, places);
        }

        if (_logitsType == TensorElementType.Float16)
        {
            var half = new Float16[positions * VocabularySize];
            RunInto(binding, half.AsMemory(), positions);
            ReadOnlySpan<Float16> last = half.AsSpan((positions - 1) * VocabularySize, VocabularySize);
            for (int id = 0; id < last.Length; id++)
            {
                _logits[id] = (float)last[id];
            }
        }
        else
        {
            if (_logits.Length < positions * VocabularySize)
            {
                _logits = new float[positions * VocabularySize];
            }

            RunInto(binding, _logits.AsMemory(0, positions * VocabularySize), positions);
            _logits.AsSpan((positions - 1) * VocabularySize, VocabularySize).CopyTo(_logits);
        }

        // The highest logit, ties to the lowest id.
        next[0] = TensorPrimitives.IndexOfMax(Logits(0));
    }

    public void Decode(RowPlace first, ReadOnlySpan<int> tokens, ReadOnlySpan<int> past, bool wantLogits, Span<int> next) =>
        Prefill(first, 1, tokens[..1], past[0], wantLogits, next);

    public ReadOnlySpan<float> Logits(int row) => _logits.AsSpan(0, VocabularySize);

    public void CopyRow(RowPlace from, RowPlace to, int tokens) => _keysAndValues.CopyRow(from.Class, from.Slot, to.Class, to.Slot, tokens);

    public KvStretch SaveStretch(RowPlace row, int at, int tokens) => _keysAndValues.Save(row.Class, row.Slot, at, tokens);

    public void RestoreStretch(KvStretch stretch, RowPlace row, int at, int tokens) => _keysAndValues.Restore(stretch, row.Class, row.Slot, at, tokens);

    public void DropStretch(KvStretch stretch) => _keysAndValues.Drop(stretch);

    public void Dispose()
    {
        foreach ((OrtIoBinding binding, OrtValue[] values) in _bindings.Values)
        {
            binding.Dispose();
            foreach (OrtValue value in values)
            {
                value.Dispose();
            }
        }

        _run.Dispose();
        _owned.Dispose();
        _keysAndValues.Dispose();
        _memory.Dispose();
    }

    private OrtIoBinding Binding(RowPlace row)
    {
        if (_bindings.TryGetValue((row.Class, row.Slot), out (OrtIoBinding Binding, OrtValue[] Values) known))
        {
            return known.Binding;
        }

        OrtIoBinding binding = _session.CreateIoBinding();
        var values = new List<OrtValue>();
        for (int layer = 0; layer < _folder.Layers; layer++)
        {
            OrtValue keys = _keysAndValues.Value(row.Class, layer, key: true, row.Slot, 1);
            OrtValue contents = _keysAndValues.Value(row.Class, layer, key: false, row.Slot, 1);
            binding.BindInput(GenAIGraph.OfLayer(_names.PastKeys, layer), keys);
            binding.BindInput(GenAIGraph.OfLayer(_names.PastValues, layer), contents);
            binding.BindOutput(GenAIGraph.OfLayer(_names.PresentKeys, layer), keys);
            binding.BindOutput(GenAIGraph.OfLayer(_names.PresentValues, layer), contents);
            values.AddRange([keys, contents]);
        }

        _bindings.Add((row.Class, row.Slot), (binding, [.. values]));
        return binding;
    }

    private void RunInto<T>(OrtIoBinding binding, Memory<T> logits, int rows)
        where T : unmanaged
    {
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, logits, [1, rows, VocabularySize]);
        binding.BindOutput(_names.Logits, value);
        _session.RunWithBinding(_run, binding);
    }

    private static OrtValue Value(long[] numbers, int start, int count) =>
        OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, numbers.AsMemory(start, count), [1, count]);
}
