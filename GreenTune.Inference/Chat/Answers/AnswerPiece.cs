using GreenTune.Inference.Chat.Tools;
using GreenTune.Inference.Engine;

namespace GreenTune.Inference.Chat.Answers;

/// <summary>What came of one choice since its last piece.</summary>
/// <param name="Choice">Which of the answer's choices, from 0.</param>
/// <param name="Text">Its next characters; may be empty where only something else came.</param>
/// <param name="Calls">Tool calls that are complete.</param>
/// <param name="LogProbs">Tokens whose text is out, with their log-probabilities; empty unless they were asked for.</param>
internal readonly record struct AnswerPiece(int Choice, string Text, IReadOnlyList<ToolCall> Calls, IReadOnlyList<ChosenToken> LogProbs);

/// <summary>A token of an answer with its log-probability.</summary>
/// <param name="Id">Token id.</param>
/// <param name="LogProbability">How likely it was, and the likeliest beside it.</param>
/// <param name="Start">Where its text begins in the answer, in UTF-16 units.</param>
internal readonly record struct ChosenToken(int Id, TokenLogProbability LogProbability, int Start);
