using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using GreenTune.Core.Units;
using GreenTune.Inference.Engine.Scheduling;
using GreenTune.Metering;

namespace GreenTune.Inference.Engine;

/// <summary>
/// The engine of one device: an owner thread that admits requests, computes their prompts in pieces and decodes all rows together, a step at a time.
/// What belongs to a step is in <see cref="BatchSteps"/>.
/// </summary>
internal sealed partial class DeviceEngine : IEngine
{
    private static readonly TimeSpan ShortestRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<Generation> _submitted = [];
    private readonly ConcurrentQueue<Action> _commands = [];
    private readonly SemaphoreSlim _wake = new(0);
    private readonly ConditionalWeakTable<IModelRunner, object> _retired = [];
    private readonly Lock _retiring = new();
    private readonly AdmissionQueue _queue = new();
    private readonly LinkedList<Sequence> _homeless = [];
    private readonly BatchSteps _steps;
    private readonly TimeProvider _clock;
    private readonly Thread _owner;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;
    private long _secondsPerRequestTicks = TimeSpan.TicksPerSecond / 10;
    private volatile bool _accepting = true;
    private volatile bool _cancelling;
    private volatile SchedulingSettings _settings;

    public DeviceEngine(IDeviceMeter meter, SchedulingSettings settings, TimeProvider clock, ILogger<DeviceEngine> logger)
    {
        Meter = meter;
        _settings = settings;
        _clock = clock;
        _steps = new BatchSteps(meter, Ended, NoRoom, logger);
        _owner = new Thread(Run) { Name = $"engine {meter.DeviceId}", IsBackground = true };
        _owner.Start();
    }

    public bool CanConstrain => true;

    public IDeviceMeter Meter { get; }

    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Generations that have a row.</summary>
    public int Running => _steps.Running;

    /// <summary>How requests are put together; what runs goes on as it began.</summary>
    public SchedulingSettings Settings
    {
        get => _settings;
        set => _settings = value;
    }

    public Generation Submit(GenerationRequest request, CancellationToken cancellation)
    {
        if (!_accepting)
        {
            throw new EngineStoppingException();
        }

        if (_retired.TryGetValue(request.Model, out _))
        {
            throw new ModelUnloadedException(request.Model.ConfigurationId);
        }

        int limit = _settings.QueueLimit;
        if (Interlocked.Increment(ref _waiting) > limit)
        {
            Interlocked.Decrement(ref _waiting);
            // The queue ahead takes about as long as the last requests did.
            TimeSpan ahead = new(limit * Volatile.Read(ref _secondsPerRequestTicks));
            throw new QueueFullException(limit, ahead < ShortestRetry ? ShortestRetry : ahead > LongestRetry ? LongestRetry : ahead);
        }

        // Looked up once more where it cannot be retired before the request is in line: the owner thread would run a model that is gone.
        lock (_retiring)
        {
            if (_retired.TryGetValue(request.Model, out _))
            {
                Interlocked.Decrement(ref _waiting);
                throw new ModelUnloadedException(request.Model.ConfigurationId);
            }

            MonotonicTime now = Meter.Now;
            var generation = new Generation(request, Meter.Admit(now), now, cancellation);
            _submitted.Enqueue(generation);
            _wake.Release();
            return generation;
        }
    }

    public async Task DrainAsync(CancellationToken cancellation)
    {
        _accepting = false;
        _wake.Release();
        await _drained.Task.WaitAsync(cancellation);
    }

    public Task RetireAsync(IModelRunner model)
    {
        lock (_retiring)
        {
            _retired.TryAdd(model, this);
        }

        return InvokeAsync(() => _steps.Retire(model, () => _queue.Has(model) || !_submitted.IsEmpty));
    }

    /// <summary>Ends what runs and what waits as cancelled. May be called more than once.</summary>
    public async ValueTask DisposeAsync()
    {
        _accepting = false;
        _cancelling = true;
        _wake.Release();
        await _stopped.Task;
    }

    private async Task InvokeAsync(Func<Task> command)
    {
        var started = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        _commands.Enqueue(() => started.SetResult(command()));
        _wake.Release();
        if (await Task.WhenAny(started.Task, _stopped.Task) == started.Task)
        {
            await await started.Task;
        }
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                Intake();
                EndCancelled();
                bool waiting = !Admit();
                _steps.EndRetired();
                if (_steps.Running > 0)
                {
                    _steps.Step(_settings);
                    // What found no room is asked for again once a step has made some.
                }
                else if (_queue.Count == 0 && _homeless.Count == 0 && _submitted.IsEmpty && _commands.IsEmpty)
                {
                    if (!_accepting)
                    {
                        _drained.TrySetResult();
                        if (_cancelling)
                        {
                            return;
                        }
                    }

                    _wake.Wait();
                }
                else if (waiting)
                {
                    // Held back by the batch window, or by a command that has still to come.
                    _wake.Wait(1);
                }
            }
        }
        finally
        {
            _drained.TrySetResult();
            _stopped.SetResult();
        }
    }

    private void Intake()
    {
        while (_wake.Wait(0))
        {
            // One look takes in everything that was announced.
        }

        while (_submitted.TryDequeue(out Generation? generation))
        {
            _queue.Add(generation);
        }

        while (_commands.TryDequeue(out Action? command))
        {
            command();
        }
    }

    private void EndCancelled()
    {
        foreach (Generation generation in _queue.TakeWhere(Stopped))
        {
            Interlocked.Decrement(ref _waiting);
            var never = new ActiveGeneration(generation);
            foreach (Sequence sequence in never.Sequences)
            {
                never.End(sequence, FinishReason.Cancelled);
            }

            Complete(never);
        }

        _steps.EndWhere(active => Stopped(active.Handle));
        for (LinkedListNode<Sequence>? node = _homeless.First; node is not null;)
        {
            LinkedListNode<Sequence>? next = node.Next;
            if (node.Value.Finish is not null || Stopped(node.Value.Generation.Handle))
            {
                _homeless.Remove(node);
                _steps.End(node.Value, FinishReason.Cancelled);
            }

            node = next;
        }
    }

    /// <summary>Gives rows to those who wait, as far as there are any. False when somebody still waits.</summary>
    private bool Admit()
    {
        SchedulingSettings settings = _settings;
        // Who has lost a row, or has had none beside the first choice's, goes before everybody else.
        for (LinkedListNode<Sequence>? node = _homeless.First; node is not null;)
        {
            LinkedListNode<Sequence>? next = node.Next;
            if (_steps.TryPlace(node.Value, settings))
            {
                _homeless.Remove(node);
            }

            node = next;
        }

        if (_queue.Count == 0 || (settings.Mode == BatchingMode.Static && _steps.Running > 0) || HeldBack(settings))
        {
            return _queue.Count == 0;
        }

        if (settings.Mode == BatchingMode.Static)
        {
            AdmitBatch(settings);
            return _queue.Count == 0;
        }

        while (_steps.Rows < settings.MaxRows && _queue.Take(generation => _steps.HasRoom(generation.Request)) is { } generation)
        {
            Interlocked.Decrement(ref _waiting);
            Begin(new ActiveGeneration(generation), settings);
        }

        return _queue.Count == 0;
    }

    private void AdmitBatch(SchedulingSettings settings)
    {
        var batch = new List<ActiveGeneration>();
        IModelRunner? model = null;
        int rows = 0;
        while (rows < settings.MaxRows && _queue.Take(generation => model is null || generation.Request.Model == model) is { } generation)
        {
            Interlocked.Decrement(ref _waiting);
            model = generation.Request.Model;
            rows += generation.Request.Choices;
            batch.Add(new ActiveGeneration(generation));
        }

        int longest = batch.Max(active => active.Request.Prompt.Length);
        foreach (ActiveGeneration active in batch)
        {
            foreach (Sequence sequence in active.Sequences)
            {
                sequence.InStaticBatch = true;
                // A prompt of one token has nothing behind which its padding could be taken back.
                sequence.PaddedPrompt = sequence.Length > 1 ? longest : null;
            }

            Begin(active, settings);
        }
    }

    private void Begin(ActiveGeneration active, SchedulingSettings settings)
    {
        foreach (Sequence sequence in active.Sequences)
        {
            if (!_steps.TryPlace(sequence, settings))
            {
                _homeless.AddLast(sequence);
            }
        }
    }

    private bool HeldBack(SchedulingSettings settings) =>
        settings.BatchWindow > TimeSpan.Zero
        && _accepting
        && _queue.Count + _steps.Rows < settings.MaxRows
        && _queue.Oldest is { } oldest
        && Meter.Now - oldest < settings.BatchWindow;

    private bool Stopped(Generation generation) =>
        _cancelling
        || generation.Cancellation.IsCancellationRequested
        || (generation.Request.Deadline is { } deadline && _clock.GetUtcNow() >= deadline);

    /// <summary>A row has lost its place: it is computed again when there is room.</summary>
    private void NoRoom(Sequence sequence) => _homeless.AddLast(sequence);

    private void Ended(ActiveGeneration active)
    {
        Complete(active);
        if (active.StartedAt is { } started)
        {
            long each = (Meter.Now - started).Ticks / Math.Max(1, _steps.Running + 1);
            Volatile.Write(ref _secondsPerRequestTicks, (_secondsPerRequestTicks * 7 + each) / 8);
        }
    }

    private void Complete(ActiveGeneration active)
    {
        MonotonicTime end = Meter.Now;
        active.Handle.Complete(new GenerationResult
        {
            Choices = active.Results,
            CachedTokens = active.CachedTokens,
            ComputedTokens = active.ComputedTokens,
            SubmittedAt = active.Handle.SubmittedAt,
            StartedAt = active.StartedAt,
            FirstTokenAt = active.FirstTokenAt,
            EndedAt = end,
            Scores = active.Scores,
            Error = active.Error,
            Settled = Meter.Finish(active.Handle.MeterKey, end),
        });
    }
}
