namespace GreenTune.Models.Download;

/// <summary>How downloads behave.</summary>
public sealed record DownloadOptions
{
    /// <summary>Files at once.</summary>
    /// <value>The default is 4.</value>
    public int Parallel { get; init; } = 4;

    /// <summary>Without an answer or a byte for this long the connection is given up and another attempt made.</summary>
    /// <value>The default is 30 seconds.</value>
    public TimeSpan StallAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Attempts in a row that bring nothing, the first included.</summary>
    /// <value>The default is 6.</value>
    public int Attempts { get; init; } = 6;

    /// <summary>About how long the first wait is; each further one is twice as long.</summary>
    /// <value>The default is 1 second.</value>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>No wait of our own is longer.</summary>
    /// <value>The default is 60 seconds.</value>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Where a server asks for a longer wait the pull ends instead; it can be resumed.</summary>
    /// <value>The default is 10 minutes.</value>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Disk that stays free.</summary>
    /// <value>The default is 512 MiB.</value>
    public long SpareBytes { get; init; } = 512L << 20;

    /// <summary>Bytes after which an attempt counts as progress, so that the attempts are counted anew.</summary>
    internal long ProgressBytes { get; init; } = 1 << 20;
}
