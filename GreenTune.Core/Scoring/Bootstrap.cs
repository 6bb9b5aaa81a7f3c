namespace GreenTune.Core.Scoring;

/// <summary>
/// Non-parametric bootstrap of a plan (Efron 1979): items are drawn with replacement, all answers of an item together, since repeats of one item are
/// not independent. Configurations that answered the same items get the same draws, so that what is hard for all of them cancels in their ratios.
/// Latencies at the offered load are drawn on their own, because arrivals are not paired.
/// </summary>
internal static class Bootstrap
{
    public static RawFigures[][] Run(IReadOnlyList<ConfigurationSamples> configurations, int runs, ulong seed)
    {
        var figures = configurations.Select(_ => new RawFigures[runs]).ToArray();
        int[][] loopGroups = Groups(configurations, (a, b) => a.Items.AsSpan().SequenceEqual(b.Items));
        int[][] scoreGroups = Groups(configurations, (a, b) => a.Correct.Length == b.Correct.Length);
        var sums = new LoopSums[configurations.Count];
        double[] accuracy = new double[configurations.Count];

        for (int run = 0; run < runs; run++)
        {
            // Each run and purpose has its own stream, so that adding a configuration changes no other one's draws.
            ulong stream = seed * 0x9E3779B97F4A7C15 + (ulong)run * 4;
            foreach (int[] group in loopGroups)
            {
                Loop(configurations, group, new SplitMix64(stream), sums);
            }

            foreach (int[] group in scoreGroups)
            {
                Scores(configurations, group, new SplitMix64(stream + 1), accuracy);
            }

            for (int c = 0; c < configurations.Count; c++)
            {
                ulong own = stream + 2 + StableHash(configurations[c].Id);
                figures[c][run] = configurations[c].Figures(sums[c], P95(configurations[c].Offered, new SplitMix64(own)), accuracy[c]);
            }
        }

        return figures;
    }

    private static void Loop(IReadOnlyList<ConfigurationSamples> configurations, int[] group, SplitMix64 random, LoopSums[] sums)
    {
        int items = configurations[group[0]].Items.Length;
        Span<int> draws = items <= 1024 ? stackalloc int[items] : new int[items];
        for (int i = 0; i < items; i++)
        {
            draws[i] = random.Below(items);
        }

        foreach (int c in group)
        {
            ConfigurationSamples samples = configurations[c];
            double joules = 0, tokens = 0, seconds = 0, right = 0, answers = 0;
            foreach (int item in draws)
            {
                joules += samples.Joules[item];
                tokens += samples.Tokens[item];
                seconds += samples.Seconds[item];
                right += samples.Right[item];
                answers += samples.Answers[item];
            }

            sums[c] = new LoopSums(joules, tokens, seconds, right, answers);
        }
    }

    private static void Scores(IReadOnlyList<ConfigurationSamples> configurations, int[] group, SplitMix64 random, double[] accuracy)
    {
        int items = configurations[group[0]].Correct.Length;
        Span<int> draws = items <= 1024 ? stackalloc int[items] : new int[items];
        for (int i = 0; i < items; i++)
        {
            draws[i] = random.Below(items);
        }

        foreach (int c in group)
        {
            double[] correct = configurations[c].Correct;
            double right = 0;
            foreach (int item in draws)
            {
                right += correct[item];
            }

            accuracy[c] = items > 0 ? right / items : double.NaN;
        }
    }

    private static double P95(double[] ascending, SplitMix64 random)
    {
        if (ascending.Length == 0)
        {
            return double.NaN;
        }

        Span<int> copies = ascending.Length <= 1024 ? stackalloc int[ascending.Length] : new int[ascending.Length];
        copies.Clear();
        for (int i = 0; i < ascending.Length; i++)
        {
            copies[random.Below(ascending.Length)]++;
        }

        return Quantiles.OfResample(ascending, copies, 0.95);
    }

    private static int[][] Groups(IReadOnlyList<ConfigurationSamples> configurations, Func<ConfigurationSamples, ConfigurationSamples, bool> alike)
    {
        var groups = new List<List<int>>();
        for (int c = 0; c < configurations.Count; c++)
        {
            if (groups.Find(group => alike(configurations[group[0]], configurations[c])) is { } group)
            {
                group.Add(c);
            }
            else
            {
                groups.Add([c]);
            }
        }

        return [.. groups.Select(group => group.ToArray())];
    }

    /// <summary>FNV-1a: string.GetHashCode differs from process to process.</summary>
    private static ulong StableHash(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in text)
        {
            hash = (hash ^ c) * 1099511628211;
        }

        return hash;
    }
}
