namespace GreenTune.Accounting.Store;

/// <summary>What the last write came to, for /health. Thread-safe.</summary>
internal sealed class StoreStatus
{
    private volatile string? _problem;

    /// <summary>Why the last write failed; null when it did not.</summary>
    public string? Problem => _problem;

    public void Succeeded() => _problem = null;

    public void Failed(string problem) => _problem = problem;
}
