using System.Threading.Channels;
using GreenTune.Core.Units;

namespace GreenTune.Inference.Engine;

/// <summary>A queued or running generation: its tokens as they come, and its end.</summary>
internal sealed class Generation
{
    private readonly TaskCompletionSource<GenerationResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<GeneratedToken> _tokens = Channel.CreateUnbounded<GeneratedToken>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    public Generation(GenerationRequest request, long meterKey, MonotonicTime submittedAt, CancellationToken cancellation)
    {
        Request = request;
        MeterKey = meterKey;
        SubmittedAt = submittedAt;
        Cancellation = cancellation;
    }

    public GenerationRequest Request { get; }

    /// <summary>The request's key at the device's meter.</summary>
    public long MeterKey { get; }

    public MonotonicTime SubmittedAt { get; }

    public CancellationToken Cancellation { get; }

    /// <summary>Tokens in order (choices interleaved), stop tokens left out. Completes with the generation and never fails; see <see cref="Completion"/> for why it ended.</summary>
    public ChannelReader<GeneratedToken> Tokens => _tokens.Reader;

    /// <summary>The end. Never faults: a failure is a result.</summary>
    public Task<GenerationResult> Completion => _completion.Task;

    internal void Emit(GeneratedToken token) => _tokens.Writer.TryWrite(token);

    internal void Complete(GenerationResult result)
    {
        _completion.TrySetResult(result);
        _tokens.Writer.TryComplete();
    }
}
