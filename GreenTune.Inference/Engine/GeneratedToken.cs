namespace GreenTune.Inference.Engine;

/// <summary>A token of an answer.</summary>
/// <param name="Choice">Which of the request's choices it belongs to, from 0.</param>
/// <param name="Id">Token id.</param>
/// <param name="LogProbability">Null unless <see cref="SamplingSettings.TopLogProbs"/> asked for it.</param>
internal readonly record struct GeneratedToken(int Choice, int Id, TokenLogProbability? LogProbability = null);

/// <summary>How likely a chosen token was, before temperature and truncation and after penalties and bias.</summary>
/// <param name="Value">Natural logarithm of its probability.</param>
/// <param name="Top">The likeliest tokens, likeliest first.</param>
internal sealed record TokenLogProbability(double Value, IReadOnlyList<(int Id, double Value)> Top);
