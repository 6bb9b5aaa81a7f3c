using System.Diagnostics;
using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Core.Telemetry;
using GreenTune.Core.Units;
using GreenTune.Inference.Adapters;
using GreenTune.Inference.Budgets;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Energy;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Records;
using GreenTune.Inference.Selection;
using GreenTune.Inference.Telemetry;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Chat;

/// <summary>Takes a chat request from its validated form to a running generation: configuration, tokens, budget, engine.</summary>
internal sealed class ChatService(
    ModelResolver resolver,
    IEngine engine,
    BudgetGate budgets,
    EnergyPredictor predictor,
    RecordPipeline records,
    AdapterRegistry adapters,
    IOptions<InferenceOptions> options,
    TimeProvider clock)
{
    private const int MaxAlternatives = 8;
    private static readonly TimeSpan LongestLoadWait = TimeSpan.FromSeconds(30);

    /// <summary>Starts the generation. The caller reads its tokens; its record is taken care of.</summary>
    /// <exception cref="ApiException">What the client has to be told.</exception>
    public async Task<RunningChat> StartAsync(ChatRequest request, RequestHeaders headers, CancellationToken cancellation)
    {
        DateTimeOffset acceptedAt = clock.GetUtcNow();
        MonotonicTime acceptedTick = engine.Meter.Now;
        string id = $"chatcmpl-{Guid.CreateVersion7(acceptedAt):N}";
        Activity? activity = InferenceTelemetry.StartGeneration(request.Model, id, headers.Tenant, headers.Session);
        try
        {
            LoadedConfiguration wanted = await LoadedAsync(resolver.Resolve(request.Model), cancellation);
            int[] prompt = Tokens(wanted, request);
            int maxTokens = MaxTokens(wanted, request, prompt.Length);

            BudgetVerdict verdict = await AskBudgetAsync(id, headers, wanted, request, prompt.Length, maxTokens, cancellation);
            LoadedConfiguration served = wanted;
            if (verdict.Decision is { } decision && decision.ConfigurationId != wanted.Id)
            {
                served = await LoadedAsync(resolver.Resolve(decision.ConfigurationId), cancellation);
                prompt = Tokens(served, request);
                maxTokens = MaxTokens(served, request, prompt.Length);
            }

            Describe(activity, request, served, prompt.Length, maxTokens);
            var run = new ServedRequest
            {
                Id = id,
                AcceptedAt = acceptedAt,
                AcceptedTick = acceptedTick,
                Tenant = headers.Tenant,
                Session = headers.Session,
                RequestedModel = request.Model,
                ConfigurationId = served.Id,
                DegradedFrom = served.Id == wanted.Id ? null : wanted.Id,
                InputTokens = prompt.Length,
                Streamed = request.Stream,
                Span = activity?.Context ?? default,
                Meter = engine.Meter,
            };
            Generation generation = await SubmitAsync(request, run, served, prompt, maxTokens, verdict, cancellation);
            records.Follow(run, generation);
            return new RunningChat(request, run, served, generation, verdict, activity);
        }
        catch (Exception e)
        {
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            activity?.SetTag(TelemetryNames.ErrorType, (e as ApiException)?.Code ?? e.GetType().Name);
            activity?.Dispose();
            throw;
        }
    }

    private async Task<Generation> SubmitAsync(ChatRequest request, ServedRequest run, LoadedConfiguration served, int[] prompt, int maxTokens, BudgetVerdict verdict, CancellationToken cancellation)
    {
        using AdapterLease? lease = adapters.Lease(request.Model, served.Id);
        try
        {
            Generation generation = engine.Submit(
                new GenerationRequest
                {
                    Id = run.Id,
                    Model = served.Runner,
                    Prompt = prompt,
                    MaxTokens = maxTokens,
                    Sampling = Sampling(request, served),
                    StopAfter = StopAfter(request, served),
                    Adapter = lease?.Adapter,
                },
                cancellation);
            lease?.HoldUntil(generation.Completion);
            return generation;
        }
        catch (QueueFullException e)
        {
            if (verdict.Decision?.BudgetId is not null)
            {
                await budgets.ReleaseAsync(run.Id);
            }

            throw new ApiException(StatusCodes.Status429TooManyRequests, e.Message, code: "queue_full", type: "rate_limit_error")
            {
                Headers = { ["Retry-After"] = Math.Ceiling(e.RetryAfter.TotalSeconds).ToString("0", CultureInfo.InvariantCulture) },
            };
        }
    }

    private static async Task<LoadedConfiguration> LoadedAsync(ServedConfiguration configuration, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(LongestLoadWait);
        try
        {
            return await configuration.ReadyAsync(timeout.Token);
        }
        catch (ConfigurationFailedException e)
        {
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, e.Message, "model", "model_unavailable", "server_error");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, $"{configuration.Id} is still {(configuration.Stage == ConfigurationState.Loading ? "loading" : "being built")}. Try again in 10 s.", "model", "model_loading", "server_error")
            {
                Headers = { ["Retry-After"] = "10" },
            };
        }
    }

    private static int[] Tokens(LoadedConfiguration configuration, ChatRequest request) => configuration.EncodeChat(request.Messages);

    private int MaxTokens(LoadedConfiguration configuration, ChatRequest request, int promptTokens)
    {
        int context = configuration.Runner.ContextLength;
        if (promptTokens >= context)
        {
            throw new ApiException(
                StatusCodes.Status400BadRequest,
                $"messages: the prompt has {promptTokens} tokens; {configuration.Id} takes {context} for prompt and answer together. Shorten the conversation.",
                "messages",
                "context_length_exceeded");
        }

        int room = context - promptTokens;
        if (request.MaxTokens is int asked && asked > room)
        {
            throw new ApiException(
                StatusCodes.Status400BadRequest,
                $"max_tokens: {asked} do not fit behind a prompt of {promptTokens} tokens; {configuration.Id} takes {context} together, so at most {room}.",
                "max_tokens",
                "context_length_exceeded");
        }

        return request.MaxTokens ?? Math.Min(options.Value.DefaultMaxTokens, room);
    }

    private async Task<BudgetVerdict> AskBudgetAsync(string id, RequestHeaders headers, LoadedConfiguration wanted, ChatRequest request, int promptTokens, int maxTokens, CancellationToken cancellation)
    {
        BudgetVerdict verdict;
        try
        {
            verdict = await budgets.AskAsync(
                headers.Tenant,
                () => Reservation(id, headers, wanted, request, promptTokens, maxTokens),
                cancellation);
        }
        catch (BudgetUnavailableException e)
        {
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, e.Message, code: "budget_unavailable", type: "server_error") { Headers = { ["Retry-After"] = "5" } };
        }

        return verdict.Decision is { Allowed: false } refusal ? throw Refusal(refusal) : verdict;
    }

    private ReservationRequest? Reservation(string id, RequestHeaders headers, LoadedConfiguration wanted, ChatRequest request, int promptTokens, int maxTokens) =>
        predictor.Cost(wanted.Id, promptTokens, maxTokens) is { } cost
            ? new ReservationRequest
            {
                RequestId = id,
                Tenant = headers.Tenant,
                Session = headers.Session,
                Wanted = cost,
                Alternatives =
                [
                    .. resolver.Alternatives(wanted.Id, request.Model)
                        .Select(other => predictor.Cost(other.Id, promptTokens, maxTokens))
                        .OfType<PredictedCost>()
                        .OrderBy(other => other.UpperJoules)
                        .Take(MaxAlternatives),
                ],
            }
            : null;

    private static ApiException Refusal(ReservationDecision decision)
    {
        var refusal = new ApiException(
            StatusCodes.Status429TooManyRequests,
            decision.Message ?? $"The budget '{decision.BudgetName}' is used up.",
            code: "budget_exceeded",
            type: "budget_exceeded");
        refusal.Headers[Headers.Budget] = BudgetHeader.Of(decision, null);
        // A carbon budget does not come back in the seconds that clients retry for; OpenAI's own clients heed this header.
        refusal.Headers["x-should-retry"] = "false";
        if (decision.RetryAfterSeconds is long seconds)
        {
            refusal.Headers["Retry-After"] = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return refusal;
    }

    private static SamplingSettings Sampling(ChatRequest request, LoadedConfiguration served)
    {
        SamplingSettings usual = served.DefaultSampling;
        return usual with
        {
            Temperature = request.Temperature ?? usual.Temperature,
            TopP = request.TopP ?? usual.TopP,
            TopK = request.TopK ?? usual.TopK,
            Seed = request.Seed,
        };
    }

    /// <summary>Stop strings are watched on the engine's thread, so that not a token is generated after one.</summary>
    private static Func<int, Func<int, bool>>? StopAfter(ChatRequest request, LoadedConfiguration served)
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

    private static void Describe(Activity? activity, ChatRequest request, LoadedConfiguration served, int promptTokens, int maxTokens)
    {
        if (activity is null)
        {
            return;
        }

        activity.SetTag(TelemetryNames.ResponseModel, served.Id);
        activity.SetTag(TelemetryNames.Configuration, served.Id);
        activity.SetTag(TelemetryNames.RequestMaxTokens, maxTokens);
        activity.SetTag(TelemetryNames.RequestTemperature, request.Temperature);
        activity.SetTag(TelemetryNames.RequestTopP, request.TopP);
        activity.SetTag(TelemetryNames.RequestSeed, request.Seed);
        activity.SetTag(TelemetryNames.RequestStream, request.Stream);
        activity.SetTag(TelemetryNames.UsageInputTokens, promptTokens);
    }
}
