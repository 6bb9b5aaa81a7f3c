using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Nodes;
using GreenTune.Inference.Chat;

namespace GreenTune.Inference.External;

/// <summary>
/// Passes an upstream's events on as they come, byte for byte, and reads along. Two are kept back: the usage, which gets its energy and comes last, and the
/// end mark, which comes behind it.
/// </summary>
internal sealed class EventRelay(HttpResponse response, ExternalRun run)
{
    private readonly PipeWriter _client = response.BodyWriter;
    private JsonObject? _usage;
    private JsonObject? _head;
    private bool _pending;

    /// <summary>The client's answer has begun: what goes wrong from here on is told in the stream.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>A piece of the answer has come.</summary>
    public bool HasContent { get; private set; }

    /// <summary>The upstream sent its end mark.</summary>
    public bool IsDone { get; private set; }

    /// <summary>The error that the upstream sent as an event; null for none.</summary>
    public string? Error { get; private set; }

    /// <summary>Passes one line on.</summary>
    /// <param name="lines">The upstream's.</param>
    /// <param name="reading">Ends the wait for the upstream.</param>
    /// <param name="writing">Ends the wait for the client, which may be slower than the upstream's patience.</param>
    /// <returns>False at the end.</returns>
    /// <exception cref="InvalidDataException">What came is no event of OpenAI's.</exception>
    public async ValueTask<bool> NextAsync(EventLines lines, CancellationToken reading, CancellationToken writing)
    {
        if (await lines.NextAsync(reading) is not { } line)
        {
            return false;
        }

        if (line.Span.StartsWith("data:"u8))
        {
            Data(line);
        }
        else if (line.Length > 0)
        {
            Pass(line.Span);
        }
        else if (_pending)
        {
            _client.Write("\n"u8);
            _pending = false;
            if (!lines.HasLine)
            {
                await FlushAsync(writing);
            }
        }

        return !IsDone;
    }

    /// <summary>The upstream's usage, or an object in its form where it sent none.</summary>
    public JsonObject UsageChunk()
    {
        if (_usage is not null)
        {
            return _usage;
        }

        var chunk = new JsonObject();
        foreach (string name in (ReadOnlySpan<string>)["id", "object", "created", "model"])
        {
            chunk[name] = _head?[name]?.DeepClone();
        }

        chunk["choices"] = new JsonArray();
        return chunk;
    }

    public void Write(JsonObject chunk) => Event(JsonSerializer.SerializeToUtf8Bytes(chunk));

    /// <summary>An error, as OpenAI sends it in a stream.</summary>
    public void Write(ApiException failure) =>
        Event(JsonSerializer.SerializeToUtf8Bytes(failure.Envelope()));

    public async Task EndAsync(CancellationToken cancellation)
    {
        Event("[DONE]"u8);
        await FlushAsync(cancellation);
    }

    private void Data(ReadOnlyMemory<byte> line)
    {
        ReadOnlyMemory<byte> data = line["data:".Length..];
        data = data.Span is [(byte)' ', ..] ? data[1..] : data;
        if (data.Span.SequenceEqual("[DONE]"u8))
        {
            IsDone = true;
            return;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(data);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidDataException("an event is no JSON object");
            }

            UpstreamChunk chunk = UpstreamChunk.Of(document.RootElement);
            run.Saw(chunk);
            HasContent |= chunk.HasContent;
            Error ??= chunk.Error;
            if (chunk.IsUsageAlone)
            {
                _usage = run.Request.IncludeUsage ? (JsonObject)JsonNode.Parse(data.Span)! : null;
                return;
            }

            _head ??= run.Request.IncludeUsage ? (JsonObject)JsonNode.Parse(data.Span)! : null;
            Pass(line.Span);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException("an event is not JSON", e);
        }
    }

    private void Pass(ReadOnlySpan<byte> line)
    {
        Begin();
        _client.Write(line);
        _client.Write("\n"u8);
        _pending = true;
    }

    private void Event(ReadOnlySpan<byte> data)
    {
        Begin();
        if (_pending)
        {
            // An event that broke off in its middle ends here.
            _client.Write("\n"u8);
            _pending = false;
        }

        _client.Write("data: "u8);
        _client.Write(data);
        _client.Write("\n\n"u8);
    }

    private void Begin()
    {
        if (HasBegun)
        {
            return;
        }

        HasBegun = true;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
    }

    private async ValueTask FlushAsync(CancellationToken cancellation)
    {
        FlushResult flushed = await _client.FlushAsync(cancellation);
        if (flushed.IsCompleted)
        {
            // The request's own token says so as well, but a moment later.
            throw new ClientGoneException();
        }
    }
}

/// <summary>Nobody reads the answer any more.</summary>
internal sealed class ClientGoneException() : Exception("The client has gone.");
