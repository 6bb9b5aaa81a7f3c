using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace GreenTune.ServiceDefaults.Resilience;

/// <summary>
/// Sends a request through the pipeline of its address: total time-out, retries, circuit breaker, time-out of one try. It ends when the
/// headers are there, so a body that streams is neither cut nor started again. Whatever goes wrong, callers see an
/// <see cref="HttpRequestException"/> that says what.
/// </summary>
internal sealed class ResilienceHandler(ResiliencePipelines pipelines, IOptions<OutgoingHttpOptions> options) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (OutgoingHttp.IsOnce(request))
        {
            return await base.SendAsync(request, cancellationToken);
        }

        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(ResiliencePipelines.Request, request);
        try
        {
            return await pipelines.For(request.RequestUri).ExecuteAsync(
                async (inner, state) => await state.Send(state.Request, inner.CancellationToken),
                context,
                (Request: request, Send: (Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>)base.SendAsync));
        }
        catch (BrokenCircuitException e)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"{Address(request)} is not called now: it kept failing and is given a pause of {options.Value.BreakerPause.TotalSeconds:0.#} s.", e);
        }
        catch (TimeoutRejectedException e)
        {
            throw new HttpRequestException(HttpRequestError.Unknown, $"{Address(request)} did not answer within {e.Timeout.TotalSeconds:0.#} s.", new TimeoutException(e.Message, e));
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static string Address(HttpRequestMessage request) => request.RequestUri?.GetLeftPart(UriPartial.Authority) ?? "The service";
}
