using System.Text.Json;

namespace GreenTune.Inference.Chat.Tools;

/// <summary>The tools that a request offers to the model.</summary>
/// <param name="Definitions">A JSON array as the client sent it, which the chat template gets.</param>
/// <param name="Names">Names of the functions.</param>
internal sealed record ToolSet(JsonElement Definitions, IReadOnlySet<string> Names);

/// <summary>A call that a model wrote.</summary>
/// <param name="Id">By which the tool's answer names it.</param>
/// <param name="Name">The function.</param>
/// <param name="Arguments">JSON text of an object.</param>
internal sealed record ToolCall(string Id, string Name, string Arguments)
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const int IdLength = 9;

    /// <summary>A new id: nine letters and digits, since Mistral's templates take no others.</summary>
    public static string NewId() => System.Security.Cryptography.RandomNumberGenerator.GetString(Letters, IdLength);
}
