using System.Threading.Channels;

namespace GreenTune.Dashboard.Live;

/// <summary>
/// Takes what a subscription brings and hands it on in batches, at most one in an interval: what comes faster is collected.
/// Disposing stops the loop and waits until the last batch was handled.
/// </summary>
internal sealed class LiveLoop<T> : IAsyncDisposable
{
    private readonly Broadcaster<T>.Subscription _subscription;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    private LiveLoop(Broadcaster<T>.Subscription subscription, TimeSpan interval, TimeProvider time, Func<IReadOnlyList<T>, Task> handle)
    {
        _subscription = subscription;
        _loop = RunAsync(subscription.Items, interval, time, handle, _stop.Token);
    }

    public static LiveLoop<T> Start(Broadcaster<T> broadcaster, TimeSpan interval, TimeProvider time, Func<IReadOnlyList<T>, Task> handle) =>
        new(broadcaster.Subscribe(), interval, time, handle);

    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private static async Task RunAsync(ChannelReader<T> items, TimeSpan interval, TimeProvider time, Func<IReadOnlyList<T>, Task> handle, CancellationToken stop)
    {
        try
        {
            // Off the caller's synchronisation context: waiting must not need the circuit's dispatcher.
            await Task.Yield();
            while (await items.WaitToReadAsync(stop).ConfigureAwait(false))
            {
                var batch = new List<T>();
                while (items.TryRead(out var item))
                {
                    batch.Add(item);
                }

                await handle(batch).ConfigureAwait(false);
                await Task.Delay(interval, time, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Disposed.
        }
        catch (ObjectDisposedException)
        {
            // The circuit went away while a batch was on its way to it.
        }
    }
}
