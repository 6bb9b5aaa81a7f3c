using GreenTune.Inference.Chat.Answers;
using GreenTune.Inference.Chat.Requests;
using GreenTune.Inference.Chat.Responses;

namespace GreenTune.Inference.Chat;

/// <summary>POST /v1/completions: OpenAI's older endpoint, which continues a prompt as it is, without a chat template.</summary>
internal sealed class CompletionsApi(GenerationService generations, AnswerSender sender)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/completions", (HttpContext context, CompletionsApi api) => api.AnswerAsync(context))
            .WithName("CreateCompletion")
            .WithSummary("OpenAI's text completions, with usage.energy");

    private async Task AnswerAsync(HttpContext context)
    {
        CancellationToken gone = context.RequestAborted;
        RequestHeaders headers = RequestHeaders.Read(context);
        CompletionRequest request;
        using (RequestBody body = await RequestBody.ReadAsync(context.Request.Body, gone))
        {
            request = body.Read(CompletionRequestReader.Read);
        }

        using RunningAnswer answer = await generations.StartAsync(request, headers, gone);
        await sender.SendAsync(context, answer, new CompletionFormat(request, answer.Configuration), headers);
    }
}
