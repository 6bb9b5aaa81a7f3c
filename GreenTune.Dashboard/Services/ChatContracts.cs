using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Services;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">"system", "user" or "assistant".</param>
/// <param name="Content">Its text.</param>
public sealed record ChatMessage(string Role, string Content);

/// <summary>What the Playground asks for.</summary>
public sealed record ChatRequest
{
    /// <summary>A configuration, a model or "auto".</summary>
    public required string Model { get; init; }

    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    public required int MaxTokens { get; init; }

    /// <summary>0 takes the likeliest token each time.</summary>
    public double Temperature { get; init; }

    public required string Tenant { get; init; }

    public required string Session { get; init; }
}

/// <summary>Something that arrived while an answer streams.</summary>
public abstract record ChatUpdate;

/// <summary>The service took the request.</summary>
/// <param name="RecordId">The response's id, which is also the record's.</param>
/// <param name="ConfigurationId">What answers; null when the service did not say.</param>
/// <param name="Budget">What a budget did; null when none had anything to say.</param>
public sealed record ChatStarted(string? RecordId, string? ConfigurationId, BudgetNotice? Budget) : ChatUpdate;

/// <summary>A piece of text; its id is the response's.</summary>
public sealed record ChatDelta(string? RecordId, string Text) : ChatUpdate;

/// <summary>The text ended.</summary>
/// <param name="FinishReason">"stop", "length" or what else the service said.</param>
public sealed record ChatFinished(string FinishReason) : ChatUpdate;

/// <summary>The last chunk: what it took.</summary>
public sealed record ChatUsage(int PromptTokens, int CompletionTokens, UsageEnergy? Energy) : ChatUpdate;

/// <summary>A budget refused the request (429).</summary>
public sealed class ChatRefusedException(string message, TimeSpan? retryAfter, BudgetNotice? budget) : Exception(message)
{
    /// <summary>When it is worth asking again.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    public BudgetNotice? Budget { get; } = budget;
}
