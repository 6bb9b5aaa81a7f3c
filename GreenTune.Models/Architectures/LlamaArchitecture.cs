namespace GreenTune.Models.Architectures;

/// <summary>Llama 2 and 3, TinyLlama, SmolLM2.</summary>
internal sealed class LlamaArchitecture : LlamaFamily
{
    public override string Name => "LlamaForCausalLM";

    protected override string GenAIType => "llama";
}
