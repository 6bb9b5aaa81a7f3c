using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Services;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Chat;

/// <summary>
/// Reads an answer in OpenAI's streamed form: data: {"id": "...", "model": "...", "choices": [{"delta": {"content": "..."}, "finish_reason": null}]} for
/// each piece, a last one with "usage" and no choices, and data: [DONE].
/// </summary>
internal sealed class ChatStream(ServiceClient service)
{
    private const string End = "[DONE]";

    public string? Id { get; private set; }

    /// <summary>The configuration that answers.</summary>
    public string? Model { get; private set; }

    /// <summary>"stop" or "length".</summary>
    public string? FinishReason { get; private set; }

    public ChatUsage? Usage { get; private set; }

    /// <summary>The answer's pieces in order.</summary>
    /// <exception cref="CommandFailedException">The service failed or went away; what was generated until then has been returned.</exception>
    public async IAsyncEnumerable<string> ReadAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
            throw service.Foreign();
        await using Stream stream = await service.ReadAsync(() => response.Content.ReadAsStreamAsync(cancellation));
        await using IAsyncEnumerator<SseItem<string>> events = SseParser.Create(stream).EnumerateAsync(cancellation).GetAsyncEnumerator(cancellation);
        while (await service.ReadAsync(async () => await events.MoveNextAsync()))
        {
            if (events.Current.Data == End)
                yield break;
            if (await service.ReadAsync(() => Task.FromResult(Take(events.Current.Data))) is { Length: > 0 } piece)
                yield return piece;
        }
        throw new CommandFailedException("the answer ended before it was complete: the service closed the connection");
    }

    private string? Take(string data)
    {
        ChatChunk chunk = JsonSerializer.Deserialize<ChatChunk>(data, ContractJson.Options) ?? throw service.Foreign();
        if (chunk.Error is { } error)
            throw new CommandFailedException($"the answer was cut short: {error.Message ?? "the service does not say why"}");
        Id ??= chunk.Id;
        Model ??= chunk.Model;
        Usage = chunk.Usage ?? Usage;
        ChatChoice? choice = chunk.Choices is [var first, ..] ? first : null;
        FinishReason = choice?.FinishReason ?? FinishReason;
        return choice?.Delta?.Content;
    }

    private sealed record ChatChunk
    {
        public string? Id { get; init; }

        public string? Model { get; init; }

        public IReadOnlyList<ChatChoice>? Choices { get; init; }

        public ChatUsage? Usage { get; init; }

        public ChatError? Error { get; init; }
    }

    private sealed record ChatChoice
    {
        public ChatDelta? Delta { get; init; }

        [JsonPropertyName("finish_reason")]
        public string? FinishReason { get; init; }
    }

    private sealed record ChatDelta
    {
        public string? Content { get; init; }
    }

    private sealed record ChatError
    {
        public string? Message { get; init; }
    }
}

/// <summary>OpenAI's usage with GreenTune's energy in it.</summary>
internal sealed record ChatUsage
{
    [JsonPropertyName("prompt_tokens")]
    public int PromptTokens { get; init; }

    [JsonPropertyName("completion_tokens")]
    public int CompletionTokens { get; init; }

    /// <summary>Null where the service is OpenAI-compatible but not GreenTune's.</summary>
    [JsonPropertyName("energy")]
    public UsageEnergy? Energy { get; init; }
}
