namespace GreenTune.Inference.Engine;

/// <summary>Draws tokens from logits by temperature, top-k and top-p. One per generation; not thread-safe.</summary>
internal sealed class TokenSampler
{
    /// <summary>Candidates less likely than this share of the likeliest are left out: together they are below 1e-5 for any vocabulary in use.</summary>
    private const double LeastShare = 1e-10;

    private readonly SamplingSettings _settings;
    private readonly Random _random;
    private readonly double[] _weights;
    private readonly int[] _candidates;

    public TokenSampler(SamplingSettings settings, int vocabularySize)
    {
        _settings = settings;
        // Seeded Random keeps its sequence across versions of .NET; both halves of the seed count.
        _random = settings.Seed is long seed ? new Random(unchecked((int)(seed ^ (seed >> 32)))) : new Random();
        _weights = new double[vocabularySize];
        _candidates = new int[vocabularySize];
    }

    /// <summary>One token id.</summary>
    /// <param name="logits">[vocabulary].</param>
    public int Draw(ReadOnlySpan<float> logits)
    {
        int kept = Likeliest(logits);
        double total = 0;
        for (int i = 0; i < kept; i++)
        {
            total += _weights[i];
        }

        if (_settings.TopP < 1)
        {
            (kept, total) = Nucleus(kept, total);
        }

        double point = _random.NextDouble() * total;
        for (int i = 0; i < kept - 1; i++)
        {
            point -= _weights[i];
            if (point < 0)
            {
                return _candidates[i];
            }
        }

        return _candidates[kept - 1];
    }

    /// <summary>Fills candidates and their weights, likeliest first and ties by id, so that a seed always gives the same text.</summary>
    private int Likeliest(ReadOnlySpan<float> logits)
    {
        float best = float.NegativeInfinity;
        foreach (float logit in logits)
        {
            best = Math.Max(best, logit);
        }

        double floor = best + Math.Log(LeastShare) * _settings.Temperature;
        int count = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            if (logits[id] >= floor)
            {
                _candidates[count] = id;
                _weights[count++] = Math.Exp((logits[id] - best) / _settings.Temperature);
            }
        }

        int[] candidates = _candidates;
        Array.Sort(_weights, candidates, 0, count, HeaviestFirst);
        for (int start = 0; start < count;)
        {
            int end = start + 1;
            while (end < count && _weights[end] == _weights[start])
            {
                end++;
            }

            Array.Sort(candidates, start, end - start);
            start = end;
        }

        return _settings.TopK > 0 ? Math.Min(_settings.TopK, count) : count;
    }

    private (int Kept, double Total) Nucleus(int kept, double total)
    {
        double goal = _settings.TopP * total;
        double sum = 0;
        for (int i = 0; i < kept; i++)
        {
            sum += _weights[i];
            if (sum >= goal)
            {
                return (i + 1, sum);
            }
        }

        return (kept, sum);
    }

    private static readonly Comparer<double> HeaviestFirst = Comparer<double>.Create((a, b) => b.CompareTo(a));
}
