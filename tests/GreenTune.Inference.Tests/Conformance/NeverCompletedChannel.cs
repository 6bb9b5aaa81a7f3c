using System.Threading.Channels;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>
/// A channel as the runtime leaves it when the last item is read at the moment at which its writer completes (github.com/dotnet/runtime/issues/123544): waits for more answer that there is
/// none, and the reader's Completion stays open for ever.
/// </summary>
internal sealed class NeverCompletedChannel<T> : Channel<T>
{
    public NeverCompletedChannel()
    {
        var inner = Channel.CreateUnbounded<T>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        Reader = new Never(inner.Reader);
        Writer = inner.Writer;
    }

    /// <summary>The base class's Completion is a task that never ends.</summary>
    private sealed class Never(ChannelReader<T> inner) : ChannelReader<T>
    {
        public override bool TryRead(out T item) => inner.TryRead(out item!);

        public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) => inner.WaitToReadAsync(cancellationToken);
    }
}
