namespace GreenTune.Inference.Engine.Running;

/// <summary>Rows that CUDA graphs are captured for: each of the first eight, then steps of an eighth to a quarter.</summary>
internal static class BatchSizes
{
    /// <summary>The smallest captured size that holds the rows, at most <paramref name="most"/>.</summary>
    public static int RoundUp(int rows, int most)
    {
        int step = rows switch
        {
            <= 8 => 1,
            <= 64 => 8,
            <= 128 => 16,
            _ => 32,
        };
        return Math.Min((rows + step - 1) / step * step, Math.Max(most, rows));
    }
}
