using System.Threading.Channels;

namespace GreenTune.Dashboard.Live;

/// <summary>
/// Hands every published item to every subscriber through a bounded queue of its own; a slow subscriber loses its oldest items and never
/// holds up the others. Safe for use from any thread.
/// </summary>
/// <param name="capacity">Items that wait for one subscriber.</param>
public sealed class Broadcaster<T>(int capacity = 64)
{
    private readonly Lock _gate = new();
    private readonly List<Subscription> _subscriptions = [];
    private TaskCompletionSource _watched = NewSignal();

    /// <summary>Subscribers now.</summary>
    public int Subscribers
    {
        get
        {
            lock (_gate)
            {
                return _subscriptions.Count;
            }
        }
    }

    public Subscription Subscribe()
    {
        var subscription = new Subscription(this, capacity);
        lock (_gate)
        {
            _subscriptions.Add(subscription);
            _watched.TrySetResult();
        }

        return subscription;
    }

    public void Publish(T item)
    {
        lock (_gate)
        {
            foreach (var subscription in _subscriptions)
            {
                subscription.Write(item);
            }
        }
    }

    /// <summary>Returns once somebody subscribes, at once if somebody does already.</summary>
    public Task WaitForSubscriberAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return _watched.Task.WaitAsync(cancellationToken);
        }
    }

    private void Remove(Subscription subscription)
    {
        lock (_gate)
        {
            _subscriptions.Remove(subscription);
            if (_subscriptions.Count == 0 && _watched.Task.IsCompleted)
            {
                _watched = NewSignal();
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>One subscriber's queue; disposing it ends the subscription and its reader.</summary>
    public sealed class Subscription : IDisposable
    {
        private readonly Broadcaster<T> _broadcaster;
        private readonly Channel<T> _queue;

        internal Subscription(Broadcaster<T> broadcaster, int capacity)
        {
            _broadcaster = broadcaster;
            _queue = Channel.CreateBounded<T>(new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        }

        public ChannelReader<T> Items => _queue.Reader;

        public void Dispose()
        {
            _broadcaster.Remove(this);
            _queue.Writer.TryComplete();
        }

        internal void Write(T item) => _queue.Writer.TryWrite(item);
    }
}
