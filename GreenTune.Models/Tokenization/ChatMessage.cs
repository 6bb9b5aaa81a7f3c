namespace GreenTune.Models.Tokenization;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">"system", "user" or "assistant", or what the model's template knows besides.</param>
/// <param name="Content">Its text.</param>
public readonly record struct ChatMessage(string Role, string Content);
