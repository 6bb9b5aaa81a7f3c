using System.Buffers;
using System.IO.Pipelines;

namespace GreenTune.Inference.External;

/// <summary>Lines of a stream of server-sent events, as they come. A line may be as long as the largest chunk that an engine sends, and no longer.</summary>
internal sealed class EventLines(Stream stream)
{
    public const int MaxLineBytes = 1 << 20;

    private readonly PipeReader _pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 << 10));
    private SequencePosition _consumed;
    private bool _hasRead;
    private ReadOnlySequence<byte> _buffer;
    private bool _ended;

    /// <summary>Whether a line is there without waiting for the upstream.</summary>
    public bool HasLine => _hasRead && _buffer.Slice(_consumed).PositionOf((byte)'\n') is not null;

    /// <summary>The next line without its end; null behind the last. Valid until the next call.</summary>
    /// <exception cref="InvalidDataException">A line is too long.</exception>
    /// <exception cref="IOException">The stream broke off.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (_hasRead)
            {
                ReadOnlySequence<byte> rest = _buffer.Slice(_consumed);
                if (rest.PositionOf((byte)'\n') is { } end)
                {
                    ReadOnlySequence<byte> line = rest.Slice(0, end);
                    _consumed = rest.GetPosition(1, end);
                    return Trimmed(line);
                }

                if (rest.Length > MaxLineBytes)
                {
                    throw new InvalidDataException($"a line is longer than {MaxLineBytes >> 10} kB");
                }

                if (_ended)
                {
                    _consumed = rest.End;
                    // A plain null would become empty memory, by way of an array.
                    return rest.IsEmpty ? default(ReadOnlyMemory<byte>?) : Trimmed(rest);
                }

                _pipe.AdvanceTo(_consumed, _buffer.End);
                _hasRead = false;
            }

            ReadResult read = await _pipe.ReadAsync(cancellation);
            _buffer = read.Buffer;
            _consumed = _buffer.Start;
            _ended = read.IsCompleted;
            _hasRead = true;
        }
    }

    private static ReadOnlyMemory<byte> Trimmed(ReadOnlySequence<byte> line)
    {
        ReadOnlyMemory<byte> bytes = line.IsSingleSegment ? line.First : line.ToArray();
        return bytes.Span is [.., (byte)'\r'] ? bytes[..^1] : bytes;
    }
}
