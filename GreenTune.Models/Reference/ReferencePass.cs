using System.Numerics.Tensors;
using GreenTune.Models.Architectures;

namespace GreenTune.Models.Reference;

/// <summary>Which maps of a layer an input goes into.</summary>
internal enum LinearGroup
{
    /// <summary>Query, key and value: the normalised residual.</summary>
    AttentionInput,

    /// <summary>The projection of the attention's result.</summary>
    AttentionOutput,

    /// <summary>Gate and up: the normalised residual.</summary>
    FeedForwardInput,

    Down,

    /// <summary>The output projection.</summary>
    Head,
}

/// <summary>Told what goes into a group of maps.</summary>
/// <param name="group">The maps.</param>
/// <param name="inputs">[tokens, <paramref name="width"/>], valid during the call.</param>
/// <param name="width">Inputs of the maps.</param>
internal delegate void LinearInputObserver(LinearGroup group, ReadOnlySpan<float> inputs, int width);

/// <summary>
/// A decoder's forward pass in plain float32 arithmetic, written from the architecture's definition and not from the graphs: what the graphs are held
/// against. All positions of some sequences go through one layer after the other, so that one layer's weights are needed at a time.
/// </summary>
internal sealed class ReferencePass
{
    private readonly DecoderModel _model;
    private readonly DecoderShape _shape;
    private readonly IReadOnlyList<int[]> _sequences;
    private readonly MatrixProduct _product;
    private readonly int _tokens;
    private readonly float[] _cosines;
    private readonly float[] _sines;

    /// <param name="model">The model.</param>
    /// <param name="sequences">Token ids; each sequence starts at position 0 and sees itself alone.</param>
    /// <param name="cancellationToken">Stops between layers and blocks of rows.</param>
    public ReferencePass(DecoderModel model, IReadOnlyList<int[]> sequences, CancellationToken cancellationToken = default)
    {
        _model = model;
        _shape = model.Shape;
        _sequences = sequences;
        _product = new MatrixProduct(cancellationToken);
        _tokens = sequences.Sum(s => s.Length);
        int longest = sequences.Count == 0 ? 0 : sequences.Max(s => s.Length);
        int pairs = _shape.HeadSize / 2;
        _cosines = new float[longest * pairs];
        _sines = new float[longest * pairs];
        for (int position = 0; position < longest; position++)
        {
            model.Rotary.Cosines(position, _cosines.AsSpan(position * pairs, pairs));
            model.Rotary.Sines(position, _sines.AsSpan(position * pairs, pairs));
        }
        Hidden = new float[(long)_tokens * _shape.HiddenSize];
        int row = 0;
        foreach (int token in sequences.SelectMany(s => s))
            model.Embedding.Read(token, 0, Hidden.AsSpan(row++ * _shape.HiddenSize, _shape.HiddenSize));
    }

    /// <summary>The residual stream, [tokens, hidden], sequences behind each other.</summary>
    public float[] Hidden { get; private set; }

    /// <summary>Sends everything through <paramref name="layer"/>, which may be the model's own or one with other weights.</summary>
    public void Layer(DecoderLayer layer, LinearInputObserver? observer = null)
    {
        float[] input = Normalized(Hidden, layer.AttentionNorm);
        observer?.Invoke(LinearGroup.AttentionInput, input, _shape.HiddenSize);
        float[] queries = _product.Multiply(input, _tokens, layer.Query);
        float[] keys = _product.Multiply(input, _tokens, layer.Key);
        float[] values = _product.Multiply(input, _tokens, layer.Value);
        Turn(queries, _shape.Heads, layer.QueryNorm);
        Turn(keys, _shape.KeyValueHeads, layer.KeyNorm);
        float[] attention = Attend(queries, keys, values, layer.SlidingWindow);
        observer?.Invoke(LinearGroup.AttentionOutput, attention, _shape.Heads * _shape.HeadSize);
        Add(_product.Multiply(attention, _tokens, layer.AttentionOutput));

        input = Normalized(Hidden, layer.FeedForwardNorm);
        observer?.Invoke(LinearGroup.FeedForwardInput, input, _shape.HiddenSize);
        float[] gate = _product.Multiply(input, _tokens, layer.Gate);
        float[] up = _product.Multiply(input, _tokens, layer.Up);
        for (int i = 0; i < gate.Length; i++)
            gate[i] = gate[i] / (1 + MathF.Exp(-gate[i])) * up[i];
        observer?.Invoke(LinearGroup.Down, gate, _shape.IntermediateSize);
        Add(_product.Multiply(gate, _tokens, layer.Down));
    }

    /// <summary>Every layer of the model, in order; the weights of each are given back behind it.</summary>
    public void AllLayers()
    {
        foreach (DecoderLayer layer in _model.Layers)
        {
            Layer(layer);
            foreach (WeightMatrix weights in layer.Weights)
                weights.Release();
        }
    }

    /// <summary>What goes into the output projection, [tokens, hidden].</summary>
    public float[] HeadInput() => Normalized(Hidden, _model.FinalNorm);

    /// <summary>Logits of every position.</summary>
    /// <param name="visit">Told sequence, position and logits; from one thread, in order.</param>
    public void Logits(LogitsVisitor visit)
    {
        const int Block = 64;
        float[] input = HeadInput();
        var head = new Linear(_model.Head ?? _model.Embedding);
        (int Sequence, int Position)[] places = [.. _sequences.SelectMany((s, i) => s.Select((_, position) => (i, position)))];
        for (int start = 0; start < _tokens; start += Block)
        {
            int count = Math.Min(Block, _tokens - start);
            float[] logits = _product.Multiply(input.AsMemory(start * _shape.HiddenSize, count * _shape.HiddenSize), count, head);
            for (int i = 0; i < count; i++)
                visit(places[start + i].Sequence, places[start + i].Position, logits.AsSpan(i * _shape.VocabularySize, _shape.VocabularySize));
        }
    }

    private float[] Normalized(float[] values, WeightMatrix norm)
    {
        float[] scale = norm.Row(0);
        var result = new float[values.Length];
        for (int row = 0; row < _tokens; row++)
            Normalize(values.AsSpan(row * scale.Length, scale.Length), scale, result.AsSpan(row * scale.Length, scale.Length));
        return result;
    }

    /// <summary>Root-mean-square norm (Zhang and Sennrich, arXiv 1910.07467).</summary>
    private void Normalize(ReadOnlySpan<float> values, ReadOnlySpan<float> scale, Span<float> result)
    {
        float inverse = 1 / MathF.Sqrt((TensorPrimitives.SumOfSquares(values) / values.Length) + _model.NormEpsilon);
        TensorPrimitives.Multiply(values, inverse, result);
        TensorPrimitives.Multiply(result, scale, result);
    }

    /// <summary>Normalises each head where the architecture does, and turns pair (i, i + half) by its position's angle.</summary>
    private void Turn(float[] heads, int count, WeightMatrix? norm)
    {
        int size = _shape.HeadSize;
        int half = size / 2;
        float[]? scale = norm?.Row(0);
        int row = 0;
        foreach (int[] sequence in _sequences)
        {
            for (int position = 0; position < sequence.Length; position++, row++)
            {
                ReadOnlySpan<float> cosines = _cosines.AsSpan(position * half, half);
                ReadOnlySpan<float> sines = _sines.AsSpan(position * half, half);
                for (int head = 0; head < count; head++)
                {
                    Span<float> values = heads.AsSpan((row * count + head) * size, size);
                    if (scale is not null)
                        Normalize(values, scale, values);
                    for (int i = 0; i < half; i++)
                    {
                        (float a, float b) = (values[i], values[i + half]);
                        values[i] = (a * cosines[i]) - (b * sines[i]);
                        values[i + half] = (b * cosines[i]) + (a * sines[i]);
                    }
                }
            }
        }
    }

    /// <summary>Causal softmax attention; query head h reads key-value head h / (heads / key-value heads).</summary>
    private float[] Attend(float[] queries, float[] keys, float[] values, int? window)
    {
        int size = _shape.HeadSize;
        int group = _shape.Heads / _shape.KeyValueHeads;
        float scale = 1 / MathF.Sqrt(size);
        var result = new float[queries.Length];
        int start = 0;
        foreach (int[] sequence in _sequences)
        {
            int first = start;
            _product.For(_shape.Heads, head =>
            {
                int shared = head / group;
                var scores = new float[sequence.Length];
                for (int position = 0; position < sequence.Length; position++)
                {
                    int from = window is { } width ? Math.Max(0, position - width + 1) : 0;
                    Span<float> seen = scores.AsSpan(0, position + 1 - from);
                    ReadOnlySpan<float> query = Head(queries, first + position, head, _shape.Heads);
                    for (int i = 0; i < seen.Length; i++)
                        seen[i] = TensorPrimitives.Dot(query, Head(keys, first + from + i, shared, _shape.KeyValueHeads)) * scale;
                    TensorPrimitives.SoftMax(seen, seen);
                    Span<float> target = Head(result, first + position, head, _shape.Heads);
                    for (int i = 0; i < seen.Length; i++)
                        TensorPrimitives.MultiplyAdd(Head(values, first + from + i, shared, _shape.KeyValueHeads), seen[i], target, target);
                }
            });
            start += sequence.Length;
        }
        return result;

        Span<float> Head(float[] all, int row, int head, int count) => all.AsSpan((row * count + head) * size, size);
    }

    private void Add(float[] change) => TensorPrimitives.Add(Hidden, change, Hidden);
}

/// <summary>Told the logits of one position.</summary>
internal delegate void LogitsVisitor(int sequence, int position, ReadOnlySpan<float> logits);
