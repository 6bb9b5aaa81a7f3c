using GreenTune.Inference.Chat.Answers;
using GreenTune.Inference.Chat.Requests;
using GreenTune.Inference.Chat.Responses;

namespace GreenTune.Inference.Chat;

/// <summary>POST /v1/chat/completions, whole or streamed.</summary>
internal sealed class ChatCompletionsApi(GenerationService generations, AnswerSender sender)
{
    private static readonly ChatFormat Format = new();

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/chat/completions", (HttpContext context, ChatCompletionsApi api) => api.AnswerAsync(context))
            .WithName("CreateChatCompletion")
            .WithSummary("OpenAI's chat completions, with usage.energy");

    private async Task AnswerAsync(HttpContext context)
    {
        CancellationToken gone = context.RequestAborted;
        RequestHeaders headers = RequestHeaders.Read(context);
        ChatRequest request;
        using (RequestBody body = await RequestBody.ReadAsync(context.Request.Body, gone))
        {
            request = body.Read(ChatRequestReader.Read);
        }

        using RunningAnswer answer = await generations.StartAsync(request, headers, gone);
        await sender.SendAsync(context, answer, Format, headers);
    }
}
