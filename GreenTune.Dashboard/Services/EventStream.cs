using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace GreenTune.Dashboard.Services;

/// <summary>Reads a stream of server-sent events over HTTP.</summary>
internal static class EventStream
{
    /// <summary>Both streams write at least every 15 s; a connection that is silent longer is dead.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(45);

    public static async IAsyncEnumerable<SseItem<string>> ReadAsync(HttpClient http, string path, Action connected, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path).AsOnce();
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var watched = new SilenceWatch(stream, Silence);
        connected();
        await foreach (var item in SseParser.Create(watched).EnumerateAsync(cancellationToken))
        {
            yield return item;
        }
    }

    /// <summary>Fails a read that waits longer than the stream may be silent; comments count as life, though the parser drops them.</summary>
    private sealed class SilenceWatch(Stream inner, TimeSpan silence) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(silence);
            try
            {
                return await inner.ReadAsync(buffer, patience.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new IOException($"The stream was silent for {silence.TotalSeconds:0} s.");
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
