using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using GreenTune.Inference.Chat.Answers;

namespace GreenTune.Inference.Chat.Responses;

/// <summary>
/// Writes an answer as server-sent events in OpenAI's form. The parts that do not change from chunk to chunk are encoded once, and a piece of text is escaped
/// straight into the connection's buffer: at several thousand tokens a second the framing must not cost what the model does.
/// </summary>
internal abstract class ChunkWriter : IDisposable
{
    private const int MostDigits = 11;

    /// <summary>What stands for itself in JSON and is one byte of UTF-8: most of most answers.</summary>
    private static readonly SearchValues<char> Plain = SearchValues.Create(" !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    private readonly PipeWriter _pipe;
    private readonly Utf8JsonWriter _json;
    private readonly byte[] _start;
    private readonly byte[] _end;

    protected ChunkWriter(PipeWriter pipe, AnswerHead head, string objectName)
    {
        _pipe = pipe;
        Head = head;
        _json = new Utf8JsonWriter(pipe, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        string created = head.Created.ToString(CultureInfo.InvariantCulture);
        Envelope = $$"""data: {"id":"{{head.Id}}","object":"{{objectName}}","created":{{created}},"model":{{JsonSerializer.Serialize(head.Model)}},""";
        _start = Encoding.UTF8.GetBytes(Envelope + "\"choices\":[{\"index\":");
        _end = Encoding.UTF8.GetBytes(head.WithUsage ? "}],\"usage\":null}\n\n" : "}]}\n\n");
    }

    protected AnswerHead Head { get; }

    /// <summary>A chunk's text up to its choices, "data: " included.</summary>
    private string Envelope { get; }

    /// <summary>A piece of one choice.</summary>
    public abstract void Piece(AnswerPiece piece);

    /// <summary>A choice's end.</summary>
    public abstract void Finish(int choice, string reason);

    /// <summary>The last chunk with the usage, when the client asked for it; its choices are empty.</summary>
    public void Usage(TokenUsage usage)
    {
        Raw(Encoding.UTF8.GetBytes(Envelope + "\"choices\":[],\"usage\":"));
        Value(usage.Write);
        Raw("}\n\n"u8);
    }

    /// <summary>A failure after the stream began, as OpenAI sends it.</summary>
    public void Error(ApiException error)
    {
        Raw("data: "u8);
        Raw(JsonSerializer.SerializeToUtf8Bytes(error.Envelope()));
        Raw("\n\n"u8);
    }

    public void Done() => Raw("data: [DONE]\n\n"u8);

    public void Dispose() => _json.Dispose();

    /// <summary>Begins a chunk: its head and its choice's index.</summary>
    protected void Start(int choice)
    {
        Raw(_start);
        choice.TryFormat(_pipe.GetSpan(MostDigits), out int written, default, CultureInfo.InvariantCulture);
        _pipe.Advance(written);
    }

    /// <summary>Ends a chunk.</summary>
    protected void End() => Raw(_end);

    protected void Raw(ReadOnlySpan<byte> bytes) => _pipe.Write(bytes);

    /// <summary>A JSON string.</summary>
    protected void Text(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(Plain))
        {
            Span<byte> bytes = _pipe.GetSpan(text.Length + 2);
            bytes[0] = (byte)'"';
            int length = Encoding.ASCII.GetBytes(text, bytes[1..]);
            bytes[length + 1] = (byte)'"';
            _pipe.Advance(length + 2);
            return;
        }

        _json.Reset(_pipe);
        _json.WriteStringValue(text);
        _json.Flush();
    }

    /// <summary>Any JSON value.</summary>
    protected void Value(Action<Utf8JsonWriter> write)
    {
        _json.Reset(_pipe);
        write(_json);
        _json.Flush();
    }
}
