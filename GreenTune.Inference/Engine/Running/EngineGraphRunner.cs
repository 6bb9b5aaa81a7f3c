using GreenTune.Core.Attribution;
using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Engine.Running;

/// <summary>
/// Runs our own engine graph: lengths come in as numbers and the device chooses the token. Token and length buffers are both input and output of a
/// decode step, so that in a steady batch nothing is sent to the device. On CUDA a step is captured once for each number of rows and capacity and replayed from then on.
/// </summary>
internal sealed class EngineGraphRunner : IModelRunner
{
    /// <summary>Bindings kept; more are made when rows move about with many adapters, and the old ones are dropped then.</summary>
    private const int MostBindings = 1024;

    private readonly RunnerSession _owned;
    private readonly InferenceSession _session;
    private readonly ModelFolder _folder;
    private readonly DeviceMemory _memory;
    private readonly bool _cuda;
    private readonly KvMemory _keysAndValues;
    private readonly int[] _stops;
    private readonly Dictionary<(RowPlace First, int Rows, bool Logits), DecodeBinding> _decodes = [];
    private readonly Dictionary<(RowPlace First, int Rows, bool Logits), PrefillBinding> _prefills = [];

    private readonly nint _tokens;
    private readonly nint _lengths;
    private readonly nint _prompt;
    private readonly nint _promptLength;
    private readonly nint _promptToken;
    private readonly nint _logits;
    private readonly long[] _wide;
    private readonly float[] _hostLogits;
    private readonly DeviceRows _device;
    private int _graphs;

    public EngineGraphRunner(RunnerSession session, ModelFolder folder, DeviceMemory memory, RunnerPlan plan)
    {
        _owned = session;
        _session = session.Session;
        _folder = folder;
        _memory = memory;
        _cuda = memory is CudaMemory;
        Work = plan.Work;
        MaxBatch = plan.MaxRows;
        _stops = [.. folder.StopTokenIds];
        _keysAndValues = new KvMemory(memory, folder, plan.Classes);
        ContextLength = plan.Classes[^1].Capacity;
        int rows = plan.Classes.Max(kvClass => kvClass.Slots);
        _tokens = memory.Allocate((long)rows * sizeof(long));
        _lengths = memory.Allocate((long)rows * sizeof(int));
        MaxPrefillTokens = plan.MaxPrefillTokens;
        MaxPrefillRows = MaxPrefillTokens > 0 ? Math.Min(rows, MaxBatch) : 1;
        _prompt = memory.Allocate((long)Math.Max(ContextLength, MaxPrefillTokens) * sizeof(long));
        _promptLength = memory.Allocate((long)rows * sizeof(int));
        _promptToken = memory.Allocate((long)rows * sizeof(long));
        _logits = memory.Allocate((long)Math.Min(rows, MaxBatch) * folder.VocabularySize * sizeof(float));
        _wide = new long[Math.Max(Math.Max(ContextLength, MaxPrefillTokens), rows)];
        _hostLogits = new float[folder.VocabularySize];
        _device = new DeviceRows(rows);
    }

    public string ConfigurationId => _folder.Id;

    public int ContextLength { get; }

    public int VocabularySize => _folder.VocabularySize;

    public WorkModel Work { get; }

    public IReadOnlyList<KvClass> Classes => _keysAndValues.Classes;

    public int MaxBatch { get; }

    public int MaxPrefillRows { get; }

    public int MaxPrefillTokens { get; }

    public bool IsStop(int token) => Array.IndexOf(_stops, token) >= 0;

    public void Prefill(RowPlace first, int rows, ReadOnlySpan<int> tokens, int past, bool wantLogits, Span<int> next)
    {
        bool logits = wantLogits || _cuda;
        if (!_prefills.TryGetValue((first, rows, logits), out PrefillBinding? binding))
        {
            Trim();
            binding = BindPrefill(first, rows, logits);
            _prefills.Add((first, rows, logits), binding);
        }

        int length = tokens.Length / rows;
        Widen(tokens);
        _memory.Upload<long>(_prompt, _wide.AsSpan(0, tokens.Length));
        Span<int> last = stackalloc int[rows];
        last.Fill(past + length - 1);
        _memory.Upload<int>(_promptLength, last);
        binding.Total[0] = past + length;
        using OrtValue ids = Number(TensorElementType.Int64, _prompt, sizeof(long), rows, length);
        binding.Binding.BindInput("input_ids", ids);
        _session.RunWithBinding(binding.Run, binding.Binding);
        Span<long> chosen = _wide.AsSpan(0, rows);
        _memory.Download(chosen, _promptToken);
        for (int row = 0; row < rows; row++)
        {
            next[row] = (int)chosen[row];
        }
    }

    public void Decode(RowPlace first, ReadOnlySpan<int> tokens, ReadOnlySpan<int> past, bool wantLogits, Span<int> next)
    {
        int rows = tokens.Length;
        int padded = Padded(first, rows);
        bool logits = wantLogits || _cuda;
        if (!_decodes.TryGetValue((first, padded, logits), out DecodeBinding? binding))
        {
            Trim();
            binding = BindDecode(first, padded, logits);
            _decodes.Add((first, padded, logits), binding);
        }

        // On a GPU the graph is captured with the class's capacity as the longest length; a CPU looks at no more than it must.
        binding.Total[0] = _cuda ? Classes[first.Class].Capacity : Longest(past[..rows]) + 1;
        Send(tokens, past, padded);
        _session.RunWithBinding(binding.Run, binding.Binding);
        if (binding.CapturesNext)
        {
            binding.CapturesNext = false;
            // The run that captures also runs, more than once, and lengths and tokens have gone on with it: once more from where it began.
            _device.Forget();
            Send(tokens, past, padded);
            _session.RunWithBinding(binding.Run, binding.Binding);
        }

        Span<long> chosen = _wide.AsSpan(0, rows);
        _memory.Download(chosen, _tokens);
        for (int row = 0; row < rows; row++)
        {
            next[row] = (int)chosen[row];
        }

        _device.Ran(next[..rows]);
    }

    public ReadOnlySpan<float> Logits(int row)
    {
        _memory.Download<float>(_hostLogits, _logits + (nint)((long)row * VocabularySize * sizeof(float)));
        return _hostLogits;
    }

    public void CopyRow(RowPlace from, RowPlace to, int tokens) => _keysAndValues.CopyRow(from.Class, from.Slot, to.Class, to.Slot, tokens);

    public KvStretch SaveStretch(RowPlace row, int at, int tokens) => _keysAndValues.Save(row.Class, row.Slot, at, tokens);

    public void RestoreStretch(KvStretch stretch, RowPlace row, int at, int tokens) => _keysAndValues.Restore(stretch, row.Class, row.Slot, at, tokens);

    public void DropStretch(KvStretch stretch) => _keysAndValues.Drop(stretch);

    public void Dispose()
    {
        Drop(_decodes);
        Drop(_prefills);
        _owned.Dispose();
        _keysAndValues.Dispose();
        _memory.Dispose();
    }

    /// <summary>Rows of the step: on a GPU rounded up, so that few graphs are captured; the rows added compute on slots that nobody reads.</summary>
    private int Padded(RowPlace first, int rows) => _cuda && first is { Slot: 0, Adapter: null } ? BatchSizes.RoundUp(rows, Math.Min(MaxBatch, Classes[first.Class].Slots)) : rows;

    private void Send(ReadOnlySpan<int> tokens, ReadOnlySpan<int> past, int padded)
    {
        if (!_device.Holds(tokens, past, padded))
        {
            Widen(tokens);
            _wide.AsSpan(tokens.Length, padded - tokens.Length).Clear();
            _memory.Upload<long>(_tokens, _wide.AsSpan(0, padded));
            _memory.Upload(_lengths, past[..padded]);
            _device.Sent(tokens, past, padded);
        }
    }

    private DecodeBinding BindDecode(RowPlace first, int rows, bool logits)
    {
        bool captures = _cuda && first is { Slot: 0, Adapter: null };
        var binding = new DecodeBinding(_session, captures ? ++_graphs : null, _cuda);
        binding.Input("input_ids", Number(TensorElementType.Int64, _tokens, sizeof(long), rows, 1));
        binding.Input("seqlens_k", Number(TensorElementType.Int32, _lengths, sizeof(int), rows));
        binding.Output("seqlens_next", Number(TensorElementType.Int32, _lengths, sizeof(int), rows));
        binding.Output("next_token", Number(TensorElementType.Int64, _tokens, sizeof(long), rows, 1));
        BindShared(binding, first, rows, logits);
        return binding;
    }

    private PrefillBinding BindPrefill(RowPlace first, int rows, bool logits)
    {
        var binding = new PrefillBinding(_session, _cuda);
        binding.Input("seqlens_k", Number(TensorElementType.Int32, _promptLength, sizeof(int), rows));
        binding.Output("next_token", Number(TensorElementType.Int64, _promptToken, sizeof(long), rows, 1));
        BindShared(binding, first, rows, logits);
        return binding;
    }

    private void BindShared(StepBinding binding, RowPlace first, int rows, bool logits)
    {
        for (int layer = 0; layer < _folder.Layers; layer++)
        {
            foreach (bool key in (ReadOnlySpan<bool>)[true, false])
            {
                OrtValue value = _keysAndValues.Value(first.Class, layer, key, first.Slot, rows);
                string name = key ? "key" : "value";
                binding.Input($"past_key_values.{layer}.{name}", value);
                binding.Output($"present.{layer}.{name}", value);
            }
        }

        if (logits)
        {
            binding.Output("logits", Number(TensorElementType.Float, _logits, sizeof(float), rows, 1, VocabularySize));
        }

        foreach ((string name, OrtValue value) in first.Adapter?.Inputs ?? Enumerable.Empty<KeyValuePair<string, OrtValue>>())
        {
            binding.Borrow(name, value);
        }
    }

    private OrtValue Number(TensorElementType type, nint address, int size, params long[] shape) =>
        OrtValue.CreateTensorValueWithData(_memory.Info, type, shape, address, shape.Aggregate((long)size, (product, length) => product * length));

    private void Widen(ReadOnlySpan<int> tokens)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            _wide[i] = tokens[i];
        }
    }

    private static int Longest(ReadOnlySpan<int> past)
    {
        int longest = 0;
        foreach (int length in past)
        {
            longest = Math.Max(longest, length);
        }

        return longest;
    }

    /// <summary>Captured graphs stay: their memory is ONNX Runtime's, and making them again costs more than they do.</summary>
    private void Trim()
    {
        if (_prefills.Count >= MostBindings)
        {
            Drop(_prefills);
        }

        if (!_cuda && _decodes.Count >= MostBindings)
        {
            Drop(_decodes);
        }
    }

    private static void Drop<TKey, TBinding>(Dictionary<TKey, TBinding> bindings)
        where TKey : notnull
        where TBinding : StepBinding
    {
        foreach (TBinding binding in bindings.Values)
        {
            binding.Dispose();
        }

        bindings.Clear();
    }
}
