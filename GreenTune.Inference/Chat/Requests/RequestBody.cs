using System.Text.Json;
using System.Text.Unicode;

namespace GreenTune.Inference.Chat.Requests;

/// <summary>A request's body: JSON that was read whole, checked to be UTF-8 and parsed.</summary>
internal sealed class RequestBody : IDisposable
{
    /// <summary>Objects and arrays inside each other; schemas of tools are the deepest that clients send.</summary>
    public const int MaxDepth = 64;

    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    private readonly JsonDocument _document;

    private RequestBody(ReadOnlyMemory<byte> bytes, JsonDocument document)
    {
        Bytes = bytes;
        _document = document;
    }

    /// <summary>As the client sent it, without a byte order mark.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>An object.</summary>
    public JsonElement Root => _document.RootElement;

    /// <exception cref="ApiException">400: it is not UTF-8, not JSON, nested too deep or no object.</exception>
    public static async Task<RequestBody> ReadAsync(Stream body, CancellationToken cancellation)
    {
        var buffer = new MemoryStream();
        await body.CopyToAsync(buffer, cancellation);
        return Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
    }

    /// <inheritdoc cref="ReadAsync"/>
    public static RequestBody Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Span.StartsWith(ByteOrderMark))
        {
            bytes = bytes[ByteOrderMark.Length..];
        }

        // A parser looks into strings only when they are read, which would let the error surface anywhere.
        if (!Utf8.IsValid(bytes.Span))
        {
            throw Invalid("The body is not valid UTF-8.");
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MaxDepth });
        }
        catch (JsonException e)
        {
            throw Invalid($"The body is not valid JSON: {e.Message}");
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return new RequestBody(bytes, document);
        }

        document.Dispose();
        throw Invalid("The body must be a JSON object, for example {\"model\": \"auto\", \"messages\": [...]}.");
    }

    /// <summary>Reads the object.</summary>
    /// <exception cref="ApiException">400, with the field.</exception>
    public T Read<T>(Func<RequestFields, T> read)
    {
        try
        {
            return read(new RequestFields(Root));
        }
        catch (InvalidOperationException)
        {
            // JSON's escapes can spell half of a surrogate pair; in a name that nobody asked for it shows only when names are compared.
            throw Invalid("The body holds text that is not valid Unicode: an escape for half of a surrogate pair.");
        }
    }

    public void Dispose() => _document.Dispose();

    private static ApiException Invalid(string message) => new(StatusCodes.Status400BadRequest, message, code: "invalid_json");
}
