using GreenTune.Core.Scoring;
using GreenTune.Models.Folders;

namespace GreenTune.Models.Adapters;

/// <summary>Adapters of random numbers, for tests and for figures of speed: they change what a model says, into nothing of use.</summary>
public static class RandomAdapter
{
    /// <summary>Enough to change every answer, little enough to leave the activations in their range.</summary>
    public const double UsualStrength = 0.1;

    /// <summary>A pair for every map of the folder: A is normal with variance 1 / inputs, B normal with variance <paramref name="strength"/>^2 / rank.</summary>
    /// <param name="folder">The folder that it is for.</param>
    /// <param name="rank">1 to <see cref="LowRankAdapter.MaximumRank"/>.</param>
    /// <param name="seed">The same seed, the same adapter.</param>
    /// <param name="strength">How much it changes, relative to inputs of variance 1; 0 changes nothing.</param>
    /// <exception cref="AdapterException">The folder was not built for adapters.</exception>
    public static LowRankAdapter Create(ModelFolder folder, int rank, long seed, double strength = UsualStrength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rank, LowRankAdapter.MaximumRank);
        ArgumentOutOfRangeException.ThrowIfNegative(strength);
        if (folder.AdapterTargets.Count == 0)
            throw new AdapterException("A random adapter", $"cannot be made: {folder.Id} was not built for adapters; build it with `greentune models build {folder.Id} --adapters`");
        var random = new SplitMix64(unchecked((ulong)seed));
        return new LowRankAdapter
        {
            Pairs = [.. folder.AdapterTargets.Select(target => new LowRankPair(
                target,
                rank,
                Normals(ref random, target.Inputs * rank, 1 / Math.Sqrt(target.Inputs)),
                Normals(ref random, rank * target.Outputs, strength / Math.Sqrt(rank))))],
        };
    }

    /// <summary>Box and Muller's transform.</summary>
    private static float[] Normals(ref SplitMix64 random, int count, double deviation)
    {
        var values = new float[count];
        for (int i = 0; i < count; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - Uniform(ref random)));
            values[i] = (float)(deviation * radius * Math.Cos(2 * Math.PI * Uniform(ref random)));
        }
        return values;
    }

    private static double Uniform(ref SplitMix64 random) => (random.Next() >> 11) * (1.0 / (1UL << 53));
}
