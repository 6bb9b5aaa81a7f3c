using System.Threading.Channels;
using GreenTune.Core.Attribution;
using GreenTune.Core.Units;
using GreenTune.Inference.Engine.Sampling;
using GreenTune.Metering;

namespace GreenTune.Inference.Engine;

/// <summary>
/// The engine of one device: an owner thread that takes queued generations in order and runs them one at a time. Continuous batching
/// replaces the inside of <see cref="Run"/>; nothing outside sees more than <see cref="IEngine"/>.
/// </summary>
internal sealed partial class DeviceEngine : IEngine
{
    private readonly Channel<Generation> _queue;
    private readonly int _queueLimit;
    private readonly TimeProvider _clock;
    private readonly ILogger<DeviceEngine> _logger;
    private readonly Thread _owner;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;
    private long _recentMicroseconds = 100_000;

    public DeviceEngine(IDeviceMeter meter, int queueLimit, TimeProvider clock, ILogger<DeviceEngine> logger)
    {
        Meter = meter;
        _queueLimit = queueLimit;
        _clock = clock;
        _logger = logger;
        _queue = Channel.CreateUnbounded<Generation>(new UnboundedChannelOptions { SingleReader = true });
        _owner = new Thread(Run) { Name = $"engine {meter.DeviceId}", IsBackground = true };
        _owner.Start();
    }

    public IDeviceMeter Meter { get; }

    public int Waiting => Volatile.Read(ref _waiting);

    public Generation Submit(GenerationRequest request, CancellationToken cancellation)
    {
        if (_stopping.IsCancellationRequested)
        {
            throw new EngineStoppingException();
        }

        if (Interlocked.Increment(ref _waiting) > _queueLimit)
        {
            Interlocked.Decrement(ref _waiting);
            // The queue ahead takes about as long as the last requests did.
            double seconds = _queueLimit * Volatile.Read(ref _recentMicroseconds) / 1e6;
            throw new QueueFullException(_queueLimit, TimeSpan.FromSeconds(Math.Clamp(seconds, 1, 60)));
        }

        MonotonicTime now = Meter.Now;
        var generation = new Generation(request, Meter.Admit(now), now, cancellation);
        if (!_queue.Writer.TryWrite(generation))
        {
            Interlocked.Decrement(ref _waiting);
            End(generation, FinishReason.Cancelled, new Progress());
        }

        return generation;
    }

    /// <summary>Ends what runs and what waits as cancelled. May be called more than once.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stopped.Task.IsCompleted)
        {
            await _stopping.CancelAsync();
            _queue.Writer.TryComplete();
        }

        await _stopped.Task;
    }

    private void Run()
    {
        try
        {
            while (WaitForWork())
            {
                while (_queue.Reader.TryRead(out Generation? generation))
                {
                    Interlocked.Decrement(ref _waiting);
                    Generate(generation);
                }
            }
        }
        finally
        {
            _stopped.SetResult();
        }
    }

    private bool WaitForWork()
    {
        // The owner thread is no pool thread, so waiting here blocks nobody.
        ValueTask<bool> more = _queue.Reader.WaitToReadAsync();
        return more.IsCompleted ? more.Result : more.AsTask().GetAwaiter().GetResult();
    }

    private void Generate(Generation generation)
    {
        var progress = new Progress();
        try
        {
            End(generation, Step(generation, progress), progress);
        }
#pragma warning disable CA1031 // Whatever a step throws fails its request and leaves the engine serving.
        catch (Exception e)
#pragma warning restore CA1031
        {
            progress.Error = e;
            LogFailed(e, generation.Request.Id, generation.Request.Model.ConfigurationId);
            End(generation, FinishReason.Error, progress);
        }

        if (progress.StartedAt is { } started)
        {
            long took = (Meter.Now - started).Ticks / TimeSpan.TicksPerMicrosecond;
            Volatile.Write(ref _recentMicroseconds, (_recentMicroseconds * 7 + took) / 8);
        }
    }

    /// <summary>Prefill and decode until the generation ends.</summary>
    private FinishReason Step(Generation generation, Progress progress)
    {
        GenerationRequest request = generation.Request;
        var decoder = (IDecoder)request.Model;
        if (Stopped(generation))
        {
            return FinishReason.Cancelled;
        }

        TokenSampler? sampler = request.Sampling.IsDeviceChoice ? null : new TokenSampler(request.Sampling, decoder.VocabularySize, 0);
        sampler?.Prompt(request.Prompt);
        bool wantLogits = sampler is not null;
        Func<int, bool>? watch = request.StopAfter?.Invoke(0);
        int past = request.Prompt.Length;

        MonotonicTime start = Meter.Now;
        progress.StartedAt = start;
        int token = decoder.Prefill(request.Prompt, wantLogits || request.ScoredTokens is not null);
        if (request.ScoredTokens is { } scored)
        {
            progress.Scores = Array.ConvertAll(scored, id => decoder.Logits[id]);
        }

        if (sampler is not null)
        {
            token = sampler.Draw(decoder.Logits).Id;
        }

        MonotonicTime end = Meter.Now;
        Meter.Step(new StepRecord(start, end, StepPhase.Prefill, decoder.Work, [new StepRow(generation.MeterKey, past, 0)]));
        progress.FirstTokenAt = end;

        while (true)
        {
            progress.OutputTokens++;
            if (!request.IgnoreStopTokens && decoder.IsStop(token))
            {
                return FinishReason.Stop;
            }

            generation.Emit(new GeneratedToken(0, token));
            if (watch is not null && watch(token))
            {
                return FinishReason.Stop;
            }

            if (progress.OutputTokens >= request.MaxTokens)
            {
                return FinishReason.Length;
            }

            if (Stopped(generation))
            {
                return FinishReason.Cancelled;
            }

            start = Meter.Now;
            token = decoder.Decode(token, wantLogits);
            if (sampler is not null)
            {
                token = sampler.Draw(decoder.Logits).Id;
            }

            Meter.Step(new StepRecord(start, Meter.Now, StepPhase.Decode, decoder.Work, [new StepRow(generation.MeterKey, 1, past)]));
            past++;
        }
    }

    private bool Stopped(Generation generation) =>
        generation.Cancellation.IsCancellationRequested
        || _stopping.IsCancellationRequested
        || (generation.Request.Deadline is { } deadline && _clock.GetUtcNow() >= deadline);

    private void End(Generation generation, FinishReason finish, Progress progress)
    {
        MonotonicTime end = Meter.Now;
        generation.Complete(new GenerationResult
        {
            Choices = [new ChoiceResult(finish, progress.OutputTokens)],
            ComputedTokens = generation.Request.Prompt.Length + progress.OutputTokens,
            SubmittedAt = generation.SubmittedAt,
            StartedAt = progress.StartedAt,
            FirstTokenAt = progress.FirstTokenAt,
            EndedAt = end,
            Scores = progress.Scores,
            Error = progress.Error,
            Settled = Meter.Finish(generation.MeterKey, end),
        });
    }

    [LoggerMessage(1, LogLevel.Error, "Request {Request} on {Configuration} failed in a step; the engine goes on")]
    private partial void LogFailed(Exception exception, string request, string configuration);

    private sealed class Progress
    {
        public int OutputTokens { get; set; }

        public MonotonicTime? StartedAt { get; set; }

        public MonotonicTime? FirstTokenAt { get; set; }

        public float[]? Scores { get; set; }

        public Exception? Error { get; set; }
    }
}
