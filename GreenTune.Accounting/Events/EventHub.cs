using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Events;

/// <summary>One server-sent event, its data already JSON.</summary>
internal sealed record ServerEvent(string Name, string Data);

/// <summary>
/// Hands events to whoever listens. A listener that does not keep up loses its oldest events, never slows the others and never costs more memory.
/// Thread-safe.
/// </summary>
internal sealed class EventHub
{
    /// <summary>Events kept for one listener.</summary>
    public const int Capacity = 256;

    private readonly ConcurrentDictionary<object, Channel<ServerEvent>> _listeners = new();

    public bool HasListeners => !_listeners.IsEmpty;

    /// <summary>Sends <paramref name="data"/> to all listeners; costs nothing when there are none.</summary>
    public void Publish<T>(string name, T data)
    {
        if (!HasListeners)
        {
            return;
        }

        var serverEvent = Event(name, data);
        foreach (Channel<ServerEvent> listener in _listeners.Values)
        {
            listener.Writer.TryWrite(serverEvent);
        }
    }

    public static ServerEvent Event<T>(string name, T data) => new(name, JsonSerializer.Serialize(data, ContractJson.Options));

    /// <summary>Listens from now on until disposed.</summary>
    public Subscription Subscribe()
    {
        var channel = Channel.CreateBounded<ServerEvent>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        object key = new();
        _listeners[key] = channel;
        return new Subscription(channel.Reader, () => _listeners.TryRemove(key, out _));
    }

    internal sealed class Subscription(ChannelReader<ServerEvent> events, Action leave) : IDisposable
    {
        public ChannelReader<ServerEvent> Events => events;

        public void Dispose() => leave();
    }
}
