using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Services;

/// <summary>Chat over the OpenAI-compatible endpoint with server-sent events.</summary>
internal static class ChatStream
{
    private const string Path = "v1/chat/completions";
    private const string Done = "[DONE]";

    /// <summary>Streams an answer. Throws <see cref="ChatRefusedException"/> on a 429 and <see cref="ServiceException"/> when there is no answer.</summary>
    public static async IAsyncEnumerable<ChatUpdate> ReadAsync(HttpClient http, ChatRequest chat, Action<HttpRequestMessage> sign, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await SendAsync(http, chat, sign, cancellationToken);
        yield return new ChatStarted(
            RecordIdOf(Header(response, Headers.Record)),
            Header(response, Headers.Configuration),
            BudgetNotice.Parse(Header(response, Headers.Budget)));

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var events = SseParser.Create(stream).EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (events)
        {
            while (await NextAsync(events))
            {
                var data = events.Current.Data;
                if (data == Done)
                {
                    yield break;
                }

                foreach (var update in Read(data))
                {
                    yield return update;
                }
            }
        }
    }

    /// <summary>A link to a record or a bare id: "/api/records/chatcmpl-1" is "chatcmpl-1".</summary>
    internal static string? RecordIdOf(string? link)
    {
        if (string.IsNullOrWhiteSpace(link))
        {
            return null;
        }

        var path = link.Split('?', '#')[0].TrimEnd('/');
        return Uri.UnescapeDataString(path[(path.LastIndexOf('/') + 1)..]);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, ChatRequest chat, Action<HttpRequestMessage> sign, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = JsonContent.Create(new Body(chat.Model, chat.Messages, chat.MaxTokens, chat.Temperature, true, new StreamOptions(true))),
        };
        request.AsOnce();
        sign(request);
        request.Headers.TryAddWithoutValidation(Headers.Tenant, chat.Tenant);
        request.Headers.TryAddWithoutValidation(Headers.Session, chat.Session);
        request.Headers.Accept.ParseAdd("text/event-stream");
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new ServiceException(ServiceNames.Inference, ServiceFailure.Unreachable, "Inference does not answer.", e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var problem = ProblemText.Read(await response.Content.ReadAsStringAsync(cancellationToken));
            var message = problem.Message ?? $"Inference answered {(int)response.StatusCode} {response.ReasonPhrase}.";
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                throw new ChatRefusedException(message, RetryAfter(response), BudgetNotice.Parse(Header(response, Headers.Budget)));
            }

            throw new ServiceException(
                ServiceNames.Inference,
                response.StatusCode switch
                {
                    HttpStatusCode.NotFound => ServiceFailure.NotFound,
                    HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge => ServiceFailure.Invalid,
                    HttpStatusCode.ServiceUnavailable => ServiceFailure.Unreachable,
                    _ => ServiceFailure.Failed,
                },
                message);
        }
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<SseItem<string>> events)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new ServiceException(ServiceNames.Inference, ServiceFailure.Failed, "The answer broke off: the connection to Inference was lost.", e);
        }
    }

    /// <summary>One chunk, for example <c>{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"usage":null}</c>.</summary>
    private static IEnumerable<ChatUpdate> Read(string data)
    {
        Chunk? chunk;
        try
        {
            chunk = JsonSerializer.Deserialize<Chunk>(data, ContractJson.Options);
        }
        catch (JsonException e)
        {
            throw new ServiceException(ServiceNames.Inference, ServiceFailure.Failed, "Inference sent a chunk that cannot be read.", e);
        }

        if (chunk is null)
        {
            yield break;
        }

        if (chunk.Error is { } error)
        {
            throw new ServiceException(ServiceNames.Inference, ServiceFailure.Failed, error.Message ?? "Inference failed while it answered.");
        }

        foreach (var choice in chunk.Choices ?? [])
        {
            if (choice.Delta?.Content is { Length: > 0 } text)
            {
                yield return new ChatDelta(chunk.Id, text);
            }

            if (choice.FinishReason is { Length: > 0 } reason)
            {
                yield return new ChatFinished(reason);
            }
        }

        if (chunk.Usage is { } usage)
        {
            yield return new ChatUsage(usage.PromptTokens, usage.CompletionTokens, usage.Energy);
        }
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static TimeSpan? RetryAfter(HttpResponseMessage response) =>
        response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - DateTimeOffset.UtcNow : null;

    private sealed record Body(
        [property: JsonPropertyName("model")] string Model,
        [property: JsonPropertyName("messages")] IReadOnlyList<ChatMessage> Messages,
        [property: JsonPropertyName("max_tokens")] int MaxTokens,
        [property: JsonPropertyName("temperature")] double Temperature,
        [property: JsonPropertyName("stream")] bool Stream,
        [property: JsonPropertyName("stream_options")] StreamOptions StreamOptions);

    private sealed record StreamOptions([property: JsonPropertyName("include_usage")] bool IncludeUsage);

    private sealed record Chunk(string? Id, IReadOnlyList<Choice>? Choices, Usage? Usage, ErrorBody? Error);

    private sealed record Choice(Delta? Delta, [property: JsonPropertyName("finish_reason")] string? FinishReason);

    private sealed record Delta(string? Content);

    private sealed record Usage(
        [property: JsonPropertyName("prompt_tokens")] int PromptTokens,
        [property: JsonPropertyName("completion_tokens")] int CompletionTokens,
        UsageEnergy? Energy);

    private sealed record ErrorBody(string? Message);
}
