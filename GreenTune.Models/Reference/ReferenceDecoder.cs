using System.Numerics.Tensors;
using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Reference;

/// <summary>A checkpoint computed by <see cref="ReferencePass"/>: slow, plain and independent of ONNX Runtime. Valid as long as its checkpoint is.</summary>
internal sealed class ReferenceDecoder(DecoderModel model)
{
    public static ReferenceDecoder Read(Checkpoint checkpoint, int? contextLength = null) => new(DecoderArchitectures.Read(checkpoint, contextLength));

    /// <summary>Visits the logits of every position of every sequence.</summary>
    public void Logits(IReadOnlyList<int[]> sequences, LogitsVisitor visit, CancellationToken cancellationToken = default)
    {
        var pass = new ReferencePass(model, sequences, cancellationToken);
        pass.AllLayers();
        pass.Logits(visit);
    }

    /// <summary>
    /// Natural logarithms of the probabilities that each position gives to the token behind it: for each sequence one number less than its tokens.
    /// </summary>
    public float[][] LogProbabilities(IReadOnlyList<int[]> sequences, CancellationToken cancellationToken = default)
    {
        float[][] result = [.. sequences.Select(s => new float[Math.Max(0, s.Length - 1)])];
        Logits(sequences, (sequence, position, logits) =>
        {
            if (position < result[sequence].Length)
                result[sequence][position] = (float)LogProbability.Of(logits, sequences[sequence][position + 1]);
        }, cancellationToken);
        return result;
    }

    /// <summary>Greedy continuation; among equals the lowest id wins. The whole text is computed anew for each token.</summary>
    public int[] Greedy(int[] prompt, int count, CancellationToken cancellationToken = default)
    {
        var text = new List<int>(prompt);
        for (int i = 0; i < count; i++)
        {
            int next = 0;
            int last = text.Count - 1;
            Logits([[.. text]], (_, position, logits) => next = position == last ? TensorPrimitives.IndexOfMax(logits) : next, cancellationToken);
            text.Add(next);
        }
        return [.. text[prompt.Length..]];
    }
}

/// <summary>Probabilities from logits.</summary>
internal static class LogProbability
{
    /// <summary>ln softmax(logits)[token], summed in double precision.</summary>
    public static double Of(ReadOnlySpan<float> logits, int token) => logits[token] - LogSum(logits);

    /// <summary>ln of the sum of exponentials.</summary>
    public static double LogSum(ReadOnlySpan<float> logits)
    {
        float largest = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - largest);
        return largest + Math.Log(sum);
    }
}
