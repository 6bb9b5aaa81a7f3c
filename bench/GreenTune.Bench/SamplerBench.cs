using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using GreenTune.Core.Scoring;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Sampling;

namespace GreenTune.Bench;

/// <summary>Microseconds that choosing one token takes, by settings, vocabulary and shape of the distribution; the median of batches of draws.</summary>
internal static class SamplerBench
{
    private const int Batches = 31;

    public static Command Command()
    {
        var sizes = new Option<int[]>("--vocabulary") { Description = "Vocabulary sizes", DefaultValueFactory = _ => [32_000, 151_936], AllowMultipleArgumentsPerToken = true };
        var command = new Command("sampler", "Time to choose a token") { sizes };
        command.SetAction(parsed =>
        {
            (string Name, SamplingSettings Settings)[] all =
            [
                ("greedy with repetition penalty 1.1", new() { RepetitionPenalty = 1.1 }),
                ("temperature 1", new() { Temperature = 1 }),
                ("temperature 0.8, top-p 0.95", new() { Temperature = 0.8, TopP = 0.95 }),
                ("temperature 0.8, min-p 0.05", new() { Temperature = 0.8, MinP = 0.05 }),
                ("temperature 0.8, top-k 40, top-p 0.95", new() { Temperature = 0.8, TopK = 40, TopP = 0.95 }),
                ("temperature 0.8, top-k 5000", new() { Temperature = 0.8, TopK = 5000 }),
                ("temperature 0.8, top-k 40, top-p 0.95, all penalties", new() { Temperature = 0.8, TopK = 40, TopP = 0.95, RepetitionPenalty = 1.1, FrequencyPenalty = 0.2, PresencePenalty = 0.2 }),
                ("temperature 1, 5 log-probabilities", new() { Temperature = 1, TopLogProbs = 5 }),
            ];
            Console.WriteLine("| settings | vocabulary | peaked (sigma 4), us | flat (sigma 0.5), us |");
            Console.WriteLine("|---|---|---|---|");
            foreach (int size in parsed.GetValue(sizes)!)
            {
                foreach ((string name, SamplingSettings settings) in all)
                {
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {size} | {Time(settings, size, 4):0.0} | {Time(settings, size, 0.5):0.0} |"));
                }
            }
        });
        return command;
    }

    private static double Time(SamplingSettings settings, int vocabulary, double sigma)
    {
        float[] logits = Normal(vocabulary, sigma);
        var sampler = new TokenSampler(settings with { Seed = 1 }, vocabulary, 0);
        sampler.Prompt([.. Enumerable.Range(0, 256).Select(i => i * 97 % vocabulary)]);
        int draws = Math.Max(20, 4_000_000 / vocabulary);
        var times = new List<double>();
        for (int batch = 0; batch < Batches; batch++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < draws; i++)
            {
                sampler.Draw(logits);
            }

            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds / draws);
        }

        return times.Order().ElementAt(Batches / 2);
    }

    private static float[] Normal(int count, double sigma)
    {
        var random = new SplitMix64(1);
        double Uniform() => ((random.Next() >> 11) + 0.5) / (1UL << 53);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(sigma * Math.Sqrt(-2 * Math.Log(Uniform())) * Math.Cos(2 * Math.PI * Uniform())))];
    }
}
