namespace GreenTune.Inference.Engine;

/// <summary>
/// Keeps one choice within a form, such as JSON of a schema. Used by the engine's thread alone while the choice runs; it never throws, since what goes wrong with
/// one row must not fail the others. Whoever made it disposes it behind the generation's end.
/// </summary>
internal interface ITokenConstraint
{
    /// <summary>Logits of which only those that may come next count: the others are so low that nothing chooses them, and finite.</summary>
    /// <param name="logits">[vocabulary], left as they are.</param>
    /// <returns>[vocabulary], valid until the next call.</returns>
    ReadOnlySpan<float> Allow(ReadOnlySpan<float> logits);

    /// <summary>A token was chosen among those that may come.</summary>
    void Accept(int token);
}
