namespace GreenTune.Inference.Engine;

/// <summary>One generation to run: a prompt and one or several answers to it.</summary>
internal sealed record GenerationRequest
{
    public required string Id { get; init; }

    public required IModelRunner Model { get; init; }

    /// <summary>Prompt token ids; at least one, and together with <see cref="MaxTokens"/> at most the model's context.</summary>
    public required int[] Prompt { get; init; }

    /// <summary>Most tokens of each choice.</summary>
    public required int MaxTokens { get; init; }

    public SamplingSettings Sampling { get; init; } = SamplingSettings.Greedy;

    /// <summary>Answers to the one prompt, which is run once. Choice i draws with the seed + i.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>
    /// Makes a watcher for a choice, which is asked after every token on the engine's thread; true ends the choice with <see cref="FinishReason.Stop"/>.
    /// Null when there is nothing to watch for.
    /// </summary>
    public Func<int, Func<int, bool>>? StopAfter { get; init; }

    /// <summary>Gives each choice what keeps it within a form; asked once for each. Null when anything may come. Only where <see cref="IEngine.CanConstrain"/>.</summary>
    public Func<int, ITokenConstraint>? Constrain { get; init; }

    /// <summary>Runs to <see cref="MaxTokens"/> whatever the model says: for warming up and for timing.</summary>
    public bool IgnoreStopTokens { get; init; }

    /// <summary>Tokens whose logits at the first output position are wanted (label scoring); null for none.</summary>
    public int[]? ScoredTokens { get; init; }

    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Whose request it is: admission is fair among tenants, and cached prefixes are shared within one only. Null for the service itself, which shares none.</summary>
    public string? Tenant { get; init; }

    /// <summary>Low-rank adapter to run with; null for the model alone.</summary>
    public LoadedAdapter? Adapter { get; init; }
}
