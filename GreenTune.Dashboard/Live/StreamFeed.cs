namespace GreenTune.Dashboard.Live;

/// <summary>
/// Keeps one stream open while somebody watches, reconnecting with growing delays. An open stream makes work on the machine whose idle power is
/// measured, so without watchers it is closed after <see cref="Linger"/>.
/// </summary>
internal abstract class StreamFeed(TimeProvider time) : BackgroundService
{
    /// <summary>How long a stream stays open without watchers.</summary>
    protected static readonly TimeSpan Linger = TimeSpan.FromSeconds(10);

    private readonly ReconnectDelay _delay = new(Random.Shared);

    protected abstract int Watchers { get; }

    protected abstract Task WaitForWatcherAsync(CancellationToken cancellationToken);

    /// <summary>Reads until the stream ends or breaks.</summary>
    /// <param name="again">True from the second connection on.</param>
    /// <param name="connected">Called once the stream is open.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    protected abstract Task ReadAsync(bool again, Action connected, CancellationToken cancellationToken);

    protected abstract void OnBroken(Exception? exception);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var again = false;
        try
        {
            while (true)
            {
                await WaitForWatcherAsync(stoppingToken);
                using var unwatched = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                var watch = CloseWithoutWatchersAsync(unwatched);
                Exception? broken = null;
                try
                {
                    await ReadAsync(again, _delay.Reset, unwatched.Token);
                }
                catch (Exception e) when (!unwatched.IsCancellationRequested)
                {
                    // Whatever broke the stream (network, time-out, an open circuit breaker, a service that restarts), the answer is to connect again.
                    broken = e;
                }
                catch (Exception)
                {
                    // Closed for want of watchers, or the host stops; a stream cut off may say so in its own words.
                }

                again = true;
                var closed = unwatched.IsCancellationRequested;
                await unwatched.CancelAsync();
                await watch;
                stoppingToken.ThrowIfCancellationRequested();
                if (!closed)
                {
                    OnBroken(broken);
                    await Task.Delay(_delay.Next(), time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task CloseWithoutWatchersAsync(CancellationTokenSource unwatched)
    {
        try
        {
            for (var alone = TimeSpan.Zero; alone < Linger;)
            {
                var step = TimeSpan.FromSeconds(1);
                await Task.Delay(step, time, unwatched.Token);
                alone = Watchers == 0 ? alone + step : TimeSpan.Zero;
            }

            await unwatched.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The stream ended first.
        }
    }
}
