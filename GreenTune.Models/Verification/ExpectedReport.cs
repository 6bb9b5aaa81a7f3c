namespace GreenTune.Models.Verification;

/// <summary>What a comparison of a folder with an expected file found.</summary>
/// <param name="Passed">Everything was within its limit.</param>
/// <param name="Figures">What was compared.</param>
/// <param name="Notes">What a reader should know about the figures.</param>
public sealed record ExpectedReport(bool Passed, IReadOnlyList<ExpectedFigure> Figures, IReadOnlyList<string> Notes);

/// <summary>One comparison.</summary>
/// <param name="Path">What computed it: "graph", "reference" or "tokenizer".</param>
/// <param name="What">For example "last logits".</param>
/// <param name="Difference">How far it is off, in the words of <paramref name="Limit"/>.</param>
/// <param name="Limit">What is allowed.</param>
/// <param name="Passed">It is within the limit.</param>
public sealed record ExpectedFigure(string Path, string What, string Difference, string Limit, bool Passed);
