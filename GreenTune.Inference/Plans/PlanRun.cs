using System.Diagnostics;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Records;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Plans;

/// <summary>
/// One run of a plan (design section 8): scores, then a closed loop at concurrency 1 for energy and throughput, then the same requests at an
/// equal offered load for the latency, each in shuffled repeats with warm-up and a pause between configurations.
/// </summary>
internal sealed class PlanRun(
    PlanRequest request,
    IReadOnlyList<LoadedConfiguration> configurations,
    string reference,
    SentimentSet set,
    IEngine engine,
    RecordPipeline records,
    PlanProgress progress,
    TimeProvider clock)
{
    /// <summary>The offered load is this share of what the slowest configuration answers in the closed loop, so that all of them keep up.</summary>
    private const double LoadShare = 0.5;

    private const int WarmUpItems = 2;

    /// <summary>More than one request in flight during the closed loop, on average, means that somebody else's ran beside.</summary>
    private const double QuietRows = 1.05;

    private static readonly TimeSpan CoolDown = TimeSpan.FromMilliseconds(300);

    private readonly Random _random = new(request.Seed);
    private readonly Dictionary<string, Samples> _samples = configurations.ToDictionary(configuration => configuration.Id, _ => new Samples());
    private int _sequence;

    public async Task<MeasurementPlan> RunAsync(DateTimeOffset startedAt, CancellationToken cancellation)
    {
        // First guesses in seconds; the progress bar needs no better.
        progress.Plan(configurations.Count * ((request.ScoredItems * 0.01) + (request.Items * 0.12) + (request.OfferedRequests * 0.3)));
        await ScoreAsync(cancellation);
        await ClosedLoopAsync(cancellation);
        double? rate = await OfferedLoadAsync(cancellation);

        DeviceView device = engine.Meter.View();
        return new MeasurementPlan
        {
            Id = progress.Id,
            StartedAt = startedAt,
            EndedAt = clock.GetUtcNow(),
            Workload = SentimentPrompts.Workload,
            ScoreMethod = SentimentPrompts.ScoreMethod,
            Repeats = request.Repeats,
            Concurrency = 1,
            OfferedRequestsPerSecond = rate,
            Reference = reference,
            Device = device.Id,
            Meter = device.Meter == "none" ? null : device.Meter,
            Boundary = device.Boundary,
            Quality = device.Quality,
            MethodVersion = MethodVersions.ThreeE,
            Configurations = [.. configurations.Select(configuration => _samples[configuration.Id].ToMeasurement(configuration.Id, configuration.SourceQuantized))],
        };
    }

    /// <summary>Every configuration labels the same items, each by one forward pass.</summary>
    private async Task ScoreAsync(CancellationToken cancellation)
    {
        IReadOnlyList<SentimentItem> items = set.Draw(request.ScoredItems, request.Seed);
        foreach (LoadedConfiguration configuration in Shuffled(configurations))
        {
            progress.Enter($"scoring {configuration.Id} on {items.Count} sentences");
            Samples samples = _samples[configuration.Id];
            LabelTokens? labels = LabelTokens.Of(configuration);
            foreach (SentimentItem item in items)
            {
                Answer answer = await AskAsync(configuration, SentimentPrompts.OneWord(item.Text), labels is null ? 8 : 1, labels?.Tokens, cancellation);
                Sentiment? label = labels is not null && answer.Result.Scores is { } scores ? LabelTokens.Best(scores) : SentimentPrompts.Label(answer.Text);
                samples.Correct.Add(label == item.Label);
                samples.Unparsable += label is null ? 1 : 0;
                samples.Count(answer.Result);
                progress.Advance(0.01);
            }
        }
    }

    private async Task ClosedLoopAsync(CancellationToken cancellation)
    {
        IReadOnlyList<SentimentItem> items = set.Draw(request.Items, request.Seed + 1);
        for (int repeat = 0; repeat < request.Repeats; repeat++)
        {
            SentimentItem[] part = [.. items.Where((_, index) => index % request.Repeats == repeat)];
            foreach (LoadedConfiguration configuration in Shuffled(configurations))
            {
                progress.Enter($"closed loop on {configuration.Id}, repeat {repeat + 1} of {request.Repeats}");
                await Task.Delay(CoolDown, clock, cancellation);
                foreach (SentimentItem item in part.Take(WarmUpItems))
                {
                    await AskAsync(configuration, SentimentPrompts.Checklist(item.Text), SentimentPrompts.MaxTokens, null, cancellation);
                }

                foreach (SentimentItem item in part)
                {
                    _samples[configuration.Id].Add(repeat, item, await AskAsync(configuration, SentimentPrompts.Checklist(item.Text), SentimentPrompts.MaxTokens, null, cancellation));
                    progress.Advance(0.12);
                }

                await _samples[configuration.Id].SettleAsync(cancellation);
            }
        }

        foreach (Samples samples in _samples.Values)
        {
            samples.RejectIfDisturbed(QuietRows);
        }
    }

    /// <summary>Arrivals at the same seeded Poisson times for every configuration. Null when no configuration answered in the closed loop.</summary>
    private async Task<double?> OfferedLoadAsync(CancellationToken cancellation)
    {
        double slowest = _samples.Values.Where(samples => samples.Closed.Count > 0).Select(samples => samples.MeanSeconds).DefaultIfEmpty(0).Max();
        if (slowest <= 0)
        {
            return null;
        }

        double rate = LoadShare / slowest;
        IReadOnlyList<SentimentItem> items = set.Draw(request.OfferedRequests, request.Seed + 2);
        double[] gaps = [.. items.Select(_ => -Math.Log(1 - _random.NextDouble()) / rate)];
        for (int repeat = 0; repeat < request.Repeats; repeat++)
        {
            int[] part = [.. Enumerable.Range(0, items.Count).Where(index => index % request.Repeats == repeat)];
            foreach (LoadedConfiguration configuration in Shuffled(configurations))
            {
                progress.Enter($"{rate:0.0} requests/s offered to {configuration.Id}, repeat {repeat + 1} of {request.Repeats}");
                await Task.Delay(CoolDown, clock, cancellation);
                var running = new List<Task<Answer>>();
                foreach (int index in part)
                {
                    await Task.Delay(TimeSpan.FromSeconds(gaps[index]), clock, cancellation);
                    running.Add(AskAsync(configuration, SentimentPrompts.Checklist(items[index].Text), SentimentPrompts.MaxTokens, null, cancellation));
                    progress.Advance(0.3);
                }

                foreach (Answer answer in await Task.WhenAll(running))
                {
                    _samples[configuration.Id].AddOffered(answer);
                }
            }
        }

        return rate;
    }

    private async Task<Answer> AskAsync(LoadedConfiguration configuration, IReadOnlyList<ChatMessage> turns, int maxTokens, int[]? scored, CancellationToken cancellation)
    {
        DateTimeOffset acceptedAt = clock.GetUtcNow();
        MonotonicTime acceptedTick = engine.Meter.Now;
        int[] prompt = configuration.EncodeChat(turns);
        int room = configuration.Runner.ContextLength - prompt.Length;
        var served = new ServedRequest
        {
            Id = $"plan-{progress.Id:N}-{Interlocked.Increment(ref _sequence)}",
            AcceptedAt = acceptedAt,
            AcceptedTick = acceptedTick,
            Tenant = Headers.MeasurementTenant,
            Session = progress.Id.ToString("N"),
            RequestedModel = configuration.Id,
            ConfigurationId = configuration.Id,
            InputTokens = prompt.Length,
            Span = Activity.Current?.Context ?? default,
            Meter = engine.Meter,
        };
        Generation generation = engine.Submit(
            new GenerationRequest { Id = served.Id, Model = configuration.Runner, Prompt = prompt, MaxTokens = Math.Min(maxTokens, room), ScoredTokens = scored },
            cancellation);
        records.Follow(served, generation);
        GenerationResult result = await generation.Completion;
        cancellation.ThrowIfCancellationRequested();

        var tokens = new List<int>();
        while (generation.Tokens.TryRead(out GeneratedToken token))
        {
            tokens.Add(token.Id);
        }

        return new Answer(served, result, configuration.Tokenizer.Decode([.. tokens]));
    }

    private List<LoadedConfiguration> Shuffled(IEnumerable<LoadedConfiguration> all)
    {
        LoadedConfiguration[] shuffled = [.. all];
        _random.Shuffle(shuffled);
        return [.. shuffled];
    }

    /// <summary>An answer and what it took.</summary>
    internal sealed record Answer(ServedRequest Served, GenerationResult Result, string Text)
    {
        public double Seconds => (Result.EndedAt - Served.AcceptedTick).TotalSeconds;
    }
}
