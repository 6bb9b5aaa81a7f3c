namespace GreenTune.Models.Download;

/// <summary>What a pull does now.</summary>
public enum PullStage
{
    /// <summary>Another process pulls the same model.</summary>
    Waiting,

    /// <summary>The hub is asked for the commit and its files.</summary>
    Resolving,

    /// <summary>What is on the disk already is compared with the hub's hashes.</summary>
    Checking,

    Downloading,

    /// <summary>The checkpoint is opened and moved into its place.</summary>
    Finishing,

    Done,
}

/// <summary>How far a file is.</summary>
/// <param name="Path">Inside the repository.</param>
/// <param name="Bytes">On the disk.</param>
/// <param name="Size">In all.</param>
/// <param name="BytesPerSecond">Over the last seconds; null while unknown.</param>
/// <param name="Remaining">At this rate; null while unknown.</param>
/// <param name="Done">Complete, and its hash fits.</param>
public sealed record PullFileProgress(string Path, long Bytes, long Size, double? BytesPerSecond, TimeSpan? Remaining, bool Done);

/// <summary>How far a pull is.</summary>
/// <param name="Stage">What it does now.</param>
/// <param name="Bytes">On the disk.</param>
/// <param name="Size">Of all files; 0 until it is known.</param>
/// <param name="BytesPerSecond">Over the last seconds; null while unknown.</param>
/// <param name="Remaining">At this rate; null while unknown.</param>
/// <param name="Files">Each file.</param>
/// <param name="Note">What went wrong and is tried again; null where nothing did since the last report.</param>
public sealed record PullProgress(PullStage Stage, long Bytes, long Size, double? BytesPerSecond, TimeSpan? Remaining, IReadOnlyList<PullFileProgress> Files, string? Note = null);
