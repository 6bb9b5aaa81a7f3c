using System.Text.Json;
using GreenTune.Inference.Chat.Tools;

namespace GreenTune.Inference.Chat.Requests;

/// <summary>Reads tools, tool_choice and parallel_tool_calls.</summary>
internal static class ToolFields
{
    private const int MaxTools = 128;
    private const int MaxName = 64;
    private const string Example = "{\"type\": \"function\", \"function\": {\"name\": \"get_weather\", \"parameters\": {\"type\": \"object\"}}}";

    /// <summary>The tools that the model may call; null when there are none or it may call none.</summary>
    /// <exception cref="ApiException">400, with the field.</exception>
    public static ToolSet? Read(RequestFields fields)
    {
        ToolSet? tools = Tools(fields);
        bool wanted = Wanted(fields);
        if (fields.Boolean("parallel_tool_calls") is false && tools is not null)
        {
            throw ApiException.Unsupported("parallel_tool_calls", "only true is supported: nothing keeps a model from writing several calls.");
        }

        return wanted ? tools : null;
    }

    private static ToolSet? Tools(RequestFields fields)
    {
        if (!fields.TryGet("tools", out JsonElement tools))
        {
            return null;
        }

        if (tools.ValueKind != JsonValueKind.Array || tools.GetArrayLength() > MaxTools)
        {
            throw ApiException.Bad("tools", $"must be an array of at most {MaxTools} tools, for example [{Example}].");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        int index = 0;
        foreach (JsonElement tool in tools.EnumerateArray())
        {
            string path = RequestFields.Index("tools", index++);
            if (tool.ValueKind != JsonValueKind.Object)
            {
                throw ApiException.Bad(path, $"must be an object, for example {Example}.");
            }

            string name = Name(new RequestFields(tool, path));
            if (!names.Add(name))
            {
                throw ApiException.Bad($"{path}.function.name", $"'{name}' is the name of another tool too.");
            }
        }

        // The document that it stands in is gone before the template runs.
        return names.Count == 0 ? null : new ToolSet(tools.Clone(), names);
    }

    private static string Name(RequestFields tool)
    {
        string type = tool.Text("type", "a string") ?? throw ApiException.Bad(tool.PathOf("type"), "is required: \"function\".");
        if (type != "function")
        {
            throw ApiException.Unsupported(tool.PathOf("type"), $"'{RequestFields.Shown(type)}' is not supported; only functions are.");
        }

        RequestFields function = tool.Object("function", "{\"name\": \"get_weather\"}") ?? throw ApiException.Bad(tool.PathOf("function"), $"is required, for example {Example}.");
        if (function.Boolean("strict") is true)
        {
            throw ApiException.Unsupported(function.PathOf("strict"), "only false is supported: arguments are what the model writes, constrained output is not supported.");
        }

        function.Text("description", "a string");
        function.Object("parameters", "{\"type\": \"object\", \"properties\": {}}");
        return function.Text("name", "a string") is { } name && IsName(name)
            ? name
            : throw ApiException.Bad(function.PathOf("name"), $"must have 1 to {MaxName} characters of A-Z, a-z, 0-9, '_', '-' and '.', for example \"get_weather\".");
    }

    /// <summary>tool_choice: whether the model may call tools.</summary>
    private static bool Wanted(RequestFields fields)
    {
        if (!fields.TryGet("tool_choice", out JsonElement choice))
        {
            return true;
        }

        if (choice.ValueKind == JsonValueKind.Object)
        {
            throw Forced();
        }

        return RequestFields.TextOf(choice, "tool_choice") switch
        {
            "auto" => true,
            "none" => false,
            "required" => throw Forced(),
            _ => throw ApiException.Bad("tool_choice", "must be \"auto\" or \"none\"."),
        };
    }

    private static ApiException Forced() =>
        ApiException.Unsupported("tool_choice", "only \"auto\" and \"none\" are supported: a model cannot be forced to call a tool. To favour one, send it as the only tool.");

    public static bool IsName(string name) => name.Length is > 0 and <= MaxName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}
