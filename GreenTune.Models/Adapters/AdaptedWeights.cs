using GreenTune.Models.Architectures;

namespace GreenTune.Models.Adapters;

/// <summary>A decoder whose weights hold an adapter: W + (A x B)^T, what a graph with the adapter computes as one multiplication.</summary>
internal static class AdaptedWeights
{
    /// <summary>The model with the adapter in its weights. They are read as they are needed, like the model's own.</summary>
    public static DecoderModel Merge(DecoderModel model, LowRankAdapter adapter)
    {
        Dictionary<string, LowRankPair> pairs = adapter.Pairs.ToDictionary(p => p.Target.Name, StringComparer.Ordinal);
        return model with { Layers = [.. model.Layers.Select((layer, i) => Merge(layer, $"layers.{i}.", pairs))] };
    }

    private static DecoderLayer Merge(DecoderLayer layer, string prefix, Dictionary<string, LowRankPair> pairs)
    {
        int query = layer.Query.Weight.Rows, key = layer.Key.Weight.Rows, gate = layer.Gate.Weight.Rows;
        return layer with
        {
            Query = Adapted(layer.Query, "attention.qkv", 0),
            Key = Adapted(layer.Key, "attention.qkv", query),
            Value = Adapted(layer.Value, "attention.qkv", query + key),
            AttentionOutput = Adapted(layer.AttentionOutput, "attention.output", 0),
            Gate = Adapted(layer.Gate, "feed_forward.gate_up", 0),
            Up = Adapted(layer.Up, "feed_forward.gate_up", gate),
            Down = Adapted(layer.Down, "feed_forward.down", 0),
        };

        Linear Adapted(Linear linear, string name, int first) =>
            pairs.GetValueOrDefault(prefix + name) is { } pair ? linear with { Weight = new AdaptedMatrix(linear.Weight, pair, first) } : linear;
    }

    /// <param name="whole">The weights.</param>
    /// <param name="pair">The change of the map that the weights are a part of.</param>
    /// <param name="first">Output of that map that the first row gives.</param>
    private sealed class AdaptedMatrix(WeightMatrix whole, LowRankPair pair, int first) : WeightMatrix(whole.Rows, whole.Columns)
    {
        public override void Read(int row, int column, Span<float> destination)
        {
            whole.Read(row, column, destination);
            for (int i = 0; i < destination.Length; i++)
            {
                double change = 0;
                for (int r = 0; r < pair.Rank; r++)
                    change += (double)pair.Down[((column + i) * pair.Rank) + r] * pair.Up[(r * pair.Target.Outputs) + first + row];
                destination[i] += (float)change;
            }
        }

        public override void Release() => whole.Release();

        public override ModelFolderException Error(int row, string what) => whole.Error(row, what);
    }
}
