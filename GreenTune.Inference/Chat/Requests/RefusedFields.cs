using System.Text.Json;

namespace GreenTune.Inference.Chat.Requests;

/// <summary>
/// Fields that would change the answer and that this service cannot honour: OpenAI's own, and the extensions of other servers that clients send.
/// Each is let through with the value that asks for nothing. What is neither read nor here has no effect on an answer (user, store, metadata, ...)
/// and is passed over.
/// </summary>
internal static class RefusedFields
{
    private const string Constrained = "is not supported; see response_format with a json_schema.";
    private const string TextOnly = "this service reads and writes text only.";
    private const string NotSampled = "is not supported; see temperature, top_k, top_p, min_p and the penalties.";

    private static readonly Refusal[] Everywhere =
    [
        new("guided_json", Constrained),
        new("guided_regex", Constrained),
        new("guided_choice", Constrained),
        new("guided_grammar", Constrained),
        new("structured_outputs", Constrained),
        new("json_schema", Constrained),
        new("grammar", Constrained),
        new("min_tokens", "is not supported.", value => IsNumber(value, 0)),
        new("stop_token_ids", "is not supported; name the stop strings in stop.", IsEmpty),
        new("bad_words", "is not supported; see logit_bias.", IsEmpty),
        new("include_stop_str_in_output", "is not supported: an answer ends before its stop string.", IsFalse),
        new("skip_special_tokens", "is not supported: control tokens are never shown.", value => value.ValueKind == JsonValueKind.True),
        new("use_beam_search", NotSampled, IsFalse),
        new("length_penalty", NotSampled, value => IsNumber(value, 1)),
        new("typical_p", NotSampled, value => IsNumber(value, 1)),
        new("top_a", NotSampled, value => IsNumber(value, 0)),
        new("tfs_z", NotSampled, value => IsNumber(value, 1)),
        new("mirostat", NotSampled, value => IsNumber(value, 0)),
        new("prompt_logprobs", "is not supported: log-probabilities are given of generated tokens alone."),
        new("truncate_prompt_tokens", "is not supported: a prompt that is too long is refused, never cut."),
    ];

    private static readonly Refusal[] OfChat =
    [
        new("modalities", TextOnly, IsTextAlone),
        new("audio", TextOnly),
        new("prediction", "predicted outputs are not supported."),
        new("web_search_options", "this service searches nothing."),
        new("reasoning_effort", "is not supported: none of these models has efforts to choose from.", value => value.ValueKind == JsonValueKind.String && value.ValueEquals("none")),
        new("verbosity", "is not supported: none of these models has verbosities to choose from."),
        new("functions", "is OpenAI's old form; send tools."),
        new("function_call", "is OpenAI's old form; send tool_choice.", value => value.ValueKind == JsonValueKind.String && value.ValueEquals("none")),
        new("chat_template", "is not supported: a model's own template writes its conversations."),
        new("chat_template_kwargs", "is not supported.", IsEmpty),
        new("continue_final_message", "is not supported; see /v1/completions.", IsFalse),
        new("add_generation_prompt", "is not supported: the answer is always a new turn.", value => value.ValueKind == JsonValueKind.True),
        new("echo", "is for /v1/completions.", IsFalse),
        new("best_of", "is for /v1/completions.", value => IsNumber(value, 1)),
    ];

    private static readonly Refusal[] OfCompletions =
    [
        new("suffix", "is not supported: no model here fills in a middle.", value => value.ValueKind == JsonValueKind.String && value.ValueEquals("")),
        new("response_format", "is for /v1/chat/completions.", value => IsType(value, "text")),
        new("messages", "is for /v1/chat/completions; send prompt."),
        new("tools", "is for /v1/chat/completions.", IsEmpty),
    ];

    /// <exception cref="ApiException">400 with code "unsupported_parameter", naming the first that is there.</exception>
    public static void CheckChat(RequestFields fields)
    {
        Check(fields, Everywhere);
        Check(fields, OfChat);
    }

    /// <inheritdoc cref="CheckChat"/>
    public static void CheckCompletion(RequestFields fields)
    {
        Check(fields, Everywhere);
        Check(fields, OfCompletions);
    }

    private static void Check(RequestFields fields, Refusal[] refusals)
    {
        foreach (Refusal refusal in refusals)
        {
            if (fields.TryGet(refusal.Field, out JsonElement value) && refusal.Harmless?.Invoke(value) is not true)
            {
                throw ApiException.Unsupported(refusal.Field, refusal.Reason);
            }
        }
    }

    private static bool IsType(JsonElement value, string type) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty("type", out JsonElement name) && name.ValueKind == JsonValueKind.String && name.ValueEquals(type);

    private static bool IsNumber(JsonElement value, double number) => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double given) && given == number;

    private static bool IsFalse(JsonElement value) => value.ValueKind == JsonValueKind.False;

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    private static bool IsTextAlone(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1 && value[0].ValueKind == JsonValueKind.String && value[0].ValueEquals("text");

    /// <param name="Field">Its name.</param>
    /// <param name="Reason">What the client is told behind the name.</param>
    /// <param name="Harmless">Whether a value asks for nothing; null where every value asks for something.</param>
    private sealed record Refusal(string Field, string Reason, Func<JsonElement, bool>? Harmless = null);
}
