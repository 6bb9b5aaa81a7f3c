using GreenTune.Models.Architectures;
using GreenTune.Models.Onnx;
using GreenTune.Models.Onnx.Wire;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Building;

/// <summary>Builds the graphs of a decoder over one set of written weights.</summary>
internal sealed class DecoderGraph(DecoderModel model, DecoderWeights weights, BuildOptions options)
{
    private readonly DecoderShape _shape = model.Shape;
    private readonly TensorElementType _type = options.Activations;

    /// <summary>
    /// The engine's graph: lengths come in and go out ready for the next step, and the token with the highest logit is chosen inside.
    /// </summary>
    public OnnxGraph Engine()
    {
        var graph = new OnnxGraph("engine");
        string tokens = graph.Input("input_ids", TensorElementType.Int64, "batch", "sequence");
        string lengths = graph.Input("seqlens_k", TensorElementType.Int32, "batch");
        string total = graph.Input("total_sequence_length", TensorElementType.Int32);
        // The caller may bind seqlens_next to the buffer of seqlens_k. The layers read a copy that depends on seqlens_next, so that none of them can
        // see the buffer half-way: nothing else orders the addition and the layers.
        string one = graph.Constant("one", [1]);
        string next = graph.Node("Add", "seqlens_next", [lengths, one]);
        graph.Output(next, TensorElementType.Int32, "batch");
        string current = graph.Node("Sub", "seqlens_current", [next, one]);
        string logits = Logits(graph, tokens, current, total, lastOnly: true);
        GreedyToken.Add(graph, logits, _shape.VocabularySize, _type == TensorElementType.Float16 ? _type : TensorElementType.Float, "next_token");
        graph.Output("next_token", TensorElementType.Int64, "batch", 1);
        return graph;
    }

    /// <summary>ONNX Runtime GenAI's graph: lengths come from the attention mask, the logits go out.</summary>
    public OnnxGraph GenAI()
    {
        var graph = new OnnxGraph("genai");
        string tokens = graph.Input("input_ids", TensorElementType.Int64, "batch", "sequence");
        string mask = graph.Input("attention_mask", TensorElementType.Int64, "batch", "total_sequence");
        string sum = graph.Node("ReduceSum", "mask_sum", [mask, graph.Constant("mask_axis", [1L], 1)], attributes: ("keepdims", 0));
        string last = graph.Node("Sub", "last_position", [sum, graph.Constant("one", [1L])]);
        string lengths = graph.Node("Cast", "seqlens_k", [last], attributes: ("to", (int)TensorElementType.Int32));
        string size = graph.Node("Shape", "mask_shape", [mask]);
        string width = graph.Node("Gather", "mask_width", [size, graph.Scalar("mask_width_index", 1)], attributes: ("axis", 0));
        string total = graph.Node("Cast", "total_sequence_length", [width], attributes: ("to", (int)TensorElementType.Int32));
        Logits(graph, tokens, lengths, total, lastOnly: true);
        return graph;
    }

    /// <summary>The graph for perplexity and for scores of given texts: logits [batch, sequence, vocabulary] of every position.</summary>
    public OnnxGraph Scoring()
    {
        var graph = new OnnxGraph("scoring");
        string tokens = graph.Input("input_ids", TensorElementType.Int64, "batch", "sequence");
        string lengths = graph.Input("seqlens_k", TensorElementType.Int32, "batch");
        string total = graph.Input("total_sequence_length", TensorElementType.Int32);
        Logits(graph, tokens, lengths, total, lastOnly: false);
        return graph;
    }

    /// <summary>
    /// Adds everything from the tokens to the output "logits", float32 [batch, 1, vocabulary] at the last position or [batch, sequence, vocabulary]. Returns the
    /// logits that the greedy token is chosen from.
    /// </summary>
    private string Logits(OnnxGraph graph, string tokens, string lengths, string total, bool lastOnly)
    {
        string residual = weights.Embedding.Apply(graph, tokens, "embeddings");
        string hidden = graph.Node("SimplifiedLayerNormalization", "layers.0.attention.input", [residual, graph.Weight(weights.Layers[0].AttentionNorm)],
            attributes: [("axis", -1), ("epsilon", model.NormEpsilon), ("stash_type", 1)]);
        for (int i = 0; i < weights.Layers.Count; i++)
        {
            DecoderLayerWeights layer = weights.Layers[i];
            bool isLast = i == weights.Layers.Count - 1;
            string prefix = $"layers.{i}.";
            string attention = Attention(graph, layer, i, hidden, lengths, total);
            if (isLast && lastOnly)
            {
                // Only the last position goes on to the logits: the last feed-forward part need not see the others.
                attention = LastPosition(graph, attention, prefix + "attention.last");
                residual = LastPosition(graph, residual, prefix + "residual.last");
            }
            attention = layer.AttentionOutput.Apply(graph, attention, prefix + "attention.output");
            (hidden, residual) = AddAndNormalize(graph, residual, attention, layer.FeedForwardNorm, prefix + "feed_forward.input", prefix + "feed_forward.residual");
            string feedForward = FeedForward(graph, layer, prefix + "feed_forward.", hidden);
            (hidden, residual) = AddAndNormalize(graph, residual, feedForward, isLast ? weights.FinalNorm : weights.Layers[i + 1].AttentionNorm,
                isLast ? "final" : $"layers.{i + 1}.attention.input", isLast ? "" : $"layers.{i + 1}.residual");
        }
        graph.Output("logits", TensorElementType.Float, "batch", lastOnly ? 1 : "sequence", _shape.VocabularySize);
        if (_type == TensorElementType.Float)
            return weights.Head.Apply(graph, hidden, "logits");
        string logits = weights.Head.Apply(graph, hidden, "computed_logits");
        graph.Node("Cast", "logits", [logits], attributes: ("to", (int)TensorElementType.Float));
        // CUDA finds no maxima of bfloat16.
        return _type == TensorElementType.BFloat16 ? "logits" : logits;
    }

    private string Attention(OnnxGraph graph, DecoderLayerWeights layer, int index, string input, string lengths, string total)
    {
        string prefix = $"layers.{index}.attention.";
        string packed = layer.QueryKeyValue.Apply(graph, input, prefix + "qkv");
        string[] inputs = Heads(graph, layer, prefix, packed);
        string pastKey = graph.Input($"past_key_values.{index}.key", _type, "batch", _shape.KeyValueHeads, "capacity", _shape.HeadSize);
        string pastValue = graph.Input($"past_key_values.{index}.value", _type, "batch", _shape.KeyValueHeads, "capacity", _shape.HeadSize);
        string result = prefix + "result";
        graph.Node("GroupQueryAttention", [.. inputs, pastKey, pastValue, lengths, total, graph.Weight(weights.Cosines), graph.Weight(weights.Sines), .. FusedNorms(graph, layer)],
            [result, $"present.{index}.key", $"present.{index}.value"], OnnxGraph.Microsoft, AttentionAttributes(layer));
        graph.Output($"present.{index}.key", _type, "batch", _shape.KeyValueHeads, "capacity", _shape.HeadSize);
        graph.Output($"present.{index}.value", _type, "batch", _shape.KeyValueHeads, "capacity", _shape.HeadSize);
        return result;
    }

    /// <summary>Query, key and value inputs of the attention: packed where it can be, apart where a CPU normalises heads before.</summary>
    private string[] Heads(OnnxGraph graph, DecoderLayerWeights layer, string prefix, string packed)
    {
        if (layer.QueryNorm is null || layer.KeyNorm is null || options.Provider == Provider.Cuda)
            return [packed, "", ""];
        long query = (long)_shape.Heads * _shape.HeadSize;
        long keyValue = (long)_shape.KeyValueHeads * _shape.HeadSize;
        graph.Node("Split", [packed, graph.Constant("qkv_sizes", [query, keyValue, keyValue], 3)], [prefix + "query", prefix + "key", prefix + "value"], attributes: ("axis", -1));
        return [NormalizeHeads("query", layer.QueryNorm, _shape.Heads), NormalizeHeads("key", layer.KeyNorm, _shape.KeyValueHeads), prefix + "value"];

        string NormalizeHeads(string name, TensorProto norm, int heads)
        {
            string apart = graph.Node("Reshape", $"{prefix}{name}_heads", [prefix + name, graph.Constant($"{name}_heads_shape", [0L, 0, heads, _shape.HeadSize], 4)]);
            string normalized = graph.Node("SimplifiedLayerNormalization", $"{prefix}{name}_normalized", [apart, graph.Weight(norm)],
                attributes: [("axis", -1), ("epsilon", model.NormEpsilon), ("stash_type", 1)]);
            return graph.Node("Reshape", $"{prefix}{name}_joined", [normalized, graph.Constant($"{name}_joined_shape", [0L, 0, (long)heads * _shape.HeadSize], 3)]);
        }
    }

    /// <summary>Inputs behind the rotary tables by which CUDA's attention normalises heads itself: positions, bias, sink and cache scales are left out.</summary>
    private string[] FusedNorms(OnnxGraph graph, DecoderLayerWeights layer) => options.Provider == Provider.Cuda && layer.QueryNorm is not null && layer.KeyNorm is not null
        ? ["", "", "", "", "", graph.Weight(layer.QueryNorm), graph.Weight(layer.KeyNorm)]
        : [];

    private (string Name, object Value)[] AttentionAttributes(DecoderLayerWeights layer)
    {
        var attributes = new List<(string, object)>
        {
            ("num_heads", _shape.Heads), ("kv_num_heads", _shape.KeyValueHeads), ("do_rotary", 1), ("rotary_interleaved", 0), ("scale", (float)(1 / Math.Sqrt(_shape.HeadSize))),
        };
        if (layer.SlidingWindow is { } window)
            attributes.Add(("local_window_size", window));
        if (layer.QueryNorm is not null && options.Provider == Provider.Cuda)
            attributes.Add(("qk_norm_epsilon", model.NormEpsilon));
        return [.. attributes];
    }

    private string FeedForward(OnnxGraph graph, DecoderLayerWeights layer, string prefix, string input)
    {
        string gate = prefix + "gate";
        string up = prefix + "up";
        string both = layer.GateUp.Apply(graph, input, prefix + "gate_up");
        graph.Node("Split", [both, graph.Constant("gate_up_sizes", [_shape.IntermediateSize, (long)_shape.IntermediateSize], 2)], [gate, up], attributes: ("axis", -1));
        // SiLU(x) = x sigmoid(x), in one node: QuickGelu is x sigmoid(alpha x).
        string activated = graph.Node("QuickGelu", prefix + "activated", [gate], OnnxGraph.Microsoft, ("alpha", 1f));
        string product = graph.Node("Mul", prefix + "product", [activated, up]);
        return layer.Down.Apply(graph, product, prefix + "output");
    }

    private (string Normalized, string Sum) AddAndNormalize(OnnxGraph graph, string residual, string change, TensorProto norm, string normalized, string sum)
    {
        string[] results = sum.Length == 0 ? [normalized] : [normalized, "", "", sum];
        graph.Node("SkipSimplifiedLayerNormalization", [residual, change, graph.Weight(norm)], results, OnnxGraph.Microsoft, ("epsilon", model.NormEpsilon));
        return (normalized, sum);
    }

    private static string LastPosition(OnnxGraph graph, string input, string result) =>
        graph.Node("Gather", result, [input, graph.Constant("last_index", [-1L], 1)], attributes: ("axis", 1));
}
