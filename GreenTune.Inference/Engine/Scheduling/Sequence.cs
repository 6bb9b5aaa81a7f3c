using System.Runtime.InteropServices;
using GreenTune.Inference.Engine.Sampling;

namespace GreenTune.Inference.Engine.Scheduling;

/// <summary>One choice of a generation: a row of the batch, or one on its way there.</summary>
internal sealed class Sequence
{
    private readonly List<int> _tokens;

    public Sequence(ActiveGeneration generation, int choice)
    {
        Generation = generation;
        Choice = choice;
        GenerationRequest request = generation.Request;
        _tokens = new List<int>(request.Prompt.Length + Math.Min(request.MaxTokens, 256));
        _tokens.AddRange(request.Prompt);
        if (!request.Sampling.IsDeviceChoice || request.Constrain is not null)
        {
            Sampler = new TokenSampler(request.Sampling, request.Model.VocabularySize, choice);
            Sampler.Prompt(request.Prompt);
        }

        Constraint = request.Constrain?.Invoke(choice);
        Watch = request.StopAfter?.Invoke(choice);
    }

    public ActiveGeneration Generation { get; }

    public int Choice { get; }

    public IModelRunner Model => Generation.Request.Model;

    /// <summary>Chooses its tokens; null where the device does.</summary>
    public TokenSampler? Sampler { get; }

    /// <summary>Keeps it within a form; null where anything may come.</summary>
    public ITokenConstraint? Constraint { get; }

    public Func<int, bool>? Watch { get; }

    /// <summary>Prompt and answer.</summary>
    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    public int Length => _tokens.Count;

    /// <summary>Tokens of it in the KV memory.</summary>
    public int Past { get; set; }

    /// <summary>Where its row stands; null while it has none.</summary>
    public RowPlace? Place { get; set; }

    public int Output { get; private set; }

    /// <summary>Why it ended; null while it runs. In a static batch its row goes on as padding.</summary>
    public FinishReason? Finish { get; set; }

    /// <summary>It runs in a static batch, which ends as a whole.</summary>
    public bool InStaticBatch { get; set; }

    /// <summary>Tokens its prompt is padded to, so that several are computed in one step; null for none.</summary>
    public int? PaddedPrompt { get; set; }

    /// <summary>Tokens to compute before it decodes.</summary>
    public int PromptGoal => PaddedPrompt ?? _tokens.Count;

    /// <summary>All but its last token are in the KV memory: a decode step is what it needs.</summary>
    public bool Decodes => Place is not null && Past > 0 && Past == _tokens.Count - 1;

    /// <summary>Takes a chosen token.</summary>
    public void Append(int token)
    {
        _tokens.Add(token);
        Output++;
    }
}
