using GreenTune.Core.Attribution;

namespace GreenTune.Inference.Engine;

/// <summary>
/// A loaded configuration as the engine runs it: one row at a time. Only the engine's owner thread calls it.
/// </summary>
internal interface IDecoder
{
    string ConfigurationId { get; }

    /// <summary>Tokens that fit into the KV cache, prompt and answer together.</summary>
    int ContextLength { get; }

    int VocabularySize { get; }

    /// <summary>Cost model of its steps.</summary>
    WorkModel Work { get; }

    bool IsStop(int token);

    /// <summary>Runs the prompt into an empty KV cache.</summary>
    /// <param name="prompt">Prompt token ids.</param>
    /// <param name="wantLogits">Whether <see cref="Logits"/> is needed; without it the device chooses the token.</param>
    /// <returns>The most likely next token.</returns>
    int Prefill(ReadOnlySpan<int> prompt, bool wantLogits);

    /// <summary>Runs one token behind what is in the KV cache.</summary>
    /// <param name="token">The token chosen last.</param>
    /// <param name="wantLogits">Whether <see cref="Logits"/> is needed.</param>
    /// <returns>The most likely next token.</returns>
    int Decode(int token, bool wantLogits);

    /// <summary>Logits of the last step that wanted them, [vocabulary]. Valid until the next step.</summary>
    ReadOnlySpan<float> Logits { get; }
}
