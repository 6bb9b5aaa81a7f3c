using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace GreenTune.ServiceDefaults.Resilience;

/// <summary>One pipeline for each address that is called, so that a service that is down does not close the way to the others.</summary>
internal sealed partial class ResiliencePipelines(IOptions<OutgoingHttpOptions> options, TimeProvider time, ILogger<ResiliencePipelines> logger)
{
    /// <summary>The request of a context, for whom it decides what may be repeated.</summary>
    public static readonly ResiliencePropertyKey<HttpRequestMessage> Request = new("GreenTune.Request");

    private readonly ConcurrentDictionary<string, ResiliencePipeline<HttpResponseMessage>> _pipelines = new(StringComparer.OrdinalIgnoreCase);

    public ResiliencePipeline<HttpResponseMessage> For(Uri? uri) => _pipelines.GetOrAdd(uri is null ? string.Empty : uri.GetLeftPart(UriPartial.Authority), Build);

    /// <summary>A failure of the other side or of the way there; a 4xx is an answer, except 408 and 429, which ask for another try.</summary>
    internal static bool IsTransient(Outcome<HttpResponseMessage> outcome) => outcome switch
    {
        // An unknown service name stays unknown.
        { Exception: HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError, InnerException: null } } => false,
        { Exception: HttpRequestException or TimeoutRejectedException } => true,
        { Result.StatusCode: HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout } => true,
        _ => false,
    };

    private ResiliencePipeline<HttpResponseMessage> Build(string address)
    {
        var settings = options.Value;
        // Each probe of a service that is still away opens the breaker again: told once, until it is back.
        var told = false;
        var pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddTimeout(new TimeoutStrategyOptions { Timeout = settings.TotalTimeout, Name = "total" });
        if (settings.Retries > 0)
        {
            pipeline.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = settings.Retries,
                Delay = settings.RetryDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = arguments => ValueTask.FromResult(IsTransient(arguments.Outcome) && MayBeRepeated(arguments.Context) && AsksForLittlePatience(arguments.Outcome.Result, settings.AttemptTimeout)),
                DelayGenerator = arguments => ValueTask.FromResult(RetryAfter(arguments.Outcome.Result)),
                OnRetry = arguments =>
                {
                    LogRetry(arguments.Context.Properties.GetValue(Request, null!)?.Method.Method ?? "call", address, What(arguments.Outcome), arguments.AttemptNumber + 1, settings.Retries, arguments.RetryDelay.TotalSeconds);
                    arguments.Outcome.Result?.Dispose();
                    return ValueTask.CompletedTask;
                },
            });
        }

        return pipeline
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                FailureRatio = settings.BreakerFailureRatio,
                MinimumThroughput = settings.BreakerMinimumCalls,
                SamplingDuration = settings.BreakerWindow,
                BreakDuration = settings.BreakerPause,
                // "Too many" is an answer of a service that is well.
                ShouldHandle = arguments => ValueTask.FromResult(IsTransient(arguments.Outcome) && arguments.Outcome.Result?.StatusCode != HttpStatusCode.TooManyRequests),
                OnOpened = arguments =>
                {
                    if (!Interlocked.Exchange(ref told, true))
                    {
                        LogOpened(address, What(arguments.Outcome), arguments.BreakDuration.TotalSeconds);
                    }

                    return ValueTask.CompletedTask;
                },
                OnClosed = _ =>
                {
                    Volatile.Write(ref told, false);
                    LogClosed(address);
                    return ValueTask.CompletedTask;
                },
            })
            .AddTimeout(new TimeoutStrategyOptions { Timeout = settings.AttemptTimeout, Name = "attempt" })
            .Build();
    }

    private static bool MayBeRepeated(ResilienceContext context) => context.Properties.TryGetValue(Request, out var request) && OutgoingHttp.MayBeRepeated(request);

    /// <summary>A Retry-After longer than one try's time-out is passed on to the caller instead of waited for.</summary>
    private bool AsksForLittlePatience(HttpResponseMessage? response, TimeSpan patience) => RetryAfter(response) is not { } wait || wait <= patience;

    private TimeSpan? RetryAfter(HttpResponseMessage? response) => response?.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > time.GetUtcNow() => date - time.GetUtcNow(),
        _ => null,
    };

    private static string What(Outcome<HttpResponseMessage> outcome) => outcome.Exception?.Message ?? $"status {(int?)outcome.Result?.StatusCode}";

    [LoggerMessage(1, LogLevel.Warning, "{Method} {Address} failed ({What}); retry {Retry} of {Retries} in {Seconds:0.00} s")]
    private partial void LogRetry(string method, string address, string what, int retry, int retries, double seconds);

    [LoggerMessage(2, LogLevel.Error, "{Address} keeps failing ({What}); calls to it are refused for {Seconds:0.#} s at a time until it answers")]
    private partial void LogOpened(string address, string what, double seconds);

    [LoggerMessage(3, LogLevel.Information, "{Address} answers again")]
    private partial void LogClosed(string address);
}
