namespace GreenTune.Inference.Chat;

/// <summary>A message of the conversation: role "system", "user" or "assistant".</summary>
internal sealed record ChatTurn(string Role, string Content);

/// <summary>A validated chat completion request.</summary>
internal sealed record ChatRequest
{
    public required string Model { get; init; }

    public required IReadOnlyList<ChatTurn> Messages { get; init; }

    /// <summary>Null when the client left it out.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Null takes the model folder's own default.</summary>
    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public int? TopK { get; init; }

    public long? Seed { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];

    public bool Stream { get; init; }

    public bool IncludeUsage { get; init; }
}
