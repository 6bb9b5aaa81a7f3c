using System.Runtime.InteropServices;

namespace GreenTune.Inference.Engine.Sampling;

/// <summary>
/// Bias and penalties of one answer. In order, as vLLM applies them: the bias is added; logits of tokens in the prompt or the answer are divided by the
/// repetition penalty where positive and multiplied where negative (Keskar et al. 2019, CTRL); frequency penalty x count in the answer and, once it stands
/// there, the presence penalty are taken off (OpenAI's formula).
/// </summary>
internal sealed class LogitAdjustment
{
    private readonly (int Id, float Value)[] _bias;
    private readonly float _repetition;
    private readonly float _frequency;
    private readonly float _presence;
    private readonly Dictionary<int, int> _place = [];
    private readonly List<Seen> _seen = [];

    public LogitAdjustment(SamplingSettings settings, int vocabularySize)
    {
        _bias = settings.LogitBias is { Count: > 0 } bias ? [.. bias.OrderBy(pair => pair.Key).Select(pair => (pair.Key, (float)pair.Value))] : [];
        foreach ((int id, float value) in _bias)
        {
            if ((uint)id >= (uint)vocabularySize || !float.IsFinite(value))
            {
                throw new ArgumentException($"logit_bias: token {id} with bias {value} is not a token of this model's {vocabularySize} with a finite bias, for example {{\"42\": -100}}.", nameof(settings));
            }
        }

        _repetition = (float)settings.RepetitionPenalty;
        _frequency = (float)settings.FrequencyPenalty;
        _presence = (float)settings.PresencePenalty;
        CountsAnswer = _repetition != 1 || _frequency != 0 || _presence != 0;
    }

    /// <summary>Whether there is anything to change, now or later.</summary>
    public bool IsNeeded => _bias.Length > 0 || CountsAnswer;

    /// <summary>Whether tokens of the answer matter.</summary>
    private bool CountsAnswer { get; }

    /// <summary>Tokens of the prompt: the repetition penalty alone heeds them.</summary>
    public void AddPrompt(ReadOnlySpan<int> tokens)
    {
        if (_repetition != 1)
        {
            foreach (int token in tokens)
            {
                _ = Place(token);
            }
        }
    }

    /// <summary>A token of the answer.</summary>
    public void AddAnswer(int token)
    {
        if (CountsAnswer)
        {
            int place = Place(token);
            CollectionsMarshal.AsSpan(_seen)[place].InAnswer++;
        }
    }

    /// <summary>Changes the logits in place.</summary>
    public void Apply(Span<float> logits)
    {
        foreach ((int id, float value) in _bias)
        {
            logits[id] += value;
        }

        foreach (Seen seen in CollectionsMarshal.AsSpan(_seen))
        {
            ref float logit = ref logits[seen.Id];
            logit = logit > 0 ? logit / _repetition : logit * _repetition;
            if (seen.InAnswer > 0)
            {
                logit -= _frequency * seen.InAnswer;
                logit -= _presence;
            }
        }
    }

    private int Place(int token)
    {
        ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(_place, token, out bool known);
        if (!known)
        {
            place = _seen.Count;
            _seen.Add(new Seen { Id = token });
        }

        return place;
    }

    private struct Seen
    {
        public int Id;
        public int InAnswer;
    }
}
