using GreenTune.Core.Attribution;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Scheduling;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Inference.Tests.Engine;

public sealed class DeviceEngineTests : IAsyncDisposable
{
    private readonly FakeMeter _meter = new();
    private readonly DeviceEngine _engine;

    public DeviceEngineTests() => _engine = new DeviceEngine(_meter, new SchedulingSettings { QueueLimit = 3, MaxRows = 8 }, TimeProvider.System, NullLogger<DeviceEngine>.Instance);

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public async Task A_generation_ends_at_max_tokens_and_leaves_a_step_for_every_token()
    {
        Generation generation = _engine.Submit(Request(new FakeRunner(), maxTokens: 4), CancellationToken.None);
        GenerationResult result = await generation.Completion;

        Assert.Equal(FinishReason.Length, result.Finish);
        Assert.Equal([3, 4, 5, 6], await TokensOf(generation));
        Assert.Equal(4, result.OutputTokens);
        StepRecord[] steps = [.. _meter.Steps];
        Assert.Equal([StepPhase.Prefill, StepPhase.Decode, StepPhase.Decode, StepPhase.Decode], steps.Select(step => step.Phase));
        Assert.Equal([(3, 0), (1, 3), (1, 4), (1, 5)], steps.Select(step => (step.Rows[0].Tokens, step.Rows[0].Past)));
        Assert.All(steps.Zip(steps.Skip(1)), pair => Assert.True(pair.First.End <= pair.Second.Start));
        Assert.True(result.SubmittedAt <= result.StartedAt && result.StartedAt <= result.FirstTokenAt && result.FirstTokenAt <= result.EndedAt);
        Assert.Equal(4, (await result.Settled).Energy.Joules!.Value.Value);
    }

    [Fact]
    public async Task A_stop_token_ends_it_and_is_counted_but_not_shown()
    {
        Generation generation = _engine.Submit(Request(new FakeRunner(stop: 5), maxTokens: 50), CancellationToken.None);
        GenerationResult result = await generation.Completion;

        Assert.Equal(FinishReason.Stop, result.Finish);
        Assert.Equal([3, 4], await TokensOf(generation));
        Assert.Equal(3, result.OutputTokens);
    }

    [Fact]
    public async Task A_watcher_may_stop_it_and_not_a_step_more_is_run()
    {
        Generation generation = _engine.Submit(Request(new FakeRunner(), maxTokens: 50) with { StopAfter = _ => token => token == 4 }, CancellationToken.None);

        Assert.Equal(FinishReason.Stop, (await generation.Completion).Finish);
        Assert.Equal([3, 4], await TokensOf(generation));
        Assert.Equal(2, _meter.Steps.Count);
    }

    [Fact]
    public async Task Cancelling_ends_it_within_one_step()
    {
        using var cancel = new CancellationTokenSource();
        var runner = new FakeRunner { InStep = step => { if (step == 2) { cancel.Cancel(); } } };
        Generation generation = _engine.Submit(Request(runner, maxTokens: 50), cancel.Token);
        GenerationResult result = await generation.Completion;

        Assert.Equal(FinishReason.Cancelled, result.Finish);
        Assert.Equal(3, result.OutputTokens);
        Assert.Equal(3, _meter.Steps.Count);
        Assert.Single(_meter.Finished);
    }

    [Fact]
    public async Task A_deadline_cancels()
    {
        var runner = new FakeRunner { InStep = _ => Thread.Sleep(5) };
        Generation generation = _engine.Submit(Request(runner, maxTokens: 60) with { Deadline = DateTimeOffset.UtcNow.AddMilliseconds(20) }, CancellationToken.None);

        Assert.Equal(FinishReason.Cancelled, (await generation.Completion).Finish);
    }

    [Fact]
    public async Task A_failing_step_fails_its_request_and_the_next_one_runs()
    {
        var broken = new FakeRunner { InStep = step => { if (step == 1) { throw new InvalidOperationException("no memory"); } } };
        GenerationResult failed = await _engine.Submit(Request(broken, maxTokens: 5), CancellationToken.None).Completion;
        GenerationResult fine = await _engine.Submit(Request(new FakeRunner(), maxTokens: 2), CancellationToken.None).Completion;

        Assert.Equal(FinishReason.Error, failed.Finish);
        Assert.Equal("no memory", failed.Error!.Message);
        Assert.Equal(FinishReason.Length, fine.Finish);
        Assert.Equal(2, _meter.Finished.Count);
    }

    [Fact]
    public async Task Requests_run_in_order_and_the_one_beyond_the_queue_is_refused()
    {
        using var go = new ManualResetEventSlim();
        using var started = new ManualResetEventSlim();
        var slow = new FakeRunner
        {
            InStep = _ =>
            {
                started.Set();
                go.Wait(TimeSpan.FromSeconds(10));
            },
        };
        Generation first = _engine.Submit(Request(slow, maxTokens: 1), CancellationToken.None);
        Assert.True(started.Wait(TimeSpan.FromSeconds(10)));
        Generation[] waiting = [.. Enumerable.Range(0, 3).Select(_ => _engine.Submit(Request(new FakeRunner(), maxTokens: 1), CancellationToken.None))];

        QueueFullException refused = Assert.Throws<QueueFullException>(() => _engine.Submit(Request(new FakeRunner(), maxTokens: 1), CancellationToken.None));
        Assert.InRange(refused.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        Assert.Equal(3, _engine.Waiting);

        go.Set();
        GenerationResult[] results = await Task.WhenAll(waiting.Prepend(first).Select(generation => generation.Completion));
        Assert.Equal(results.Select(result => result.EndedAt).Order(), results.Select(result => result.EndedAt));
        Assert.Equal(0, _engine.Waiting);
    }

    [Fact]
    public async Task Scores_are_the_logits_of_the_first_position()
    {
        GenerationResult result = await _engine.Submit(Request(new FakeRunner(), maxTokens: 1) with { ScoredTokens = [3, 7] }, CancellationToken.None).Completion;
        Assert.Equal((float[])[5f, -100f], result.Scores!);
    }

    [Fact]
    public async Task Stopping_the_engine_ends_what_runs_and_what_waits()
    {
        var endless = new FakeRunner(contextLength: 100_000) { InStep = _ => Thread.Sleep(1) };
        Generation running = _engine.Submit(Request(endless, maxTokens: 900), CancellationToken.None);
        Generation waiting = _engine.Submit(Request(endless, maxTokens: 900), CancellationToken.None);
        await _engine.DisposeAsync();

        Assert.Equal(FinishReason.Cancelled, (await running.Completion).Finish);
        Assert.Equal(FinishReason.Cancelled, (await waiting.Completion).Finish);
        Assert.Throws<EngineStoppingException>(() => _engine.Submit(Request(endless, maxTokens: 1), CancellationToken.None));
    }

    private static GenerationRequest Request(FakeRunner runner, int maxTokens) =>
        new() { Id = "test", Model = runner, Prompt = [3, 1, 2], MaxTokens = maxTokens };

    private static async Task<List<int>> TokensOf(Generation generation) => await generation.Tokens.ReadAllAsync().Select(token => token.Id).ToListAsync();
}
