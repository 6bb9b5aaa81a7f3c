namespace GreenTune.Inference.Engine;

/// <summary>
/// A loaded configuration as the engine runs it: one row at a time. Only the engine's owner thread calls it.
/// </summary>
internal interface IDecoder : IModelRunner
{
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
