namespace GreenTune.Dashboard.Ui;

/// <summary>
/// Runs the newest of many requests: the first at once, the others not before <paramref name="interval"/> has passed since the last start, and only
/// the last of them. A run that is overtaken is cancelled.
/// </summary>
internal sealed class Throttle(TimeSpan interval, TimeProvider time) : IDisposable
{
    private CancellationTokenSource? _current;
    private long _lastStart = long.MinValue;

    /// <summary>Runs <paramref name="action"/> now or when its turn comes; returns without running it when a newer one came.</summary>
    public async Task RunAsync(Func<CancellationToken, Task> action)
    {
        _current?.Cancel();
        var mine = _current = new CancellationTokenSource();
        try
        {
            var since = _lastStart == long.MinValue ? interval : time.GetElapsedTime(_lastStart);
            if (since < interval)
            {
                await Task.Delay(interval - since, time, mine.Token);
            }

            _lastStart = time.GetTimestamp();
            await action(mine.Token);
        }
        catch (OperationCanceledException) when (mine.IsCancellationRequested)
        {
            // A newer one runs.
        }
        finally
        {
            if (_current == mine)
            {
                _current = null;
            }

            mine.Dispose();
        }
    }

    public void Dispose() => _current?.Cancel();
}
