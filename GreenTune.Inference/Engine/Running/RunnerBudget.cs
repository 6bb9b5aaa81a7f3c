namespace GreenTune.Inference.Engine.Running;

/// <summary>What a runner may take of its device.</summary>
/// <param name="MaxContextTokens">Longest row, whatever the model could take.</param>
/// <param name="MaxRows">Most rows at once.</param>
/// <param name="KvBytes">Bytes for keys and values; null takes a share of the device's.</param>
/// <param name="Sharers">Configurations that share the device's memory; at least 1.</param>
internal sealed record RunnerBudget(int MaxContextTokens, int MaxRows, long? KvBytes, int Sharers)
{
    private const double ShareOfHost = 0.25;
    private const double ShareOfFreeDevice = 0.9;

    public static RunnerBudget Of(InferenceOptions options, bool cuda, int configurations) => new(
        options.MaxContextTokens,
        options.RowsOn(cuda),
        options.KvCacheMegabytes > 0 ? (long)options.KvCacheMegabytes << 20 : null,
        Math.Max(1, configurations));

    /// <summary>Bytes for keys and values.</summary>
    /// <param name="freeOnDevice">Bytes free on the GPU once the weights are there; null on a CPU.</param>
    public long Bytes(long? freeOnDevice) =>
        KvBytes ?? (long)(freeOnDevice is { } free ? free * ShareOfFreeDevice / Sharers : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * ShareOfHost / Sharers);
}
