using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Architectures;

/// <summary>Mistral: Llama with, in some versions, a sliding window in every layer.</summary>
internal sealed class MistralArchitecture : LlamaFamily
{
    public override string Name => "MistralForCausalLM";

    protected override string GenAIType => "mistral";

    protected override int? SlidingWindow(ConfigReader config, int layer) => config.OptionalInteger("sliding_window");
}
