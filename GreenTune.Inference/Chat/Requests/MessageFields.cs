using System.Text;
using System.Text.Json;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Chat.Requests;

/// <summary>Reads the messages of a conversation.</summary>
internal static class MessageFields
{
    private const int MaxMessages = 2048;
    private const int MaxName = 64;
    private const int MaxCallId = 128;
    private const string Roles = "system, developer, user, assistant or tool";

    /// <exception cref="ApiException">400, with the field.</exception>
    public static List<ChatMessage> Read(RequestFields fields)
    {
        if (!fields.TryGet("messages", out JsonElement messages) || messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            throw ApiException.Bad("messages", "must be a non-empty array, for example [{\"role\": \"user\", \"content\": \"Hello\"}].");
        }

        if (messages.GetArrayLength() > MaxMessages)
        {
            throw ApiException.Bad("messages", $"has {messages.GetArrayLength()} entries; at most {MaxMessages} are accepted.");
        }

        var turns = new List<ChatMessage>(messages.GetArrayLength());
        foreach (JsonElement message in messages.EnumerateArray())
        {
            string path = RequestFields.Index("messages", turns.Count);
            turns.Add(message.ValueKind == JsonValueKind.Object
                ? Message(new RequestFields(message, path))
                : throw ApiException.Bad(path, "must be an object with role and content."));
        }

        return turns;
    }

    private static ChatMessage Message(RequestFields message)
    {
        string role = Role(message);
        string? name = message.Text("name", $"a string of 1 to {MaxName} characters", 1, MaxName);
        Refuse(message, "function_call", "is OpenAI's old form; send tool_calls.");
        Refuse(message, "audio", "this service reads and writes text only.");
        JsonElement? calls = ToolCalls(message, role);
        string? answers = message.Text("tool_call_id", $"a string of 1 to {MaxCallId} characters", 1, MaxCallId);
        if (role == "tool" && answers is null)
        {
            throw ApiException.Bad(message.PathOf("tool_call_id"), "is required in a tool's message: the id of the call that it answers.");
        }

        if (role != "tool" && answers is not null)
        {
            throw ApiException.Bad(message.PathOf("tool_call_id"), "is for messages of role tool.");
        }

        return new ChatMessage(role, Content(message, role, calls is not null)) { Name = name, ToolCallId = answers, ToolCalls = calls };
    }

    private static string Role(RequestFields message)
    {
        string path = message.PathOf("role");
        return message.Text("role", "a string") switch
        {
            { } role and ("system" or "user" or "assistant" or "tool") => role,
            // OpenAI's newer name of the same role.
            "developer" => "system",
            "function" => throw ApiException.Unsupported(path, "'function' is OpenAI's old form; send role tool with tool_call_id."),
            null => throw ApiException.Bad(path, $"is required: {Roles}."),
            { } other => throw ApiException.Bad(path, $"'{RequestFields.Shown(other)}' is not a role; it can be {Roles}."),
        };
    }

    private static string? Content(RequestFields message, string role, bool callsTools)
    {
        string path = message.PathOf("content");
        if (!message.TryGet("content", out JsonElement content))
        {
            // An assistant that called tools, or declined to answer, has said nothing besides.
            return role != "assistant" ? throw ApiException.Bad(path, "is required.")
                : message.Text("refusal", "a string") ?? (callsTools ? null : throw ApiException.Bad(path, "is required where there are no tool_calls."));
        }

        return content.ValueKind switch
        {
            JsonValueKind.String => RequestFields.TextOf(content, path),
            JsonValueKind.Array => Parts(content, path, role),
            _ => throw ApiException.Bad(path, "must be a string or an array of text parts."),
        };
    }

    private static string Parts(JsonElement content, string path, string role)
    {
        var text = new StringBuilder();
        int index = 0;
        foreach (JsonElement item in content.EnumerateArray())
        {
            string partPath = RequestFields.Index(path, index++);
            if (item.ValueKind != JsonValueKind.Object)
            {
                throw ApiException.Bad(partPath, "must be an object: {\"type\": \"text\", \"text\": \"...\"}.");
            }

            var part = new RequestFields(item, partPath);
            string? type = part.Text("type", "a string");
            string field = type == "refusal" && role == "assistant" ? "refusal"
                : type == "text" ? "text"
                : throw ApiException.Unsupported(part.PathOf("type"), "only text parts are supported: {\"type\": \"text\", \"text\": \"...\"}.");
            text.Append(part.Text(field, "a string") ?? throw ApiException.Bad(part.PathOf(field), "must be a string."));
        }

        return index > 0 ? text.ToString() : throw ApiException.Bad(path, "must hold at least one part: {\"type\": \"text\", \"text\": \"...\"}.");
    }

    private static JsonElement? ToolCalls(RequestFields message, string role)
    {
        if (!message.TryGet("tool_calls", out JsonElement calls))
        {
            return null;
        }

        string path = message.PathOf("tool_calls");
        if (role != "assistant")
        {
            throw ApiException.Bad(path, "is for messages of role assistant.");
        }

        if (calls.ValueKind != JsonValueKind.Array)
        {
            throw ApiException.Bad(path, "must be an array of calls.");
        }

        int index = 0;
        foreach (JsonElement item in calls.EnumerateArray())
        {
            CheckCall(item, RequestFields.Index(path, index++));
        }

        return index == 0 ? null : calls.Clone();
    }

    private static void CheckCall(JsonElement item, string path)
    {
        const string Example = "{\"id\": \"a1b2c3d4e\", \"type\": \"function\", \"function\": {\"name\": \"get_weather\", \"arguments\": \"{}\"}}";
        if (item.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.Bad(path, $"must be an object, for example {Example}.");
        }

        var call = new RequestFields(item, path);
        _ = call.Text("id", $"a string of 1 to {MaxCallId} characters", 1, MaxCallId) ?? throw ApiException.Bad(call.PathOf("id"), "is required.");
        if (call.Text("type", "a string") is not (null or "function"))
        {
            throw ApiException.Unsupported(call.PathOf("type"), "only \"function\" is supported.");
        }

        RequestFields function = call.Object("function", "{\"name\": \"get_weather\", \"arguments\": \"{}\"}") ?? throw ApiException.Bad(call.PathOf("function"), "is required.");
        if (function.Text("name", "a string") is not { } name || !ToolFields.IsName(name))
        {
            throw ApiException.Bad(function.PathOf("name"), "must be a function's name, for example \"get_weather\".");
        }

        _ = function.Text("arguments", "a JSON text, for example \"{}\"") ?? throw ApiException.Bad(function.PathOf("arguments"), "is required: a JSON text, for example \"{}\".");
    }

    private static void Refuse(RequestFields message, string name, string reason)
    {
        if (message.Has(name))
        {
            throw ApiException.Unsupported(message.PathOf(name), reason);
        }
    }
}
