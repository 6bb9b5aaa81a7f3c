using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Architectures;

/// <summary>Qwen2 and Qwen2.5: Llama with biases at query, key and value, and windows in some layers where the config switches them on.</summary>
internal sealed class Qwen2Architecture : LlamaFamily
{
    public override string Name => "Qwen2ForCausalLM";

    protected override string GenAIType => "qwen2";

    protected override bool HasAttentionInputBias(ConfigReader config) => true;

    protected override bool HasAttentionOutputBias(ConfigReader config) => false;

    protected override int? SlidingWindow(ConfigReader config, int layer) => QwenWindow.Read(config, layer);
}

/// <summary>Qwen3: Llama with a norm of each query and key head before it turns.</summary>
internal sealed class Qwen3Architecture : LlamaFamily
{
    public override string Name => "Qwen3ForCausalLM";

    protected override string GenAIType => "qwen3";

    protected override bool HasHeadNorms => true;

    protected override int? SlidingWindow(ConfigReader config, int layer) => QwenWindow.Read(config, layer);
}
