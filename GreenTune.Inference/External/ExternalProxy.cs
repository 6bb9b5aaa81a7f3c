using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using GreenTune.Core.Contracts;
using GreenTune.Core.Telemetry;
using GreenTune.Inference.Access;
using GreenTune.Inference.Budgets;
using GreenTune.Inference.Chat;
using GreenTune.Inference.Energy;
using GreenTune.Inference.Records;
using GreenTune.Inference.Telemetry;
using GreenTune.Metering;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.External;

/// <summary>Answers a request with what an upstream answers, and leaves a record of it like of any other.</summary>
internal sealed partial class ExternalProxy(
    IDeviceMeter meter,
    OverlapSteps overlap,
    ExternalUsage usages,
    BudgetGate budgets,
    EnergyPredictor predictor,
    RecordPipeline records,
    RecordLocation location,
    IOptions<InferenceOptions> inference,
    IOptions<ExternalOptions> options,
    TimeProvider clock,
    ILogger<ExternalProxy> logger)
{
    private const int MaxAnswerBytes = 64 << 20;

    /// <param name="context">The request.</param>
    /// <param name="configuration">Which upstream it names.</param>
    /// <param name="path">Path below the upstream's address, for example "chat/completions".</param>
    /// <param name="body">As the client sent it.</param>
    /// <exception cref="ApiException">What the client has to be told, where its answer has not begun.</exception>
    public async Task AnswerAsync(HttpContext context, ExternalConfiguration configuration, string path, ReadOnlyMemory<byte> body)
    {
        CancellationToken gone = context.RequestAborted;
        Upstream upstream = configuration.Upstream;
        RequestHeaders headers = RequestHeaders.Read(context);
        UpstreamRequest request = UpstreamRequest.Of(body, upstream);
        DateTimeOffset acceptedAt = clock.GetUtcNow();
        string id = $"{(path == ExternalRouting.Chat ? "chatcmpl" : "cmpl")}-{Guid.CreateVersion7(acceptedAt):N}";
        TokenLimit.Take(headers.Allowance, request.EstimatedInputTokens + (long)(request.MaxTokens ?? inference.Value.DefaultMaxTokens));
        BudgetVerdict verdict;
        try
        {
            verdict = await AskBudgetAsync(id, headers, upstream, request, gone);
        }
        catch
        {
            headers.Allowance?.Settle(0);
            throw;
        }

        using Activity? activity = InferenceTelemetry.StartGeneration(upstream.Id, id, headers.Tenant, headers.Session, ExternalConfiguration.Provider);
        var run = new ExternalRun(id, upstream, request, headers, acceptedAt, meter, overlap, activity);
        using var exchange = new Exchange(context, configuration, path, run, headers, clock);
        RequestOutcome outcome = RequestOutcome.Failed;
        records.Begin(run.ToJournal);
        try
        {
            IHeaderDictionary answer = context.Response.Headers;
            RequestIdHeader.Named(context, id);
            answer[Headers.Configuration] = upstream.Id;
            answer[Headers.Record] = location.Of(id);
            if (BudgetHeader.Of(verdict, null) is { } budget)
            {
                answer[Headers.Budget] = budget;
            }

            outcome = await (request.Stream ? StreamAsync(exchange) : WholeAsync(exchange));
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            outcome = RequestOutcome.Cancelled;
            if (!context.Response.HasStarted)
            {
                throw;
            }
        }
        catch (ClientGoneException)
        {
            outcome = RequestOutcome.Cancelled;
        }
        catch (ApiException e)
        {
            LogFailed(upstream.Id, id, e.Message);
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            activity?.SetTag(TelemetryNames.ErrorType, e.Code);
            throw;
        }
        finally
        {
            exchange.EndRun();
            headers.Allowance?.Settle(run.InputTokens + run.OutputTokens);
            activity?.SetTag(TelemetryNames.UsageInputTokens, run.InputTokens);
            activity?.SetTag(TelemetryNames.UsageOutputTokens, run.OutputTokens);
            records.Follow(id, instance => run.RecordAsync(outcome, instance), ExternalConfiguration.Provider);
        }
    }

    private async Task<RequestOutcome> WholeAsync(Exchange exchange)
    {
        CancellationToken gone = exchange.Context.RequestAborted;
        TimeSpan longest = TimeSpan.FromSeconds(options.Value.AnswerSeconds);
        using var patience = new CancellationTokenSource(longest, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(gone, patience.Token, exchange.Deadline);
        byte[] bytes;
        try
        {
            using HttpResponseMessage response = await SendAsync(exchange, either.Token);
            bytes = await ReadAsync(exchange, response, either.Token);
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            throw Slow(exchange, longest);
        }

        JsonObject answer = Parse(exchange, bytes);
        exchange.EndRun();
        await usages.AddAsync(answer, exchange.Run, exchange.Headers, gone);
        exchange.Context.Response.ContentType = "application/json";
        await exchange.Context.Response.WriteAsync(answer.ToJsonString(), gone);
        return RequestOutcome.Completed;
    }

    private static async Task<byte[]> ReadAsync(Exchange exchange, HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            return await LimitedContent.ReadAsync(response.Content, MaxAnswerBytes, cancellation);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw UpstreamErrors.BrokenOff(exchange.Upstream, UpstreamErrors.Reason(e));
        }
    }

    private static JsonObject Parse(Exchange exchange, byte[] bytes)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            UpstreamChunk chunk = UpstreamChunk.Of(document.RootElement);
            if (chunk.Error is { } error)
            {
                throw UpstreamErrors.Garbled(exchange.Upstream, $"an error with status 200: {error}");
            }

            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("choices", out JsonElement choices) || choices.ValueKind != JsonValueKind.Array)
            {
                throw UpstreamErrors.Garbled(exchange.Upstream, "it has no choices");
            }

            exchange.Run.Saw(chunk, isWhole: true);
            return (JsonObject)JsonNode.Parse(bytes)!;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw UpstreamErrors.Garbled(exchange.Upstream, "it is not JSON");
        }
    }

    private async Task<RequestOutcome> StreamAsync(Exchange exchange)
    {
        CancellationToken gone = exchange.Context.RequestAborted;
        TimeSpan longest = TimeSpan.FromSeconds(options.Value.AnswerSeconds);
        TimeSpan pause = TimeSpan.FromSeconds(options.Value.IdleSeconds);
        using var patience = new CancellationTokenSource(longest, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(gone, patience.Token, exchange.Deadline);
        var relay = new EventRelay(exchange.Context.Response, exchange.Run);
        try
        {
            using HttpResponseMessage response = await SendAsync(exchange, either.Token);
            if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
            {
                throw UpstreamErrors.Garbled(exchange.Upstream, $"events were asked for, and it sends {response.Content.Headers.ContentType?.MediaType ?? "no type"}");
            }

            await using Stream stream = await response.Content.ReadAsStreamAsync(either.Token);
            var lines = new EventLines(stream);
            do
            {
                patience.CancelAfter(relay.HasContent ? pause : longest);
            }
            while (await relay.NextAsync(lines, either.Token, gone));
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            return await FailAsync(exchange, relay, Slow(exchange, relay.HasContent ? pause : longest));
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return await FailAsync(exchange, relay, UpstreamErrors.BrokenOff(exchange.Upstream, UpstreamErrors.Reason(e)));
        }
        catch (InvalidDataException e)
        {
            return await FailAsync(exchange, relay, UpstreamErrors.Garbled(exchange.Upstream, e.Message));
        }

        if (!relay.IsDone && !exchange.Run.HasFinished && relay.Error is null)
        {
            return await FailAsync(exchange, relay, UpstreamErrors.BrokenOff(exchange.Upstream, "it ended before the text did"));
        }

        exchange.EndRun();
        if (exchange.Run.Request.IncludeUsage && relay.Error is null)
        {
            JsonObject usage = relay.UsageChunk();
            await usages.AddAsync(usage, exchange.Run, exchange.Headers, gone);
            relay.Write(usage);
        }

        await relay.EndAsync(gone);
        if (relay.Error is { } error)
        {
            LogFailed(exchange.Upstream.Id, exchange.Run.Id, error);
        }

        return relay.Error is null ? RequestOutcome.Completed : RequestOutcome.Failed;
    }

    /// <summary>Tells the client in its stream where that has begun, and by the answer's status where not.</summary>
    private async Task<RequestOutcome> FailAsync(Exchange exchange, EventRelay relay, ApiException failure)
    {
        if (!relay.HasBegun)
        {
            throw failure;
        }

        LogFailed(exchange.Upstream.Id, exchange.Run.Id, failure.Message);
        exchange.Run.Activity?.SetStatus(ActivityStatusCode.Error, failure.Message);
        relay.Write(failure);
        await relay.EndAsync(exchange.Context.RequestAborted);
        return RequestOutcome.Failed;
    }

    /// <summary>The client's own deadline has passed, or the upstream took longer than this service waits.</summary>
    private static ApiException Slow(Exchange exchange, TimeSpan waited) =>
        exchange.Deadline.IsCancellationRequested ? ApiException.DeadlineExceeded() : UpstreamErrors.TooSlow(exchange.Upstream, waited);

    /// <summary>An answer that begins with success.</summary>
    private static async Task<HttpResponseMessage> SendAsync(Exchange exchange, CancellationToken cancellation)
    {
        HttpResponseMessage response;
        try
        {
            response = await exchange.Configuration.Connection.SendAsync(HttpMethod.Post, exchange.Path, exchange.Run.Request.Json, exchange.Run.Id, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw UpstreamErrors.NoAnswer(exchange.Upstream, e);
        }

        if (response.StatusCode == HttpStatusCode.OK)
        {
            return response;
        }

        using (response)
        {
            throw await UpstreamErrors.OfAsync(exchange.Upstream, response, cancellation);
        }
    }

    /// <summary>What an upstream costs is known from its records, where it runs on the metered device; otherwise no budget can count it.</summary>
    private async Task<BudgetVerdict> AskBudgetAsync(string id, RequestHeaders headers, Upstream upstream, UpstreamRequest request, CancellationToken cancellation)
    {
        try
        {
            BudgetVerdict verdict = await budgets.AskAsync(
                headers.Tenant,
                () => predictor.Cost(upstream.Id, request.EstimatedInputTokens, request.MaxTokens ?? inference.Value.DefaultMaxTokens) is { } cost
                    ? new ReservationRequest { RequestId = id, Tenant = headers.Tenant, Session = headers.Session, Wanted = cost, Alternatives = [] }
                    : null,
                cancellation);
            return verdict.Decision is { Allowed: false } refusal ? throw BudgetRefusal.Of(refusal) : verdict;
        }
        catch (BudgetUnavailableException e)
        {
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, e.Message, code: "budget_unavailable", type: "server_error") { Headers = { [ApiException.RetryAfter] = "5" } };
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Upstream} failed request {Request}: {Reason}")]
    private partial void LogFailed(string upstream, string request, string reason);

    /// <summary>One request with everything that belongs to it.</summary>
    private sealed class Exchange(HttpContext context, ExternalConfiguration configuration, string path, ExternalRun run, RequestHeaders headers, TimeProvider clock) : IDisposable
    {
        private readonly CancellationTokenSource? _deadline = headers.Deadline is { } longest ? new CancellationTokenSource(longest, clock) : null;
        private bool _ended;

        /// <summary>Passes when the client does not want to wait any longer.</summary>
        public CancellationToken Deadline => _deadline?.Token ?? CancellationToken.None;

        public HttpContext Context { get; } = context;

        public ExternalConfiguration Configuration { get; } = configuration;

        public Upstream Upstream => Configuration.Upstream;

        public string Path { get; } = path;

        public ExternalRun Run { get; } = run;

        public RequestHeaders Headers { get; } = headers;

        public void EndRun()
        {
            if (!_ended)
            {
                _ended = true;
                Run.End();
            }
        }

        public void Dispose() => _deadline?.Dispose();
    }
}
