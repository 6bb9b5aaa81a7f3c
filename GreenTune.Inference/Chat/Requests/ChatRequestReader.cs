using GreenTune.Inference.Chat.Tools;

namespace GreenTune.Inference.Chat.Requests;

/// <summary>
/// Reads a chat completion request and names the field of whatever is wrong with it. What would change the answer but cannot be honoured is
/// refused, never ignored (<see cref="RefusedFields"/>).
/// </summary>
internal static class ChatRequestReader
{
    private const int MaxTopLogProbs = 20;

    /// <summary>The validated request.</summary>
    /// <exception cref="ApiException">400, with the field.</exception>
    public static ChatRequest Read(RequestFields fields)
    {
        RefusedFields.CheckChat(fields);
        int? newer = fields.Integer("max_completion_tokens", 1, TextRequest.MaxMaxTokens);
        int? older = fields.Integer("max_tokens", 1, TextRequest.MaxMaxTokens);
        bool stream = fields.Boolean("stream") ?? false;
        bool ignoreStop = fields.Boolean("ignore_eos") ?? false;
        ToolSet? tools = ToolFields.Read(fields);
        string? schema = ResponseFormatField.Read(fields);
        if (schema is not null && (tools is not null || ignoreStop))
        {
            throw ApiException.Unsupported("response_format", $"JSON is not supported together with {(tools is not null ? "tools: a call would not keep the schema" : "ignore_eos: nothing may follow the JSON's end")}.");
        }

        return new ChatRequest
        {
            Model = CommonFields.Model(fields),
            Messages = MessageFields.Read(fields),
            OfferedTools = tools,
            ResponseSchema = schema,
            MaxTokens = newer ?? older,
            MaxTokensField = newer is null ? "max_tokens" : "max_completion_tokens",
            Sampling = SamplingFields.Read(fields) with { TopLogProbs = TopLogProbs(fields) },
            Choices = CommonFields.Choices(fields),
            Stop = CommonFields.Stops(fields),
            IgnoreStopTokens = ignoreStop,
            Stream = stream,
            IncludeUsage = CommonFields.IncludeUsage(fields, stream),
        };
    }

    private static int? TopLogProbs(RequestFields fields)
    {
        bool wanted = fields.Boolean("logprobs") ?? false;
        int? top = fields.Integer("top_logprobs", 0, MaxTopLogProbs);
        if (top is not null && !wanted)
        {
            throw ApiException.Bad("top_logprobs", "needs \"logprobs\": true beside it.");
        }

        return wanted ? top ?? 0 : null;
    }
}
