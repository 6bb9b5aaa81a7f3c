using GreenTune.Inference.Chat.Answers;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Chat.Responses;

/// <summary>What every object of one answer repeats.</summary>
/// <param name="Id">For example "chatcmpl-...".</param>
/// <param name="Created">Unix seconds.</param>
/// <param name="Model">The configuration that answers.</param>
/// <param name="Choices">Number of choices over all prompts.</param>
/// <param name="WithUsage">Whether a stream ends with the usage; its other chunks then say null.</param>
/// <param name="WithLogProbs">Whether log-probabilities were asked for.</param>
/// <param name="Tokenizer">The model's.</param>
internal sealed record AnswerHead(string Id, long Created, string Model, int Choices, bool WithUsage, bool WithLogProbs, ChatTokenizer Tokenizer)
{
    public static AnswerHead Of(RunningAnswer answer) => new(
        answer.Served.Id,
        answer.Served.AcceptedAt.ToUnixTimeSeconds(),
        answer.Served.ConfigurationId,
        answer.Runs.Count * answer.Request.Choices,
        answer.Request.IncludeUsage,
        answer.Request.Sampling.TopLogProbs is not null,
        answer.Configuration.Tokenizer);
}
