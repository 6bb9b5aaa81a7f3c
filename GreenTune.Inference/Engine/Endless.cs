using GreenTune.Core.Attribution;

namespace GreenTune.Inference.Engine;

/// <summary>A model without its stop tokens: runs of a chosen length, for warming up and for timing.</summary>
internal sealed class Endless(IDecoder decoder) : IDecoder
{
    public string ConfigurationId => decoder.ConfigurationId;

    public int ContextLength => decoder.ContextLength;

    public int VocabularySize => decoder.VocabularySize;

    public WorkModel Work => decoder.Work;

    public ReadOnlySpan<float> Logits => decoder.Logits;

    public bool IsStop(int token) => false;

    public int Prefill(ReadOnlySpan<int> prompt, bool wantLogits) => decoder.Prefill(prompt, wantLogits);

    public int Decode(int token, bool wantLogits) => decoder.Decode(token, wantLogits);
}
