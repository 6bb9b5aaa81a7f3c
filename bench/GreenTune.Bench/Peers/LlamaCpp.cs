using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace GreenTune.Bench.Peers;

/// <summary>
/// llama.cpp's C API (llama.h), as far as a bench needs it. Its parameter structures grow from version to version; only the first fields are set, and opening
/// fails where the defaults do not begin as they are known to.
/// </summary>
internal sealed unsafe class LlamaCpp : IDisposable
{
    private const int ContextLengthField = 0;
    private const int BatchField = 1;
    private const int SequencesField = 3;

    private readonly nint _library;
    private readonly delegate* unmanaged<nint, Batch, int> _decode;
    private readonly delegate* unmanaged<nint, int, float*> _logits;
    private readonly delegate* unmanaged<nint, byte, void> _clear;
    private readonly nint _model;
    private readonly nint _context;
    private readonly nint _memory;
    private readonly int _vocabulary;
    private readonly int _capacity;

    // Native memory for one batch, [tokens].
    private readonly int* _tokens;
    private readonly int* _positions;
    private readonly int* _sequenceCounts;
    private readonly int** _sequences;
    private readonly int* _sequenceIds;
    private readonly sbyte* _wanted;

    /// <param name="folder">Folder of the libraries, bins/linux-x64 of the npm package.</param>
    /// <param name="gguf">The model.</param>
    /// <param name="vocabulary">Logits of a token.</param>
    /// <param name="rows">Sequences at once.</param>
    /// <param name="length">Tokens of each.</param>
    /// <param name="threads">Of its own pool.</param>
    public LlamaCpp(string folder, string gguf, int vocabulary, int rows, int length, int threads)
    {
        _vocabulary = vocabulary;
        _capacity = Math.Max(512, rows * length);
        nint ggml = Load(folder, "libggml.*.so");
        _library = Load(folder, "libllama.v*.so");
        ((delegate* unmanaged<delegate* unmanaged<int, nint, nint, void>, nint, void>)Export("llama_log_set"))(&Silence, 0);
        nint place = Marshal.StringToCoTaskMemUTF8(folder);
        ((delegate* unmanaged<nint, void>)NativeLibrary.GetExport(ggml, "ggml_backend_load_all_from_path"))(place);
        Marshal.FreeCoTaskMem(place);
        ((delegate* unmanaged<void>)Export("llama_backend_init"))();

        Parameters model = ((delegate* unmanaged<Parameters>)Export("llama_model_default_params"))();
        nint path = Marshal.StringToCoTaskMemUTF8(gguf);
        _model = ((delegate* unmanaged<nint, Parameters, nint>)Export("llama_model_load_from_file"))(path, model);
        Marshal.FreeCoTaskMem(path);
        if (_model == 0)
            throw new InvalidOperationException($"llama.cpp does not load {gguf}");

        Parameters context = ((delegate* unmanaged<Parameters>)Export("llama_context_default_params"))();
        if (context.Words[ContextLengthField] != 512 || context.Words[BatchField] != 2048 || context.Words[2] != 512 || context.Words[SequencesField] != 1)
            throw new InvalidOperationException("llama_context_params does not begin as it is known to: another version of llama.cpp");
        context.Words[ContextLengthField] = _capacity;
        context.Words[SequencesField] = rows;
        _context = ((delegate* unmanaged<nint, Parameters, nint>)Export("llama_init_from_model"))(_model, context);
        if (_context == 0)
            throw new InvalidOperationException("llama.cpp makes no context");
        ((delegate* unmanaged<nint, int, int, void>)Export("llama_set_n_threads"))(_context, threads, threads);
        _memory = ((delegate* unmanaged<nint, nint>)Export("llama_get_memory"))(_context);
        _decode = (delegate* unmanaged<nint, Batch, int>)Export("llama_decode");
        _logits = (delegate* unmanaged<nint, int, float*>)Export("llama_get_logits_ith");
        _clear = (delegate* unmanaged<nint, byte, void>)Export("llama_memory_clear");

        _tokens = Array<int>();
        _positions = Array<int>();
        _sequenceCounts = Array<int>();
        _sequenceIds = Array<int>();
        _wanted = Array<sbyte>();
        _sequences = (int**)NativeMemory.AllocZeroed((nuint)_capacity, (nuint)sizeof(int*));
        for (int i = 0; i < _capacity; i++)
        {
            _sequenceCounts[i] = 1;
            _sequences[i] = _sequenceIds + i;
        }
    }

    /// <summary>Greedy answers to several prompts at once.</summary>
    /// <param name="prompts">By row, of one length.</param>
    /// <param name="tokens">New tokens of each.</param>
    public void Answer(int[][] prompts, int tokens)
    {
        _clear(_memory, 1);
        int length = prompts[0].Length;
        var next = new int[prompts.Length];
        // Prompts go in a batch of their own each, as an engine that admits them one after the other runs them; llama.cpp splits them as it likes.
        for (int row = 0; row < prompts.Length; row++)
        {
            for (int i = 0; i < length; i++)
                Put(i, prompts[row][i], i, row, wanted: i == length - 1);
            Run(length);
            next[row] = Best(length - 1);
        }

        for (int step = 1; step < tokens; step++)
        {
            for (int row = 0; row < next.Length; row++)
                Put(row, next[row], length + step - 1, row, wanted: true);
            Run(next.Length);
            for (int row = 0; row < next.Length; row++)
                next[row] = Best(row);
        }
    }

    public void Dispose()
    {
        ((delegate* unmanaged<nint, void>)Export("llama_free"))(_context);
        ((delegate* unmanaged<nint, void>)Export("llama_model_free"))(_model);
        foreach (nint block in (nint[])[(nint)_tokens, (nint)_positions, (nint)_sequenceCounts, (nint)_sequenceIds, (nint)_wanted, (nint)_sequences])
            NativeMemory.Free((void*)block);
    }

    private void Put(int index, int token, int position, int row, bool wanted)
    {
        _tokens[index] = token;
        _positions[index] = position;
        _sequenceIds[index] = row;
        _wanted[index] = wanted ? (sbyte)1 : (sbyte)0;
    }

    private void Run(int count)
    {
        int error = _decode(_context, new Batch { Count = count, Tokens = _tokens, Embeddings = null, Positions = _positions, SequenceCounts = _sequenceCounts, Sequences = _sequences, Wanted = _wanted });
        if (error != 0)
            throw new InvalidOperationException($"llama_decode answers {error}");
    }

    private int Best(int index) => TensorPrimitives.IndexOfMax(new ReadOnlySpan<float>(_logits(_context, index), _vocabulary));

    private T* Array<T>()
        where T : unmanaged => (T*)NativeMemory.AllocZeroed((nuint)_capacity, (nuint)sizeof(T));

    private nint Export(string name) => NativeLibrary.GetExport(_library, name);

    private static nint Load(string folder, string pattern) => NativeLibrary.Load(Directory.GetFiles(folder, pattern).Single());

    [UnmanagedCallersOnly]
    private static void Silence(int level, nint text, nint user)
    {
        // Its log is long, and the bench's own lines are a table.
    }

    /// <summary>Room for any version's parameters: the callee takes what it knows.</summary>
    private struct Parameters
    {
        public fixed int Words[128];
    }

    private struct Batch
    {
        public int Count;
        public int* Tokens;
        public float* Embeddings;
        public int* Positions;
        public int* SequenceCounts;
        public int** Sequences;
        public sbyte* Wanted;
    }
}
