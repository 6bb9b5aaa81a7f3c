using System.Buffers;
using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Http;

/// <summary>One element of a batch: read, or why it could not be.</summary>
internal readonly record struct BatchItem<T>(string Id, T? Value, string? Problem);

/// <summary>Reads bodies as contracts, within a limit, with errors that name the place in the JSON.</summary>
internal static class JsonBody
{
    /// <summary>Largest body of anything that a person writes.</summary>
    public const int SmallBytes = 256 * 1024;

    /// <summary>Largest batch or plan: 1,000 records with full traces are about 12 MB.</summary>
    public const int LargeBytes = 32 * 1024 * 1024;

    /// <exception cref="RequestRefusedException">400 with the field, 413 or 415.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, int maxBytes, CancellationToken cancellation)
    {
        byte[] body = await ReadBytesAsync(request, maxBytes, cancellation);
        try
        {
            return JsonSerializer.Deserialize<T>(body, ContractJson.Options) ?? throw new RequestRefusedException(StatusCodes.Status400BadRequest, "$", "The body is null.");
        }
        catch (JsonException e)
        {
            throw Refused(e);
        }
    }

    /// <summary>
    /// Reads an object with one array in it, such as {"records": [...]}. An element that is malformed is an item with a problem; the others are read all the same.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="property">The array's name.</param>
    /// <param name="maxItems">Most elements.</param>
    /// <param name="list">The elements of a batch that is wholly sound, which nearly all are.</param>
    /// <param name="id">An element's id.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static async Task<IReadOnlyList<BatchItem<T>>> ReadBatchAsync<TBatch, T>(
        HttpRequest request, string property, int maxItems, Func<TBatch, IReadOnlyList<T?>?> list, Func<T, string> id, CancellationToken cancellation)
        where T : class
    {
        byte[] body = await ReadBytesAsync(request, LargeBytes, cancellation);
        try
        {
            if (JsonSerializer.Deserialize<TBatch>(body, ContractJson.Options) is { } batch && list(batch) is { } elements)
            {
                RefuseMore(elements.Count, maxItems, property);
                return [.. elements.Select((value, i) => Item(value, i, id))];
            }
        }
        catch (JsonException)
        {
            // Something in it is malformed: below each element is read on its own.
        }

        using JsonDocument document = Parse(body);
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty(property, out JsonElement array) || array.ValueKind != JsonValueKind.Array)
        {
            throw new RequestRefusedException(StatusCodes.Status400BadRequest, property, $"The body is an object with an array \"{property}\".");
        }

        RefuseMore(array.GetArrayLength(), maxItems, property);
        var items = new List<BatchItem<T>>(array.GetArrayLength());
        foreach (JsonElement element in array.EnumerateArray())
        {
            items.Add(Item(element, items.Count, id));
        }

        return items;
    }

    private static void RefuseMore(int count, int maxItems, string property)
    {
        if (count > maxItems)
        {
            throw new RequestRefusedException(StatusCodes.Status400BadRequest, property, $"A batch has at most {maxItems} items; this one has {count}. Send it in parts.");
        }
    }

    private static BatchItem<T> Item<T>(T? value, int index, Func<T, string> id)
        where T : class => value is null ? new BatchItem<T>(Position(index), null, "The item is null.") : new BatchItem<T>(id(value), value, null);

    private static BatchItem<T> Item<T>(JsonElement element, int index, Func<T, string> id)
        where T : class
    {
        try
        {
            return Item(element.Deserialize<T>(ContractJson.Options), index, id);
        }
        catch (JsonException e)
        {
            bool named = element.ValueKind == JsonValueKind.Object && element.TryGetProperty("id", out JsonElement text) && text.ValueKind == JsonValueKind.String;
            return new BatchItem<T>(named ? element.GetProperty("id").GetString()! : Position(index), null, Message(e));
        }
    }

    private static string Position(int index) => $"(item {index})";

    private static JsonDocument Parse(byte[] body)
    {
        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException e)
        {
            throw Refused(e);
        }
    }

    private static RequestRefusedException Refused(JsonException e) => new(StatusCodes.Status400BadRequest, Field(e), Message(e));

    /// <summary>"$.thresholds[0].action" is "thresholds[0].action" to a reader.</summary>
    private static string Field(JsonException e) => e.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : "$";

    // The serialiser's own sentence, without the place that it repeats at its end and without names of .NET types.
    private static string Message(JsonException e)
    {
        int place = e.Message.IndexOf(" Path: ", StringComparison.Ordinal);
        string sentence = place < 0 ? e.Message : e.Message[..place];
        if (sentence.StartsWith("JSON deserialization for type", StringComparison.Ordinal) && sentence.IndexOf(": ", StringComparison.Ordinal) is var colon and > 0)
        {
            return $"Required properties are missing: {sentence[(colon + 2)..].TrimEnd('.')}.";
        }

        return sentence.StartsWith("The JSON value could not be converted", StringComparison.Ordinal)
            ? $"{Field(e)} has a value of the wrong kind or one that is not known."
            : sentence;
    }

    private static async Task<byte[]> ReadBytesAsync(HttpRequest request, int maxBytes, CancellationToken cancellation)
    {
        if (!request.HasJsonContentType())
        {
            throw new RequestRefusedException(StatusCodes.Status415UnsupportedMediaType, "$", "The body is JSON: send Content-Type: application/json.");
        }

        if (request.ContentLength > maxBytes)
        {
            throw TooLarge(maxBytes);
        }

        using var body = new MemoryStream((int)(request.ContentLength ?? 0));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            int read;
            while ((read = await request.Body.ReadAsync(buffer, cancellation)) > 0)
            {
                if (body.Length + read > maxBytes)
                {
                    throw TooLarge(maxBytes);
                }

                body.Write(buffer, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return body.ToArray();
    }

    private static RequestRefusedException TooLarge(int maxBytes) =>
        new(StatusCodes.Status413PayloadTooLarge, "$", $"The body has more than {maxBytes} bytes.");
}
