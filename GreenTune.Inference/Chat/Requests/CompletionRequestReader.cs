using System.Text.Json;

namespace GreenTune.Inference.Chat.Requests;

/// <summary>Reads a request to /v1/completions, OpenAI's older endpoint, by the same rules as <see cref="ChatRequestReader"/>.</summary>
internal static class CompletionRequestReader
{
    private const int MaxPrompts = 16;
    private const int MaxTopLogProbs = 5;
    private const string Forms = "a string, an array of strings, an array of token ids or an array of such arrays, for example \"Once upon a time\"";

    /// <summary>The validated request.</summary>
    /// <exception cref="ApiException">400, with the field.</exception>
    public static CompletionRequest Read(RequestFields fields)
    {
        RefusedFields.CheckCompletion(fields);
        bool stream = fields.Boolean("stream") ?? false;
        bool echo = fields.Boolean("echo") ?? false;
        int choices = CommonFields.Choices(fields);
        CheckBestOf(fields, choices);
        int? logProbs = fields.Integer("logprobs", 0, MaxTopLogProbs);
        if (echo && logProbs is not null)
        {
            throw ApiException.Unsupported("echo", "is not supported together with logprobs: log-probabilities are given of generated tokens alone.");
        }

        return new CompletionRequest
        {
            Model = CommonFields.Model(fields),
            Prompts = Prompts(fields),
            Echo = echo,
            MaxTokens = fields.Integer("max_tokens", 1, TextRequest.MaxMaxTokens),
            Sampling = SamplingFields.Read(fields) with { TopLogProbs = logProbs },
            Choices = choices,
            Stop = CommonFields.Stops(fields),
            IgnoreStopTokens = fields.Boolean("ignore_eos") ?? false,
            Stream = stream,
            IncludeUsage = CommonFields.IncludeUsage(fields, stream),
        };
    }

    /// <summary>Generating more than are returned costs energy for text that nobody sees.</summary>
    private static void CheckBestOf(RequestFields fields, int choices)
    {
        if (fields.Integer("best_of", 1, TextRequest.MaxChoices) is not int best || best == choices)
        {
            return;
        }

        throw best > choices
            ? ApiException.Unsupported("best_of", "more than n is not supported: every choice that is generated is returned. Send n alone and choose.")
            : ApiException.Bad("best_of", $"must be at least n, which is {choices}.");
    }

    private static List<CompletionPrompt> Prompts(RequestFields fields)
    {
        if (!fields.TryGet("prompt", out JsonElement prompt))
        {
            throw ApiException.Bad("prompt", $"is required: {Forms}.");
        }

        if (RequestFields.TextOf(prompt, "prompt") is { } text)
        {
            return [new CompletionPrompt("prompt", text, null)];
        }

        if (prompt.ValueKind != JsonValueKind.Array || prompt.GetArrayLength() == 0)
        {
            throw ApiException.Bad("prompt", $"must be {Forms}; an array needs at least one entry.");
        }

        if (prompt[0].ValueKind == JsonValueKind.Number)
        {
            return [new CompletionPrompt("prompt", null, Tokens(prompt, "prompt"))];
        }

        if (prompt.GetArrayLength() > MaxPrompts)
        {
            throw ApiException.Bad("prompt", $"has {prompt.GetArrayLength()} prompts; at most {MaxPrompts} are accepted.");
        }

        JsonValueKind kind = prompt[0].ValueKind;
        var prompts = new List<CompletionPrompt>(prompt.GetArrayLength());
        foreach (JsonElement item in prompt.EnumerateArray())
        {
            string path = RequestFields.Index("prompt", prompts.Count);
            prompts.Add(item.ValueKind != kind ? throw ApiException.Bad(path, "is of another form than the prompts before it.")
                : RequestFields.TextOf(item, path) is { } each ? new CompletionPrompt(path, each, null)
                : kind == JsonValueKind.Array ? new CompletionPrompt(path, null, Tokens(item, path))
                : throw ApiException.Bad(path, "must be a string or an array of token ids."));
        }

        return prompts;
    }

    private static int[] Tokens(JsonElement ids, string path)
    {
        if (ids.GetArrayLength() == 0)
        {
            throw ApiException.Bad(path, "has no tokens; a model needs at least one to begin with.");
        }

        var tokens = new int[ids.GetArrayLength()];
        int index = 0;
        foreach (JsonElement id in ids.EnumerateArray())
        {
            tokens[index] = id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int token) && token >= 0
                ? token
                : throw ApiException.Bad(RequestFields.Index(path, index), "must be a token id, a whole number from 0.");
            index++;
        }

        return tokens;
    }
}
