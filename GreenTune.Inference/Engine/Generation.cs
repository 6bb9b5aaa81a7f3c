using System.Threading.Channels;
using GreenTune.Core.Units;

namespace GreenTune.Inference.Engine;

/// <summary>A queued or running generation: its tokens as they come, and its end.</summary>
internal sealed class Generation
{
    private readonly TaskCompletionSource<GenerationResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<GeneratedToken> _tokens;

    /// <param name="request">What to generate.</param>
    /// <param name="meterKey">The request's key at the device's meter.</param>
    /// <param name="submittedAt">When it came into line.</param>
    /// <param name="cancellation">Of whoever wants it.</param>
    /// <param name="tokens">What carries the tokens; one without a bound, for one reader and one writer, when null.</param>
    public Generation(GenerationRequest request, long meterKey, MonotonicTime submittedAt, CancellationToken cancellation, Channel<GeneratedToken>? tokens = null)
    {
        _tokens = tokens ?? Channel.CreateUnbounded<GeneratedToken>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
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

    /// <summary>
    /// Tokens in order (choices interleaved), stop tokens left out. They end with the generation and never fail; see <see cref="Completion"/> for why it ended. WaitToReadAsync and
    /// ReadAllAsync tell the end; the reader's own Completion may never do so (github.com/dotnet/runtime/issues/123544).
    /// </summary>
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
