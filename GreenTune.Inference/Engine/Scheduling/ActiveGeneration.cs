using GreenTune.Core.Units;

namespace GreenTune.Inference.Engine.Scheduling;

/// <summary>A generation that has been admitted: its choices and how far they are.</summary>
internal sealed class ActiveGeneration
{
    private readonly ChoiceResult?[] _results;

    public ActiveGeneration(Generation handle)
    {
        Handle = handle;
        _results = new ChoiceResult?[handle.Request.Choices];
        Sequences = [.. Enumerable.Range(0, handle.Request.Choices).Select(choice => new Sequence(this, choice))];
    }

    public Generation Handle { get; }

    public GenerationRequest Request => Handle.Request;

    public IReadOnlyList<Sequence> Sequences { get; }

    public MonotonicTime? StartedAt { get; set; }

    public MonotonicTime? FirstTokenAt { get; set; }

    public float[]? Scores { get; set; }

    public int CachedTokens { get; set; }

    public long ComputedTokens { get; set; }

    public Exception? Error { get; set; }

    /// <summary>Every choice has ended.</summary>
    public bool Ended => Array.TrueForAll(_results, result => result is not null);

    public IReadOnlyList<ChoiceResult> Results => Array.ConvertAll(_results, result => result!.Value);

    public void End(Sequence sequence, FinishReason finish) => _results[sequence.Choice] ??= new ChoiceResult(finish, sequence.Output);
}
