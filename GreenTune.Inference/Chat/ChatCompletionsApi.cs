using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Accounting;
using GreenTune.Inference.Energy;
using GreenTune.Inference.Engine;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Chat;

/// <summary>POST /v1/chat/completions, whole or streamed.</summary>
internal sealed class ChatCompletionsApi(
    ChatService chats,
    EnergyPredictor predictor,
    CarbonFactorCache factor,
    RecordLocation location,
    IEngine engine,
    IOptions<InferenceOptions> options,
    TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/chat/completions", (HttpContext context, ChatCompletionsApi api) => api.AnswerAsync(context))
            .WithName("CreateChatCompletion")
            .WithSummary("OpenAI's chat completions, with usage.energy");

    private async Task AnswerAsync(HttpContext context)
    {
        CancellationToken gone = context.RequestAborted;
        RequestHeaders headers = RequestHeaders.Read(context.Request.Headers);
        ChatRequest request = await ChatRequestReader.ReadAsync(context.Request.Body, gone);
        using RunningChat chat = await chats.StartAsync(request, headers, gone);

        IHeaderDictionary answer = context.Response.Headers;
        answer["x-request-id"] = chat.Served.Id;
        answer[Headers.Configuration] = chat.Served.ConfigurationId;
        answer[Headers.Record] = location.Of(chat.Served.Id);
        if (BudgetHeader.Of(chat.Verdict, chat.Served.DegradedFrom) is { } budget)
        {
            answer[Headers.Budget] = budget;
        }

        await (request.Stream ? StreamAsync(context, chat, headers) : WholeAsync(context, chat, headers));
    }

    private async Task WholeAsync(HttpContext context, RunningChat chat, RequestHeaders headers)
    {
        var text = new System.Text.StringBuilder();
        await foreach (string piece in chat.TextAsync())
        {
            text.Append(piece);
        }

        GenerationResult result = await chat.EndAsync();
        if (result.Finish == FinishReason.Error)
        {
            throw new ApiException(StatusCodes.Status500InternalServerError, "The model failed on this request; the service's log says why.", code: "step_failed", type: "server_error");
        }

        context.RequestAborted.ThrowIfCancellationRequested();
        if (result.Finish == FinishReason.Cancelled)
        {
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, "The service is stopping; the answer was cut short.", code: "cancelled", type: "server_error");
        }

        UsageEnergy energy = await EnergyAsync(chat, result, headers, context.RequestAborted);
        context.Response.ContentType = "application/json";
        await using (var writer = new Utf8JsonWriter(context.Response.BodyWriter))
        {
            ChatResponseJson.WriteCompletion(
                writer,
                chat.Served.Id,
                chat.Served.AcceptedAt.ToUnixTimeSeconds(),
                chat.Served.ConfigurationId,
                text.ToString(),
                RunningChat.FinishWord(result.Finish),
                chat.Served.InputTokens,
                result.OutputTokens,
                energy);
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private async Task StreamAsync(HttpContext context, RunningChat chat, RequestHeaders headers)
    {
        CancellationToken gone = context.RequestAborted;
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        var chunks = new ChatChunkWriter(context.Response.BodyWriter, chat.Served.Id, chat.Served.AcceptedAt.ToUnixTimeSeconds(), chat.Served.ConfigurationId);

        chunks.Role();
        bool connected = true;
        await foreach (string piece in chat.TextAsync())
        {
            if (connected)
            {
                chunks.Content(piece);
                connected = await FlushAsync(chunks, gone);
            }
        }

        GenerationResult result = await chat.EndAsync();
        if (!connected || gone.IsCancellationRequested)
        {
            return;
        }

        if (result.Finish is FinishReason.Error or FinishReason.Cancelled)
        {
            chunks.Error(result.Finish == FinishReason.Error
                ? "The model failed on this request; the service's log says why."
                : "The service is stopping; the answer was cut short.");
        }
        else
        {
            chunks.Finish(RunningChat.FinishWord(result.Finish));
            if (chat.IncludeUsage)
            {
                if (headers.WaitForEnergy)
                {
                    // The text and its end go out now; only the figures wait.
                    await FlushAsync(chunks, gone);
                }

                chunks.Usage(chat.Served.InputTokens, result.OutputTokens, await EnergyAsync(chat, result, headers, gone));
            }
        }

        chunks.Done();
        await FlushAsync(chunks, gone);
    }

    /// <summary>The settled figures when they are there or asked to be waited for, the profile's prediction otherwise.</summary>
    private async Task<UsageEnergy> EnergyAsync(RunningChat chat, GenerationResult result, RequestHeaders headers, CancellationToken cancellation)
    {
        if (headers.WaitForEnergy)
        {
            Task longest = Task.Delay(TimeSpan.FromSeconds(options.Value.EnergyWaitSeconds), clock, cancellation);
            await Task.WhenAny(result.Settled, longest);
            cancellation.ThrowIfCancellationRequested();
        }

        string record = location.Of(chat.Served.Id);
        return result.Settled.IsCompletedSuccessfully
            ? UsageEnergyMapper.Settled(result.Settled.Result.Energy, result.OutputTokens, factor.Current, record)
            : UsageEnergyMapper.Predicted(
                predictor.Predict(chat.Served.ConfigurationId, chat.Served.InputTokens, result.OutputTokens),
                engine.Meter.View(),
                result.OutputTokens,
                factor.Current,
                record);
    }

    /// <summary>False when the client has gone.</summary>
    private static async Task<bool> FlushAsync(ChatChunkWriter chunks, CancellationToken gone)
    {
        try
        {
            return !(await chunks.FlushAsync(gone)).IsCompleted;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
