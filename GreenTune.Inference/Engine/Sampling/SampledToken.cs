namespace GreenTune.Inference.Engine.Sampling;

/// <summary>What a draw chose.</summary>
/// <param name="Id">Token id.</param>
/// <param name="LogProbability">Null unless <see cref="SamplingSettings.TopLogProbs"/> asked for it.</param>
internal readonly record struct SampledToken(int Id, TokenLogProbability? LogProbability);

/// <summary>Logits that are no distribution: the step that made them failed, and no token is drawn from them.</summary>
internal sealed class InvalidLogitsException(int token, float value) : Exception(
    $"The model gave {(float.IsNaN(value) ? "NaN" : float.IsPositive(value) ? "infinity" : "minus infinity")} as the logit of token {token}. "
    + "Its weights or its precision do not hold; `greentune models verify` says which.");
