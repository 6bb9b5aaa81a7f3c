using System.Numerics.Tensors;
using GreenTune.Inference.Plans;
using GreenTune.Models.Calibration;
using GreenTune.Models.Folders;
using GreenTune.Models.Tokenization;
using GreenTune.Models.Verification;

namespace GreenTune.Bench;

/// <summary>What quality is measured on, in a model's tokens. None of it is calibrated with.</summary>
/// <param name="Answers">The one-word prompts of the sentiment set, each with its label's word and the end of the turn.</param>
/// <param name="Texts">The evaluation text.</param>
/// <param name="LabelTokens">First token of each class's word, in the order of the classes.</param>
internal sealed record QualityTexts(IReadOnlyList<QualityAnswer> Answers, IReadOnlyList<int[]> Texts, int[] LabelTokens)
{
    /// <summary>Tokens that all prompts begin with.</summary>
    public int SharedTokens { get; } = Enumerable.Range(0, Answers.Min(a => a.Tokens.Length)).TakeWhile(i => Answers.All(a => a.Tokens[i] == Answers[0].Tokens[i])).Count();

    public static QualityTexts Read(string source, int prompts)
    {
        using ChatTokenizer tokenizer = ChatTokenizer.Open(source);
        Sentiment[] classes = Enum.GetValues<Sentiment>();
        int[] labels = [.. classes.Select(c => tokenizer.EncodeText(c.ToString())[0])];
        SentimentSet set = new SentimentSetFile(Path.GetDirectoryName(source)!).Read();
        QualityAnswer[] answers = [.. set.Draw(prompts, 1).Select(item =>
        {
            ChatMessage[] turns = [.. SentimentPrompts.OneWord(item.Text).Select(t => new ChatMessage(t.Role, t.Content))];
            int[] prompt = tokenizer.EncodeChat(turns, addGenerationPrompt: true);
            int[] whole = tokenizer.EncodeChat([.. turns, new("assistant", item.Label.ToString())], addGenerationPrompt: false);
            // What the template writes behind the end of the turn is no part of the answer.
            int end = Array.LastIndexOf(whole, tokenizer.Encode("<|im_end|>")[0]);
            return new QualityAnswer(whole[..(end + 1)], prompt.Length, item.Label);
        })];
        return new(answers, BundledTexts.Evaluation.Encode(tokenizer, null, 512), labels);
    }
}

/// <summary>One prompt with its answer.</summary>
internal sealed record QualityAnswer(int[] Tokens, int PromptLength, Sentiment Label);

/// <summary>What a folder does with the texts.</summary>
/// <param name="AnswerChoices">Highest logit behind each token of prompts and answers but the last.</param>
/// <param name="TextChoices">The same of the evaluation text.</param>
/// <param name="AnswerPerplexity">exp of the mean negative log-likelihood of the answers' tokens.</param>
/// <param name="TextPerplexity">The same of the evaluation text.</param>
/// <param name="Accuracy">Share of sentences whose label's token is the highest of the three.</param>
internal sealed record QualityScores(int[][] AnswerChoices, int[][] TextChoices, double AnswerPerplexity, double TextPerplexity, double Accuracy)
{
    public double AnswerAgreement(QualityScores reference) => Agreement(AnswerChoices, reference.AnswerChoices);

    /// <summary>Agreement behind the words that all prompts begin with, which are the same few positions again and again.</summary>
    public double OwnAgreement(QualityScores reference, int shared) =>
        Agreement([.. AnswerChoices.Select(c => c[shared..])], [.. reference.AnswerChoices.Select(c => c[shared..])]);

    public double TextAgreement(QualityScores reference) => Agreement(TextChoices, reference.TextChoices);

    public static QualityScores Of(ScoringGraph session, ModelFolder folder, QualityTexts texts)
    {
        var answerChoices = new List<int[]>();
        var textChoices = new List<int[]>();
        var answers = new Mean();
        var text = new Mean();
        int right = 0;
        foreach (QualityAnswer answer in texts.Answers)
        {
            float[] logits = session.Logits(answer.Tokens);
            answerChoices.Add(Choices(logits, answer.Tokens.Length, folder.VocabularySize));
            Add(answers, logits, answer.Tokens, answer.PromptLength, folder.VocabularySize);
            ReadOnlySpan<float> first = Position(logits, answer.PromptLength - 1, folder.VocabularySize);
            int best = 0;
            for (int i = 1; i < texts.LabelTokens.Length; i++)
                best = first[texts.LabelTokens[i]] > first[texts.LabelTokens[best]] ? i : best;
            right += (Sentiment)best == answer.Label ? 1 : 0;
        }
        foreach (int[] sequence in texts.Texts)
        {
            float[] logits = session.Logits(sequence);
            textChoices.Add(Choices(logits, sequence.Length, folder.VocabularySize));
            Add(text, logits, sequence, 1, folder.VocabularySize);
        }
        return new([.. answerChoices], [.. textChoices], Math.Exp(answers.Value), Math.Exp(text.Value), right / (double)texts.Answers.Count);
    }

    private static double Agreement(int[][] choices, int[][] reference) =>
        choices.Zip(reference).Sum(pair => pair.First.Zip(pair.Second).Count(p => p.First == p.Second)) / (double)reference.Sum(r => r.Length);

    private static int[] Choices(float[] logits, int tokens, int vocabulary) =>
        [.. Enumerable.Range(0, tokens - 1).Select(i => TensorPrimitives.IndexOfMax(Position(logits, i, vocabulary)))];

    private static ReadOnlySpan<float> Position(float[] logits, int index, int vocabulary) => logits.AsSpan(index * vocabulary, vocabulary);

    /// <summary>Adds the negative log-likelihoods of the tokens from <paramref name="first"/> on.</summary>
    private static void Add(Mean mean, float[] logits, int[] tokens, int first, int vocabulary)
    {
        var exponentials = new float[vocabulary];
        for (int i = first; i < tokens.Length; i++)
        {
            ReadOnlySpan<float> row = Position(logits, i - 1, vocabulary);
            float largest = TensorPrimitives.Max(row);
            TensorPrimitives.Subtract(row, largest, exponentials);
            TensorPrimitives.Exp<float>(exponentials, exponentials);
            mean.Add(Math.Log(TensorPrimitives.Sum<float>(exponentials)) + largest - row[tokens[i]]);
        }
    }

    private sealed class Mean
    {
        private double _sum;
        private int _count;

        public double Value => _sum / _count;

        public void Add(double value)
        {
            _sum += value;
            _count++;
        }
    }
}
