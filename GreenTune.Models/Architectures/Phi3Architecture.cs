using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Architectures;

/// <summary>Phi-3 and Phi-3.5 mini: query, key and value in one matrix, gate and up in another, longrope, a window in every layer.</summary>
internal sealed class Phi3Architecture : LlamaFamily
{
    public override string Name => "Phi3ForCausalLM";

    protected override string GenAIType => "phi3";

    protected override int? SlidingWindow(ConfigReader config, int layer) => config.OptionalInteger("sliding_window");

    protected override (Linear Query, Linear Key, Linear Value) ReadAttentionInput(Checkpoint checkpoint, string prefix, DecoderShape shape)
    {
        int query = shape.Heads * shape.HeadSize;
        int keyValue = shape.KeyValueHeads * shape.HeadSize;
        Linear packed = Affine(checkpoint, prefix + "self_attn.qkv_proj", query + (2 * keyValue), shape.HiddenSize, bias: false);
        return (packed.Slice(0, query), packed.Slice(query, keyValue), packed.Slice(query + keyValue, keyValue));
    }

    protected override (Linear Gate, Linear Up) ReadFeedForwardInput(Checkpoint checkpoint, string prefix, DecoderShape shape)
    {
        Linear packed = Affine(checkpoint, prefix + "mlp.gate_up_proj", 2 * shape.IntermediateSize, shape.HiddenSize, bias: false);
        return (packed.Slice(0, shape.IntermediateSize), packed.Slice(shape.IntermediateSize, shape.IntermediateSize));
    }
}
