using GreenTune.Inference.Configurations;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Chat.Requests;

/// <summary>A validated request to /v1/completions.</summary>
internal sealed record CompletionRequest : TextRequest
{
    /// <summary>OpenAI's default, which clients of this endpoint count on.</summary>
    private const int OpenAIDefault = 16;

    public required IReadOnlyList<CompletionPrompt> Prompts { get; init; }

    /// <summary>Begin every answer with its prompt.</summary>
    public bool Echo { get; init; }

    public override string IdPrefix => "cmpl";

    public override int? DefaultMaxTokens => OpenAIDefault;

    public override int PromptCount => Prompts.Count;

    public override string PromptField(int index) => Prompts[index].Field;

    public override int[] Encode(int index, LoadedConfiguration configuration)
    {
        CompletionPrompt prompt = Prompts[index];
        if (prompt.Tokens is { } tokens)
        {
            int size = configuration.Runner.VocabularySize;
            int wrong = Array.FindIndex(tokens, id => id < 0 || id >= size);
            return wrong < 0 ? tokens : throw ApiException.Bad(RequestFields.Index(prompt.Field, wrong), $"{tokens[wrong]} is not a token of {configuration.Id}; its ids go from 0 to {size - 1}.");
        }

        try
        {
            // The client writes the whole prompt, control tokens included: here their texts are meant.
            int[] encoded = configuration.Tokenizer.EncodePrompt(prompt.Text!);
            return encoded.Length > 0 ? encoded : throw ApiException.Bad(prompt.Field, "has no tokens; a model needs at least one to begin with, for example \"Once upon a time\".");
        }
        catch (TokenizerException e)
        {
            throw ApiException.Bad(prompt.Field, e.Message);
        }
    }

    /// <summary>A prompt as text, for echo.</summary>
    public string PromptText(int index, ChatTokenizer tokenizer) =>
        Prompts[index].Text ?? tokenizer.Decode(Prompts[index].Tokens, skipSpecialTokens: false);
}

/// <summary>One prompt: a text, or tokens.</summary>
/// <param name="Field">Where it stands, for example "prompt[1]".</param>
/// <param name="Text">Null when it came as tokens.</param>
/// <param name="Tokens">Null when it came as text.</param>
internal sealed record CompletionPrompt(string Field, string? Text, int[]? Tokens);
