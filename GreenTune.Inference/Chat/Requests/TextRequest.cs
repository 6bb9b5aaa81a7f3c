using GreenTune.Inference.Chat.Tools;
using GreenTune.Inference.Configurations;

namespace GreenTune.Inference.Chat.Requests;

/// <summary>What a request for text has, whichever endpoint it came to: one or several prompts, and how they are to be continued.</summary>
internal abstract record TextRequest
{
    /// <summary>Most choices of one prompt.</summary>
    public const int MaxChoices = 16;

    /// <summary>Most tokens that may be asked for; the model's context is the tighter bound.</summary>
    public const int MaxMaxTokens = 1_000_000;

    public required string Model { get; init; }

    /// <summary>Null when the client left it out.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>The field that said so.</summary>
    public string MaxTokensField { get; init; } = "max_tokens";

    public SamplingFields Sampling { get; init; } = new();

    /// <summary>Answers to each prompt.</summary>
    public int Choices { get; init; } = 1;

    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Generate to the last of max_tokens whatever the model says, for load tests.</summary>
    public bool IgnoreStopTokens { get; init; }

    public bool Stream { get; init; }

    public bool IncludeUsage { get; init; }

    /// <summary>First letters of the answer's id.</summary>
    public abstract string IdPrefix { get; }

    /// <summary>Tokens of each answer when the request names none; null takes the service's own default.</summary>
    public virtual int? DefaultMaxTokens => null;

    public virtual int PromptCount => 1;

    /// <summary>Tools that the model may call; null for none.</summary>
    public virtual ToolSet? Tools => null;

    /// <summary>JSON schema that every answer has to keep; null for free text.</summary>
    public virtual string? JsonSchema => null;

    /// <summary>The field that holds a prompt.</summary>
    public abstract string PromptField(int index);

    /// <summary>A prompt's tokens for a configuration.</summary>
    /// <exception cref="ApiException">400: the model cannot take this prompt.</exception>
    public abstract int[] Encode(int index, LoadedConfiguration configuration);
}
