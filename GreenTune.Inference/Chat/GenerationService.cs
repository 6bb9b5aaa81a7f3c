using System.Diagnostics;
using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Core.Telemetry;
using GreenTune.Core.Units;
using GreenTune.Inference.Access;
using GreenTune.Inference.Adapters;
using GreenTune.Inference.Budgets;
using GreenTune.Inference.Chat.Answers;
using GreenTune.Inference.Chat.Constraints;
using GreenTune.Inference.Chat.Requests;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Energy;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Records;
using GreenTune.Inference.Selection;
using GreenTune.Inference.Telemetry;
using GreenTune.ServiceDefaults.Access;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Chat;

/// <summary>Takes a request for text from its validated form to running generations: configuration, tokens, budget, engine.</summary>
internal sealed class GenerationService(
    ModelResolver resolver,
    IEngine engine,
    BudgetGate budgets,
    EnergyPredictor predictor,
    RecordPipeline records,
    AdapterRegistry adapters,
    ConstraintFactory constraints,
    IOptions<InferenceOptions> options,
    TimeProvider clock)
{
    private const int MaxAlternatives = 8;

    private static readonly TimeSpan LongestLoadWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StoppingRetry = TimeSpan.FromSeconds(5);

    /// <summary>Starts the generations. The caller reads their tokens; their records are taken care of.</summary>
    /// <exception cref="ApiException">What the client has to be told.</exception>
    public async Task<RunningAnswer> StartAsync(TextRequest request, RequestHeaders headers, CancellationToken cancellation)
    {
        DateTimeOffset acceptedAt = clock.GetUtcNow();
        MonotonicTime acceptedTick = engine.Meter.Now;
        DateTimeOffset? deadline = acceptedAt + headers.Deadline;
        string id = $"{request.IdPrefix}-{Guid.CreateVersion7(acceptedAt):N}";
        Activity? activity = InferenceTelemetry.StartGeneration(request.Model, id, headers.Tenant, headers.Session);
        try
        {
            LoadedConfiguration wanted = await LoadedAsync(resolver.Resolve(request.Model), deadline, cancellation);
            Prompt[] prompts = Prompts(request, wanted);
            TokenLimit.Take(headers.Allowance, MostTokens(prompts, request));
            BudgetVerdict verdict = await AskBudgetAsync(id, headers, wanted, request, prompts, cancellation);
            LoadedConfiguration served = wanted;
            try
            {
                if (verdict.Decision is { } decision && decision.ConfigurationId != wanted.Id)
                {
                    served = await LoadedAsync(resolver.Resolve(decision.ConfigurationId), deadline, cancellation);
                    prompts = Prompts(request, served);
                }

                // Before anything runs: a setting that this model cannot take must not leave half of the prompts running.
                SamplingSettings sampling = request.Sampling.Over(served.DefaultSampling, served.Runner.VocabularySize);
                TokenConstraint[] constrained = request.JsonSchema is { } schema ? constraints.Make(schema, served, prompts.Length * request.Choices) : [];
                Describe(activity, request, served, prompts);
                ServedRequest run = new()
                {
                    Id = id,
                    AcceptedAt = acceptedAt,
                    AcceptedTick = acceptedTick,
                    Tenant = headers.Tenant,
                    Session = headers.Session,
                    RequestedModel = request.Model,
                    ConfigurationId = served.Id,
                    DegradedFrom = served.Id == wanted.Id ? null : wanted.Id,
                    InputTokens = prompts[0].Tokens.Length,
                    Streamed = request.Stream,
                    Span = activity?.Context ?? default,
                    Meter = engine.Meter,
                };
                try
                {
                    return Submit(request, headers, run, served, sampling, constrained, prompts, verdict, deadline, activity, cancellation);
                }
                catch (ModelUnloadedException)
                {
                    // It had to make room between its look-up and now: it is loaded again, and this time stays until it has the request.
                    ServedConfiguration again = resolver.Resolve(served.Id);
                    using IDisposable claim = again.ClaimLoad();
                    served = await LoadedAsync(again, deadline, cancellation);
                    return Submit(request, headers, run, served, sampling, constrained, prompts, verdict, deadline, activity, cancellation);
                }
            }
            catch
            {
                if (verdict.Decision?.BudgetId is not null)
                {
                    await budgets.ReleaseAsync(id);
                }
                else if (verdict.Unchecked)
                {
                    // Accounting was too slow to be waited for, and it may have reserved since. Nobody waits for this either.
                    _ = budgets.ReleaseAsync(id);
                }

                throw;
            }
        }
        catch (Exception e)
        {
            headers.Allowance?.Settle(0);
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            activity?.SetTag(TelemetryNames.ErrorType, (e as ApiException)?.Code ?? e.GetType().Name);
            activity?.Dispose();
            throw;
        }
    }

    /// <summary>One generation for each prompt; all of them or none.</summary>
    private RunningAnswer Submit(
        TextRequest request,
        RequestHeaders headers,
        ServedRequest first,
        LoadedConfiguration served,
        SamplingSettings sampling,
        TokenConstraint[] constrained,
        Prompt[] prompts,
        BudgetVerdict verdict,
        DateTimeOffset? deadline,
        Activity? activity,
        CancellationToken cancellation)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var runs = new List<PromptRun>(prompts.Length);
        var ends = new List<Task<GenerationResult>>(prompts.Length);
        AdapterLease? lease = adapters.Lease(request.Model, served.Id);
        try
        {
            foreach (Prompt prompt in prompts)
            {
                int index = runs.Count;
                // The first prompt's record has the answer's own id, by which a budget's reservation is settled.
                ServedRequest run = index == 0 ? first : first with { Id = $"{first.Id}-{index.ToString(CultureInfo.InvariantCulture)}", InputTokens = prompt.Tokens.Length };
                TokenConstraint[] own = constrained.Length == 0 ? [] : constrained[(index * request.Choices)..((index + 1) * request.Choices)];
                Generation generation = engine.Submit(
                    new GenerationRequest
                    {
                        Id = run.Id,
                        Model = served.Runner,
                        Prompt = prompt.Tokens,
                        MaxTokens = prompt.MaxTokens,
                        Sampling = sampling,
                        Choices = request.Choices,
                        StopAfter = StopAfter(request, served),
                        Constrain = own.Length == 0 ? null : choice => own[choice],
                        IgnoreStopTokens = request.IgnoreStopTokens,
                        Deadline = deadline,
                        Tenant = run.Tenant,
                        Adapter = lease?.Adapter,
                    },
                    stop.Token);
                ends.Add(generation.Completion);
                records.Follow(run, generation);
                runs.Add(new PromptRun(request, index * request.Choices, run, served, generation, own, index == 0 ? activity : null));
            }

            SettleTokens(headers.Allowance, prompts, ends);
            return new RunningAnswer(request, served, runs, verdict, deadline, stop);
        }
        catch (Exception e)
        {
            stop.Cancel();
            throw e switch
            {
                QueueFullException full => new ApiException(StatusCodes.Status429TooManyRequests, full.Message, code: "queue_full", type: "rate_limit_error")
                {
                    Headers = { [ApiException.RetryAfter] = ApiException.Seconds(full.RetryAfter) },
                },
                EngineStoppingException stopping => new ApiException(StatusCodes.Status503ServiceUnavailable, stopping.Message, code: "service_stopping", type: "server_error")
                {
                    Headers = { [ApiException.RetryAfter] = ApiException.Seconds(StoppingRetry) },
                },
                ModelUnloadedException unloaded => unloaded,
                _ => new InvalidOperationException("The engine did not take the request.", e),
            };
        }
        finally
        {
            // Also those that are being cut short still run with it.
            lease?.HoldUntil(Task.WhenAll(ends));
        }
    }

    private async Task<LoadedConfiguration> LoadedAsync(ServedConfiguration configuration, DateTimeOffset? deadline, CancellationToken cancellation)
    {
        Task<LoadedConfiguration> ready = configuration.ReadyAsync(cancellation);
        if (ready.IsCompletedSuccessfully)
        {
            return ready.Result;
        }

        TimeSpan longest = LongestLoadWait;
        bool untilDeadline = deadline is { } end && end - clock.GetUtcNow() < longest;
        if (untilDeadline)
        {
            longest = TimeSpan.FromTicks(Math.Max(0, (deadline!.Value - clock.GetUtcNow()).Ticks));
        }

        using var timeout = new CancellationTokenSource(longest, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            return await ready.WaitAsync(either.Token);
        }
        catch (ConfigurationFailedException e)
        {
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, e.Message, "model", "model_unavailable", "server_error");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw untilDeadline
                ? ApiException.DeadlineExceeded()
                : new ApiException(StatusCodes.Status503ServiceUnavailable, $"{configuration.Id} is still {(configuration.Stage == ConfigurationState.Loading ? "loading" : "being built")}. Try again in 10 s.", "model", "model_loading", "server_error")
                {
                    Headers = { [ApiException.RetryAfter] = "10" },
                };
        }
    }

    private Prompt[] Prompts(TextRequest request, LoadedConfiguration configuration)
    {
        var prompts = new Prompt[request.PromptCount];
        for (int i = 0; i < prompts.Length; i++)
        {
            int[] tokens = request.Encode(i, configuration);
            prompts[i] = new Prompt(tokens, MaxTokens(configuration, request, request.PromptField(i), tokens.Length));
        }

        return prompts;
    }

    private int MaxTokens(LoadedConfiguration configuration, TextRequest request, string promptField, int promptTokens)
    {
        int context = configuration.Runner.ContextLength;
        if (promptTokens >= context)
        {
            throw new ApiException(
                StatusCodes.Status400BadRequest,
                $"{promptField}: the prompt has {promptTokens} tokens; {configuration.Id} takes {context} for prompt and answer together. Shorten it.",
                promptField,
                "context_length_exceeded");
        }

        int room = context - promptTokens;
        if (request.MaxTokens is int asked && asked > room)
        {
            throw new ApiException(
                StatusCodes.Status400BadRequest,
                $"{request.MaxTokensField}: {asked} do not fit behind a prompt of {promptTokens} tokens; {configuration.Id} takes {context} together, so at most {room}.",
                request.MaxTokensField,
                "context_length_exceeded");
        }

        return request.MaxTokens ?? Math.Min(request.DefaultMaxTokens ?? options.Value.DefaultMaxTokens, room);
    }

    private async Task<BudgetVerdict> AskBudgetAsync(string id, RequestHeaders headers, LoadedConfiguration wanted, TextRequest request, Prompt[] prompts, CancellationToken cancellation)
    {
        BudgetVerdict verdict;
        try
        {
            verdict = await budgets.AskAsync(headers.Tenant, () => Reservation(id, headers, wanted, request, prompts), cancellation);
        }
        catch (BudgetUnavailableException e)
        {
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, e.Message, code: "budget_unavailable", type: "server_error") { Headers = { [ApiException.RetryAfter] = "5" } };
        }

        return verdict.Decision is { Allowed: false } refusal ? throw BudgetRefusal.Of(refusal) : verdict;
    }

    private ReservationRequest? Reservation(string id, RequestHeaders headers, LoadedConfiguration wanted, TextRequest request, Prompt[] prompts) =>
        Cost(wanted.Id, request, prompts) is { } cost
            ? new ReservationRequest
            {
                RequestId = id,
                Tenant = headers.Tenant,
                Session = headers.Session,
                Wanted = cost,
                Alternatives =
                [
                    .. resolver.Alternatives(wanted.Id, request.Model)
                        .Select(other => Cost(other.Id, request, prompts))
                        .OfType<PredictedCost>()
                        .OrderBy(other => other.UpperJoules)
                        .Take(MaxAlternatives),
                ],
            }
            : null;

    private static long MostTokens(Prompt[] prompts, TextRequest request) => prompts.Sum(prompt => prompt.Tokens.Length + (long)prompt.MaxTokens * request.Choices);

    /// <summary>Gives back what was taken of a key's tokens and not used, once all prompts have ended.</summary>
    private static void SettleTokens(TokenAllowance? allowance, Prompt[] prompts, List<Task<GenerationResult>> ends)
    {
        if (allowance is null)
        {
            return;
        }

        int read = prompts.Sum(prompt => prompt.Tokens.Length);
        _ = Task.WhenAll(ends).ContinueWith(
            ended => allowance.Settle(read + (ended.IsCompletedSuccessfully ? ended.Result.Sum(result => result.OutputTokens) : 0)), TaskScheduler.Default);
    }

    /// <summary>Every choice runs to its last token at worst; a prompt is run once for all of its choices.</summary>
    private PredictedCost? Cost(string configurationId, TextRequest request, Prompt[] prompts)
    {
        PredictedCost? sum = null;
        foreach (Prompt prompt in prompts)
        {
            if (predictor.Cost(configurationId, prompt.Tokens.Length, prompt.MaxTokens * request.Choices) is not { } cost)
            {
                return null;
            }

            sum = sum is null ? cost : new PredictedCost(configurationId, sum.Joules + cost.Joules, sum.UpperJoules + cost.UpperJoules);
        }

        return sum;
    }

    /// <summary>Stop strings are watched on the engine's thread, so that not a token is generated after one.</summary>
    private static Func<int, Func<int, bool>>? StopAfter(TextRequest request, LoadedConfiguration served)
    {
        if (request.Stop.Count == 0)
        {
            return null;
        }

        return _ =>
        {
            var text = served.Tokenizer.CreateStream();
            var stops = new StopStrings(request.Stop);
            return token =>
            {
                stops.Add(text.Append(token));
                return stops.Hit;
            };
        };
    }

    private static void Describe(Activity? activity, TextRequest request, LoadedConfiguration served, Prompt[] prompts)
    {
        if (activity is null)
        {
            return;
        }

        activity.SetTag(TelemetryNames.ResponseModel, served.Id);
        activity.SetTag(TelemetryNames.Configuration, served.Id);
        activity.SetTag(TelemetryNames.RequestMaxTokens, prompts[0].MaxTokens);
        activity.SetTag(TelemetryNames.RequestTemperature, request.Sampling.Temperature);
        activity.SetTag(TelemetryNames.RequestTopP, request.Sampling.TopP);
        activity.SetTag(TelemetryNames.RequestSeed, request.Sampling.Seed);
        activity.SetTag(TelemetryNames.RequestStream, request.Stream);
        activity.SetTag(TelemetryNames.UsageInputTokens, prompts.Sum(prompt => prompt.Tokens.Length));
    }

    /// <param name="Tokens">At least one.</param>
    /// <param name="MaxTokens">Of each choice.</param>
    private readonly record struct Prompt(int[] Tokens, int MaxTokens);
}
