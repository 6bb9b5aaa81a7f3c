using GreenTune.Core.Attribution;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Running;

namespace GreenTune.Inference.Tests.Engine;

/// <summary>
/// A model that counts: behind a row of n tokens comes n, until a stop token if there is one. Its KV memory holds the tokens themselves, and every decode step
/// checks that its row's is what it has to be: a row that is moved, shared or padded wrongly fails its step.
/// </summary>
internal sealed class FakeRunner : IModelRunner
{
    private readonly int? _stop;
    private readonly int[][][] _memory;
    private readonly Dictionary<nint, int[]> _stretches = [];
    private readonly float[][] _logits;
    private nint _next;

    public FakeRunner(int contextLength = 64, int? stop = null, int slots = 8, int maxBatch = 8, params KvClass[] shorter)
    {
        _stop = stop;
        Classes = [.. shorter, new KvClass(contextLength, slots)];
        MaxBatch = maxBatch;
        _memory = [.. Classes.Select(kvClass => Enumerable.Range(0, kvClass.Slots).Select(_ => new int[kvClass.Capacity]).ToArray())];
        _logits = [.. Enumerable.Range(0, Math.Max(1, Classes.Max(kvClass => kvClass.Slots))).Select(_ => new float[VocabularySize])];
    }

    /// <summary>Runs inside every step, with its number.</summary>
    public Action<int>? InStep { get; set; }

    /// <summary>Every step: its prompt tokens (prefill) or its rows (decode).</summary>
    public List<(StepPhase Phase, int Count)> Steps { get; } = [];

    public int Moves { get; private set; }

    public bool Disposed { get; private set; }

    public string ConfigurationId => "fake-fp32";

    public int ContextLength => Classes[^1].Capacity;

    public int VocabularySize => 1000;

    public WorkModel Work { get; } = new("fake-fp32", 1000, 10, 4000, 16);

    public IReadOnlyList<KvClass> Classes { get; }

    public int MaxBatch { get; }

    public bool IsStop(int token) => token == _stop;

    public int MaxPrefillRows { get; init; } = 1;

    public int MaxPrefillTokens => MaxPrefillRows > 1 ? 100 : 0;

    public void Prefill(RowPlace first, int rows, ReadOnlySpan<int> tokens, int past, bool wantLogits, Span<int> next)
    {
        Enter(StepPhase.Prefill, tokens.Length);
        if (rows > 1 && (past > 0 || rows > MaxPrefillRows || tokens.Length > MaxPrefillTokens))
        {
            throw new InvalidOperationException("these prompts do not go together");
        }

        int length = tokens.Length / rows;
        for (int row = 0; row < rows; row++)
        {
            tokens.Slice(row * length, length).CopyTo(_memory[first.Class][first.Slot + row].AsSpan(past));
            next[row] = Answer(row, past + length);
        }
    }

    public void Decode(RowPlace first, ReadOnlySpan<int> tokens, ReadOnlySpan<int> past, bool wantLogits, Span<int> next)
    {
        Enter(StepPhase.Decode, tokens.Length);
        if (tokens.Length > MaxBatch)
        {
            throw new InvalidOperationException("more rows than fit");
        }

        for (int row = 0; row < tokens.Length; row++)
        {
            RowPlace place = first with { Slot = first.Slot + row };
            _memory[place.Class][place.Slot][past[row]] = tokens[row];
            Check(place, past[row] + 1);
            next[row] = Answer(row, past[row] + 1);
        }
    }

    public ReadOnlySpan<float> Logits(int row) => _logits[row];

    public void CopyRow(RowPlace from, RowPlace to, int tokens)
    {
        Moves++;
        _memory[from.Class][from.Slot].AsSpan(0, tokens).CopyTo(_memory[to.Class][to.Slot]);
    }

    public KvStretch SaveStretch(RowPlace row, int at, int tokens)
    {
        _stretches.Add(++_next, _memory[row.Class][row.Slot][at..(at + tokens)]);
        return new KvStretch(_next, tokens);
    }

    public void RestoreStretch(KvStretch stretch, RowPlace row, int at, int tokens) =>
        _stretches[stretch.Address].AsSpan(0, tokens).CopyTo(_memory[row.Class][row.Slot].AsSpan(at));

    public void DropStretch(KvStretch stretch) => _stretches.Remove(stretch.Address);

    public int Stretches => _stretches.Count;

    public void Dispose() => Disposed = true;

    private void Enter(StepPhase phase, int count)
    {
        InStep?.Invoke(Steps.Count);
        Steps.Add((phase, count));
    }

    /// <summary>A prompt is any tokens up to 999 of which the first says how long it is; behind it stands 1, 2, ... as they were answered: the row's own length each time.</summary>
    private void Check(RowPlace place, int length)
    {
        int[] tokens = _memory[place.Class][place.Slot];
        for (int at = tokens[0]; at < length; at++)
        {
            if (tokens[at] != at)
            {
                throw new InvalidOperationException($"the row in slot {place.Slot} holds {tokens[at]} at {at}");
            }
        }
    }

    private int Answer(int row, int length)
    {
        Array.Fill(_logits[row], -100);
        _logits[row][length] = 5;
        return length;
    }
}
