using System.Text.RegularExpressions;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Plans;

/// <summary>The two prompts that the models' cards report, and how their answers are read.</summary>
internal static partial class SentimentPrompts
{
    public const string Workload = "sentiment-public 1, checklist prompt with reasoning, greedy";

    public const string ScoreMethod = "accuracy, one-word prompt, highest of the three label tokens";

    /// <summary>Answers of the checklist prompt are one label and a sentence or two.</summary>
    public const int MaxTokens = 96;

    /// <summary>The label is the answer's first token.</summary>
    public static IReadOnlyList<ChatMessage> OneWord(string text) =>
        [new("user", "Is the following text positive, negative or neutral? Answer with one word.\n" + text)];

    public static IReadOnlyList<ChatMessage> Checklist(string text) =>
    [
        new("user", $"""
            Assess the sentiment of the text below. Look for emotional language, positive or negative expressions, and shifts of tone; balanced wording without strong feeling counts as neutral.
            Text: {text}
            Checklist:
            - Emotional language: words of strong feeling such as joy, anger or sadness.
            - Positive expressions: words that praise, welcome or promise something good.
            - Negative expressions: words that criticise, complain or warn.
            - Tone shifts: a change of tone that decides how the whole is read.
            - Balanced or neutral tone: facts without feeling.
            Answer as: Positive/Negative/Neutral [Reasoning]
            """.ReplaceLineEndings("\n")),
    ];

    /// <summary>The label that an answer begins with; null when it begins with none.</summary>
    public static Sentiment? Label(string answer)
    {
        Match match = FirstWord().Match(answer);
        return match.Success ? Enum.Parse<Sentiment>(match.Value, ignoreCase: true) : null;
    }

    [GeneratedRegex(@"(?<=^\W*)(positive|negative|neutral)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex FirstWord();
}
