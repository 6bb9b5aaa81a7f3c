namespace GreenTune.Inference.Engine.Scheduling;

/// <summary>How requests are put together into batches.</summary>
internal enum BatchingMode
{
    /// <summary>Requests join and leave the running batch between steps.</summary>
    Continuous,

    /// <summary>A batch is put together, padded to its longest prompt and run until its longest answer ends; nobody joins or leaves. For experiments.</summary>
    Static,
}

/// <summary>How the engine schedules. Experiments change it while nothing runs.</summary>
internal sealed record SchedulingSettings
{
    public BatchingMode Mode { get; init; }

    /// <summary>How long the first waiting request waits for others before it is admitted; zero admits at once.</summary>
    public TimeSpan BatchWindow { get; init; }

    /// <summary>Most rows that run at once, over all configurations; also the most of a static batch.</summary>
    public int MaxRows { get; init; } = 32;

    /// <summary>Prompt tokens computed between two decode steps: rows that decode never wait longer for prompts than these take.</summary>
    public int PrefillTokens { get; init; } = 128;

    /// <summary>Prompt tokens computed in one go while no row decodes: a cancelled request is gone after at most these.</summary>
    public int PrefillTokensAlone { get; init; } = 512;

    /// <summary>Requests that may wait before the next is refused.</summary>
    public int QueueLimit { get; init; } = 2048;

    /// <summary>Bytes of keys and values kept, by configuration, of prompts that may come again; 0 keeps none.</summary>
    public long PrefixCacheBytes { get; init; }

    public static SchedulingSettings Of(InferenceOptions options, bool cuda)
    {
        int prefill = options.PrefillTokens > 0 ? options.PrefillTokens : cuda ? 2048 : 128;
        return new SchedulingSettings
        {
            Mode = options.Batching,
            BatchWindow = TimeSpan.FromMilliseconds(options.BatchWindowMilliseconds),
            MaxRows = options.RowsOn(cuda),
            PrefillTokens = prefill,
            PrefillTokensAlone = prefill * 4,
            QueueLimit = options.MaxQueue,
            PrefixCacheBytes = (long)options.PrefixCacheMegabytes << 20,
        };
    }
}
