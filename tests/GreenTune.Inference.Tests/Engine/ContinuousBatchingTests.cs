using GreenTune.Core.Attribution;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Running;
using GreenTune.Inference.Engine.Scheduling;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Inference.Tests.Engine;

public sealed class ContinuousBatchingTests : IAsyncDisposable
{
    private readonly FakeMeter _meter = new();
    private readonly List<DeviceEngine> _engines = [];

    public async ValueTask DisposeAsync()
    {
        foreach (DeviceEngine engine in _engines)
        {
            await engine.DisposeAsync();
        }
    }

    [Fact]
    public async Task Requests_join_and_leave_the_running_batch_between_steps()
    {
        using var held = new Held();
        FakeRunner model = held.Model();
        DeviceEngine engine = Engine();
        Generation[] all = held.Submit(engine, [Request(model, 3, 4), Request(model, 3, 2), Request(model, 3, 6)]);
        await Task.WhenAll(all.Select(generation => generation.Completion));

        Assert.Equal([1, 3, 2, 1, 1, 1], model.Steps.Where(step => step.Phase == StepPhase.Decode).Select(step => step.Count));
        Assert.Equal([[3, 4, 5, 6], [3, 4], [3, 4, 5, 6, 7, 8]], await Task.WhenAll(all.Select(TokensOf)));
    }

    [Fact]
    public async Task Rows_that_decode_never_wait_for_more_prompt_tokens_than_the_budget()
    {
        using var held = new Held();
        FakeRunner model = held.Model(contextLength: 500);
        DeviceEngine engine = Engine(new SchedulingSettings { PrefillTokens = 10, PrefillTokensAlone = 40, MaxRows = 8 });
        Generation[] all = held.Submit(engine, [Request(model, 3, 60), Request(model, 200, 3), Request(model, 55, 3)]);
        await Task.WhenAll(all.Select(generation => generation.Completion));

        int first = model.Steps.FindIndex(step => step.Phase == StepPhase.Decode);
        int since = 0;
        foreach ((StepPhase phase, int count) in model.Steps.Skip(first))
        {
            since = phase == StepPhase.Decode ? 0 : since + count;
            Assert.InRange(since, 0, 10);
        }

        Assert.All(model.Steps, step => Assert.True(step.Phase == StepPhase.Decode || step.Count <= 40));
        Assert.Equal(258, model.Steps.Where(step => step.Phase == StepPhase.Prefill).Sum(step => step.Count));
    }

    [Fact]
    public async Task Prompts_of_like_length_are_computed_in_one_step_where_that_pays()
    {
        using var held = new Held();
        FakeRunner model = held.Model(maxPrefillRows: 4);
        DeviceEngine engine = Engine(new SchedulingSettings { PrefillTokens = 100, PrefillTokensAlone = 100, MaxRows = 8 });
        Generation[] all = held.Submit(engine, [Request(model, 3, 2), Request(model, 20, 3), Request(model, 20, 3), Request(model, 22, 3), Request(model, 30, 3), Request(model, 1, 3)]);
        GenerationResult[] results = await Task.WhenAll(all.Select(generation => generation.Completion));

        Assert.All(results, result => Assert.Null(result.Error));
        Assert.Equal([3, 66, 30, 1], model.Steps.Where(step => step.Phase == StepPhase.Prefill).Select(step => step.Count));
        Assert.Equal([[3, 4], [20, 21, 22], [20, 21, 22], [22, 23, 24], [30, 31, 32], [1, 2, 3]], await Task.WhenAll(all.Select(TokensOf)));
        // Two rows were padded by two tokens each and computed their last token again.
        Assert.Equal([22 + 3, 22 + 3, 22 + 2], results.Skip(1).Take(3).Select(result => result.ComputedTokens));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Every_row_gets_its_own_answer_whatever_runs_beside_it(int seed)
    {
        // Few slots of several lengths, adapters, several choices, shared prompts, cancellations: rows are moved, grown, put back and forked all the time. The model checks every token it reads.
        var random = new Random(seed);
        var model = new FakeRunner(contextLength: 200, slots: 2, maxBatch: 3, shorter: [new KvClass(24, 4), new KvClass(70, 3)]) { MaxPrefillRows = 1 + seed % 3 };
        LoadedAdapter?[] adapters = [null, new LoadedAdapter("a", new Dictionary<string, OrtValue>()), new LoadedAdapter("b", new Dictionary<string, OrtValue>())];
        DeviceEngine engine = Engine(new SchedulingSettings { PrefillTokens = 7, PrefillTokensAlone = 20, MaxRows = 9, PrefixCacheBytes = 64 * 16 });
        var requests = new List<(GenerationRequest Request, Generation Generation, CancellationTokenSource Cancel)>();
        for (int i = 0; i < 60; i++)
        {
            GenerationRequest request = Request(model, random.Next(1, 90), random.Next(1, 100)) with
            {
                Tenant = random.Next(4) == 0 ? null : $"tenant-{random.Next(3)}",
                Adapter = adapters[random.Next(random.Next(1, 4))],
                Choices = random.Next(5) == 0 ? random.Next(2, 5) : 1,
            };
            var cancel = new CancellationTokenSource();
            requests.Add((request, engine.Submit(request, cancel.Token), cancel));
            if (random.Next(8) == 0)
            {
                cancel.CancelAfter(random.Next(3));
            }
        }

        foreach ((GenerationRequest request, Generation generation, CancellationTokenSource cancel) in requests)
        {
            GenerationResult result = await generation.Completion.WaitAsync(TimeSpan.FromSeconds(30));
            Assert.Null(result.Error);
            List<GeneratedToken> tokens = await generation.Tokens.ReadAllAsync().ToListAsync();
            for (int choice = 0; choice < request.Choices; choice++)
            {
                int[] answer = [.. tokens.Where(token => token.Choice == choice).Select(token => token.Id)];
                Assert.Equal(Enumerable.Range(request.Prompt.Length, answer.Length), answer);
                Assert.True(answer.Length == request.MaxTokens || result.Choices[choice].Finish == FinishReason.Cancelled, $"{answer.Length} of {request.MaxTokens}, {result.Choices[choice].Finish}");
            }

            cancel.Dispose();
        }

        Assert.Equal(60, _meter.Finished.Distinct().Count());
        Assert.Equal(60, _meter.Finished.Count);
        Assert.Equal(0, engine.Running);
        Assert.Equal(0, engine.Waiting);
        Assert.Equal(_meter.Steps.Sum(step => step.Rows.Sum(row => row.Tokens)), (await Task.WhenAll(requests.Select(request => request.Generation.Completion))).Sum(result => result.ComputedTokens));
    }

    [Fact]
    public async Task Tenants_take_turns()
    {
        using var held = new Held();
        FakeRunner model = held.Model(slots: 1);
        DeviceEngine engine = Engine();
        Generation[] all = held.Submit(engine, [.. Enumerable.Range(0, 5).Select(_ => Request(model, 3, 2) with { Tenant = "many" }), Request(model, 3, 2) with { Tenant = "one" }]);
        GenerationResult[] results = await Task.WhenAll(all.Select(generation => generation.Completion));

        Assert.True(results[5].EndedAt < results[2].EndedAt, "the tenant with one request waited for the other's queue");
        Assert.True(results[0].EndedAt < results[1].EndedAt && results[1].EndedAt < results[2].EndedAt, "within a tenant the order is that of arrival");
    }

    [Fact]
    public async Task A_prompt_that_was_seen_is_not_computed_again_for_its_tenant_and_is_for_others()
    {
        var model = new FakeRunner(contextLength: 300);
        DeviceEngine engine = Engine(new SchedulingSettings { PrefixCacheBytes = 1 << 20, MaxRows = 8 });
        GenerationRequest request = Request(model, 150, 2) with { Tenant = "a" };
        GenerationResult first = await engine.Submit(request, CancellationToken.None).Completion;
        GenerationResult again = await engine.Submit(request, CancellationToken.None).Completion;
        GenerationResult other = await engine.Submit(request with { Tenant = "b" }, CancellationToken.None).Completion;
        int[] longer = [.. request.Prompt, .. Enumerable.Range(150, 40)];
        longer[0] = 150;
        GenerationResult extended = await engine.Submit(request with { Prompt = longer }, CancellationToken.None).Completion;

        Assert.Equal([0, 128, 0, 128], ((GenerationResult[])[first, again, other, extended]).Select(result => result.CachedTokens));
        Assert.Equal([151, 23, 151, 63], ((GenerationResult[])[first, again, other, extended]).Select(result => result.ComputedTokens));
        Assert.Null(extended.Error);
    }

    [Fact]
    public async Task The_prefix_cache_keeps_to_its_budget_and_drops_what_was_used_longest_ago()
    {
        var model = new FakeRunner(contextLength: 300);
        // 16 bytes a token: two prompts of 64 tokens.
        DeviceEngine engine = Engine(new SchedulingSettings { PrefixCacheBytes = 2 * 64 * 16, MaxRows = 8 });
        async Task<int> Cached(int tag)
        {
            GenerationRequest request = Request(model, 65, 1) with { Tenant = "a" };
            request.Prompt[1] = tag;
            return (await engine.Submit(request, CancellationToken.None).Completion).CachedTokens;
        }

        var cached = new List<int>();
        foreach (int tag in (int[])[1, 2, 1, 3, 1, 2])
        {
            cached.Add(await Cached(tag));
        }

        Assert.Equal([0, 0, 64, 0, 64, 0], cached);
        Assert.Equal(2, model.Stretches);
    }

    [Fact]
    public async Task A_static_batch_runs_to_its_longest_answer_and_computes_more_than_is_of_use()
    {
        using var held = new Held();
        FakeRunner model = held.Model();
        DeviceEngine engine = Engine(new SchedulingSettings { Mode = BatchingMode.Static, MaxRows = 4 });
        Generation[] all = held.Submit(engine, [Request(model, 3, 2), Request(model, 9, 8), Request(model, 5, 1)]);
        // The first one went alone, while the others were still to come.
        GenerationResult[] results = await Task.WhenAll(all.Select(generation => generation.Completion));

        Assert.Equal([[3, 4], [9, 10, 11, 12, 13, 14, 15, 16], [5]], await Task.WhenAll(all.Select(TokensOf)));
        // Prompts padded to 9, then 8 decode steps of both rows; the answer that ended first came out with the last.
        Assert.Equal([9 + 8, 9 + 8], results.Skip(1).Select(result => result.ComputedTokens));
        Assert.Equal([8, 1], results.Skip(1).Select(result => result.OutputTokens));
        Assert.Equal(results[1].EndedAt.Seconds, results[2].EndedAt.Seconds, 0.5);
        Assert.All(model.Steps.Skip(3).Where(step => step.Phase == StepPhase.Decode), step => Assert.Equal(2, step.Count));
    }

    [Fact]
    public async Task A_batch_window_lets_requests_wait_for_one_another()
    {
        var model = new FakeRunner();
        DeviceEngine engine = Engine(new SchedulingSettings { BatchWindow = TimeSpan.FromSeconds(30), MaxRows = 3 });
        Generation first = engine.Submit(Request(model, 3, 5), CancellationToken.None);
        Generation second = engine.Submit(Request(model, 4, 5), CancellationToken.None);
        await Task.Delay(30, TestContext.Current.CancellationToken);
        Assert.False(first.Completion.IsCompleted);
        Generation third = engine.Submit(Request(model, 5, 5), CancellationToken.None);
        await Task.WhenAll(first.Completion, second.Completion, third.Completion).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.Equal(4, model.Steps.Count(step => step is (StepPhase.Decode, 3)));
    }

    [Fact]
    public async Task Draining_finishes_what_is_there_and_takes_no_more()
    {
        using var held = new Held();
        FakeRunner model = held.Model();
        DeviceEngine engine = Engine();
        Generation[] all = held.Submit(engine, [Request(model, 3, 5), Request(model, 3, 9)], () => engine.DrainAsync(CancellationToken.None), out Task drained);
        Assert.Throws<EngineStoppingException>(() => engine.Submit(Request(model, 3, 1), CancellationToken.None));
        await drained.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.All(await Task.WhenAll(all.Select(generation => generation.Completion)), result => Assert.Equal(FinishReason.Length, result.Finish));
    }

    [Fact]
    public async Task A_model_is_disposed_when_its_last_request_has_ended()
    {
        using var held = new Held();
        FakeRunner model = held.Model();
        DeviceEngine engine = Engine();
        Generation[] all = held.Submit(engine, [Request(model, 3, 5)], () => engine.RetireAsync(model), out Task retired);
        await retired.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.True(model.Disposed);
        Assert.Equal(FinishReason.Length, (await all[0].Completion).Finish);
    }

    [Fact]
    public async Task A_failing_step_fails_the_requests_in_it_and_those_of_another_model_go_on()
    {
        using var held = new Held();
        FakeRunner fine = held.Model();
        bool failed = false;
        var broken = new FakeRunner();
        broken.InStep = step =>
        {
            if (step == 2 && !failed)
            {
                failed = true;
                throw new InvalidOperationException("no memory");
            }
        };
        DeviceEngine engine = Engine();
        Generation[] all = held.Submit(engine, [Request(fine, 3, 9), Request(broken, 3, 9), Request(broken, 3, 9)]);
        GenerationResult[] results = await Task.WhenAll(all.Select(generation => generation.Completion));

        Assert.Equal([FinishReason.Length, FinishReason.Error, FinishReason.Error], results.Select(result => result.Finish));
        Assert.Equal(FinishReason.Length, (await engine.Submit(Request(broken, 3, 2), CancellationToken.None).Completion).Finish);
    }

    private DeviceEngine Engine(SchedulingSettings? settings = null)
    {
        var engine = new DeviceEngine(_meter, settings ?? new SchedulingSettings { MaxRows = 8 }, TimeProvider.System, NullLogger<DeviceEngine>.Instance);
        _engines.Add(engine);
        return engine;
    }

    /// <summary>A prompt of a length, which its first token names; see <see cref="FakeRunner"/>.</summary>
    private static GenerationRequest Request(FakeRunner model, int length, int maxTokens) => new()
    {
        Id = "test",
        Model = model,
        Prompt = [length, .. Enumerable.Range(1, length - 1)],
        MaxTokens = maxTokens,
    };

    private static async Task<int[]> TokensOf(Generation generation) => await generation.Tokens.ReadAllAsync().Select(token => token.Id).ToArrayAsync();

    /// <summary>A model whose first step waits until all requests are in, so that what is batched does not depend on time.</summary>
    private sealed class Held : IDisposable
    {
        private readonly ManualResetEventSlim _go = new();
        private readonly ManualResetEventSlim _started = new();

        public FakeRunner Model(int contextLength = 64, int slots = 8, int maxPrefillRows = 1) => new(contextLength, slots: slots)
        {
            MaxPrefillRows = maxPrefillRows,
            InStep = _ =>
            {
                _started.Set();
                _go.Wait(TimeSpan.FromSeconds(10));
            },
        };

        public Generation[] Submit(DeviceEngine engine, GenerationRequest[] requests) => Submit(engine, requests, () => Task.CompletedTask, out _);

        public Generation[] Submit(DeviceEngine engine, GenerationRequest[] requests, Func<Task> then, out Task thenDone)
        {
            Generation first = engine.Submit(requests[0], CancellationToken.None);
            Assert.True(_started.Wait(TimeSpan.FromSeconds(10)));
            Generation[] all = [first, .. requests.Skip(1).Select(request => engine.Submit(request, CancellationToken.None))];
            thenDone = then();
            _go.Set();
            return all;
        }

        public void Dispose()
        {
            _go.Dispose();
            _started.Dispose();
        }
    }
}
