using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Chat;

/// <summary>
/// Writes a completion as server-sent events in OpenAI's form. The parts that do not change from chunk to chunk are encoded once: at several
/// thousand tokens a second the framing must not cost what the model does.
/// </summary>
internal sealed class ChatChunkWriter
{
    private static readonly byte[] EventEnd = "\n\n"u8.ToArray();

    private readonly PipeWriter _pipe;
    private readonly string _id;
    private readonly long _created;
    private readonly string _model;
    private readonly byte[] _beforeContent;
    private static readonly byte[] AfterContent = """},"finish_reason":null}]}"""u8.ToArray();

    public ChatChunkWriter(PipeWriter pipe, string id, long created, string model)
    {
        _pipe = pipe;
        _id = id;
        _created = created;
        _model = model;
        string head = $$"""data: {"id":"{{id}}","object":"chat.completion.chunk","created":{{created.ToString(CultureInfo.InvariantCulture)}},"model":{{JsonSerializer.Serialize(model)}},"choices":[{"index":0,"delta":{"content":""";
        _beforeContent = Encoding.UTF8.GetBytes(head);
    }

    /// <summary>The first chunk: who speaks.</summary>
    public void Role() => Event(writer => Choice(writer, null, delta =>
    {
        delta.WriteString("role"u8, "assistant"u8);
        delta.WriteString("content"u8, ""u8);
    }));

    /// <summary>A piece of the answer, of one or several tokens.</summary>
    public void Content(string text)
    {
        _pipe.Write(_beforeContent);
        _pipe.Write("\""u8);
        _pipe.Write(JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes);
        _pipe.Write("\""u8);
        _pipe.Write(AfterContent);
        _pipe.Write(EventEnd);
    }

    public void Finish(string reason) => Event(writer => Choice(writer, reason, static _ => { }));

    /// <summary>The last chunk with the usage, when the client asked for it; its choices are empty.</summary>
    public void Usage(int promptTokens, int completionTokens, UsageEnergy energy) => Event(writer =>
    {
        writer.WriteStartArray("choices"u8);
        writer.WriteEndArray();
        ChatResponseJson.WriteUsage(writer, promptTokens, completionTokens, energy);
    });

    /// <summary>A failure after the stream began, as OpenAI sends it.</summary>
    public void Error(string message)
    {
        _pipe.Write("data: "u8);
        _pipe.Write(JsonSerializer.SerializeToUtf8Bytes(new ApiErrorEnvelope(new ApiErrorBody(message, "server_error", null, "step_failed"))));
        _pipe.Write(EventEnd);
    }

    public void Done() => _pipe.Write("data: [DONE]\n\n"u8);

    public ValueTask<FlushResult> FlushAsync(CancellationToken cancellation) => _pipe.FlushAsync(cancellation);

    private void Event(Action<Utf8JsonWriter> body)
    {
        _pipe.Write("data: "u8);
        using (var writer = new Utf8JsonWriter(_pipe))
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, _id);
            writer.WriteString("object"u8, "chat.completion.chunk"u8);
            writer.WriteNumber("created"u8, _created);
            writer.WriteString("model"u8, _model);
            body(writer);
            writer.WriteEndObject();
        }

        _pipe.Write(EventEnd);
    }

    private static void Choice(Utf8JsonWriter writer, string? finishReason, Action<Utf8JsonWriter> delta)
    {
        writer.WriteStartArray("choices"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, 0);
        writer.WriteStartObject("delta"u8);
        delta(writer);
        writer.WriteEndObject();
        writer.WriteString("finish_reason"u8, finishReason);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }
}
