namespace GreenTune.Models.Architectures;

/// <summary>What a graph is built from: an architecture's reading of a checkpoint.</summary>
internal sealed record DecoderModel
{
    /// <summary>Type as ONNX Runtime GenAI names it, for example "llama".</summary>
    public required string GenAIType { get; init; }

    public required DecoderShape Shape { get; init; }

    /// <summary>Added to the variance inside each norm.</summary>
    public required float NormEpsilon { get; init; }

    public required RotaryTable Rotary { get; init; }

    /// <summary>[vocabulary, hidden].</summary>
    public required WeightMatrix Embedding { get; init; }

    /// <summary>Output projection [vocabulary, hidden]; null where it is the embedding.</summary>
    public required WeightMatrix? Head { get; init; }

    /// <summary>Scale of the last norm [1, hidden].</summary>
    public required WeightMatrix FinalNorm { get; init; }

    public required IReadOnlyList<DecoderLayer> Layers { get; init; }

    /// <summary>Parameters in all: a tied matrix counts once.</summary>
    public long Parameters => Embedding.Elements + (Head?.Elements ?? 0) + FinalNorm.Elements + Layers.Sum(l => l.Weights.Sum(w => w.Elements));
}

/// <summary>Weights of one layer; matrices are [outputs, inputs], norms and biases [1, size].</summary>
internal sealed record DecoderLayer
{
    public required WeightMatrix AttentionNorm { get; init; }

    /// <summary>[heads x head size, hidden].</summary>
    public required Linear Query { get; init; }

    /// <summary>[key-value heads x head size, hidden].</summary>
    public required Linear Key { get; init; }

    public required Linear Value { get; init; }

    /// <summary>Scale of the norm of each query head before its rotation [1, head size]; null for architectures without.</summary>
    public WeightMatrix? QueryNorm { get; init; }

    /// <inheritdoc cref="QueryNorm"/>
    public WeightMatrix? KeyNorm { get; init; }

    /// <summary>Positions that a query sees, its own included; null for all before it.</summary>
    public int? SlidingWindow { get; init; }

    public required Linear AttentionOutput { get; init; }

    public required WeightMatrix FeedForwardNorm { get; init; }

    public required Linear Gate { get; init; }

    public required Linear Up { get; init; }

    public required Linear Down { get; init; }

    /// <summary>Everything that is stored for the layer.</summary>
    public IEnumerable<WeightMatrix> Weights
    {
        get
        {
            foreach (Linear linear in (Linear[])[Query, Key, Value, AttentionOutput, Gate, Up, Down])
            {
                yield return linear.Weight;
                if (linear.Bias is { } bias)
                    yield return bias;
            }
            foreach (WeightMatrix? norm in (WeightMatrix?[])[AttentionNorm, QueryNorm, KeyNorm, FeedForwardNorm])
            {
                if (norm is not null)
                    yield return norm;
            }
        }
    }
}

/// <summary>An affine map: weight [outputs, inputs] and bias [1, outputs], null where there is none.</summary>
internal sealed record Linear(WeightMatrix Weight, WeightMatrix? Bias = null)
{
    /// <summary>Several maps of one input as one: their rows below each other. Biases that are missing in some are 0.</summary>
    public static Linear Stack(params Linear[] parts) => new(
        WeightMatrix.Stack([.. parts.Select(p => p.Weight)]),
        parts.All(p => p.Bias is null) ? null : WeightMatrix.Join([.. parts.Select(p => p.Bias ?? WeightMatrix.Zeros(p.Weight.Rows))]));

    /// <summary>Outputs <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/>.</summary>
    public Linear Slice(int first, int count) => new(Weight.Slice(first, count), Bias?.Range(first, count));
}
