using System.Net;
using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Access;

namespace GreenTune.Dashboard.Services;

/// <summary>What the clients of both services share: JSON by the contracts, time-outs, and failures turned into <see cref="ServiceException"/>.</summary>
/// <param name="http">Where it is.</param>
/// <param name="service">Its name.</param>
/// <param name="user">For whom it is asked; null for the dashboard itself.</param>
public abstract class ServiceClient(HttpClient http, string service, SignedIn? user = null)
{
    /// <summary>Longest wait for an answer that is not a stream.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(20);

    protected HttpClient Http => http;

    protected string Service => service;

    private protected Task<T> GetAsync<T>(string path, CancellationToken cancellationToken) => SendAsync<T>(HttpMethod.Get, path, null, cancellationToken);

    private protected async Task<T> SendAsync<T>(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(method, path, body, cancellationToken);
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(ContractJson.Options, cancellationToken)
                ?? throw new ServiceException(service, ServiceFailure.Failed, $"{Name} answered {method} /{path} with nothing.");
        }
        catch (JsonException e)
        {
            throw new ServiceException(service, ServiceFailure.Failed, $"{Name} answered {method} /{path} with something this dashboard cannot read. Are both of the same version?", e);
        }
    }

    /// <summary>Sends and returns a successful response, which the caller disposes.</summary>
    private protected async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        return await SendAsync(request, body, cancellationToken);
    }

    /// <summary>Whether the service's process answers: asked once, since another try is not worth more than the next probe.</summary>
    internal async Task ProbeAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "alive").AsOnce();
        using var response = await SendAsync(request, null, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, object? body, CancellationToken cancellationToken)
    {
        if (body is not null)
        {
            request.Content = JsonContent.Create(body, body.GetType(), options: ContractJson.Options);
        }

        Sign(request);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(AnswerTimeout);
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseContentRead, timeout.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServiceException(service, ServiceFailure.Unreachable, $"{Name} did not answer within {AnswerTimeout.TotalSeconds:0} s.", e);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Besides HttpRequestException: what a resilience pipeline throws when its circuit is open or its own time is up.
            throw new ServiceException(service, ServiceFailure.Unreachable, $"{Name} does not answer.", e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await FailureOf(response, cancellationToken);
        }
    }

    /// <summary>Names the key of whoever is signed in: the service decides by its role.</summary>
    private protected void Sign(HttpRequestMessage request)
    {
        if (user?.Key is { } key)
        {
            request.Headers.TryAddWithoutValidation(Headers.OnBehalfOf, key.Id.ToString());
        }
    }

    private protected string Name => ServiceNames.Display(service);

    private protected async Task<ServiceException> FailureOf(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var problem = ProblemText.Read(await response.Content.ReadAsStringAsync(cancellationToken));
        var failure = response.StatusCode switch
        {
            HttpStatusCode.NotFound => ServiceFailure.NotFound,
            HttpStatusCode.Conflict => ServiceFailure.Conflict,
            HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity => ServiceFailure.Invalid,
            HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => ServiceFailure.Forbidden,
            HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => ServiceFailure.Unreachable,
            _ => ServiceFailure.Failed,
        };
        return new ServiceException(service, failure, problem.Message ?? $"{Name} answered {(int)response.StatusCode} {response.ReasonPhrase}.")
        {
            Fields = problem.Fields,
        };
    }
}
