using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using GreenTune.Cli.CommandLine;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Services;

/// <summary>
/// A GreenTune service over HTTP. Whatever goes wrong on the way becomes a <see cref="CommandFailedException"/> that says what, and what to do about it.
/// </summary>
internal sealed class ServiceClient : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);
    private readonly string _service;
    private readonly Uri _address;
    private readonly HttpClient _http;

    /// <param name="service">"Inference" or "Accounting".</param>
    /// <param name="address">Its address, with a slash at its end.</param>
    public ServiceClient(string service, Uri address)
    {
        _service = service;
        _address = address;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            // A proxy on the way to the own machine cannot know its services.
            UseProxy = !address.IsLoopback,
        })
        {
            BaseAddress = address,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("greentune-cli");
        if (ApiKey.Current is { } key)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>An answer that is there at once.</summary>
    /// <exception cref="CommandFailedException">There is none, or it is a refusal.</exception>
    public Task<T> GetAsync<T>(string path, CancellationToken cancellation)
        where T : class => AnswerAsync<T>(HttpMethod.Get, path, null, cancellation);

    /// <summary>The same, with something to send: null sends nothing.</summary>
    /// <exception cref="CommandFailedException">There is no answer, or it is a refusal.</exception>
    public async Task<T> AnswerAsync<T>(HttpMethod method, string path, object? body, CancellationToken cancellation)
        where T : class
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(AnswerTimeout);
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body, body.GetType(), options: ContractJson.Options) };
            using HttpResponseMessage response = await SendAsync(request, limited.Token);
            return await response.Content.ReadFromJsonAsync<T>(ContractJson.Options, limited.Token) ?? throw Foreign();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CommandFailedException($"{_service} at {_address} did not answer within {AnswerTimeout.TotalSeconds:0} s");
        }
        catch (JsonException e)
        {
            throw Foreign(e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw CutShort(e);
        }
    }

    /// <summary>An answer as its headers arrive; the caller reads the rest by <see cref="ReadAsync"/>.</summary>
    /// <exception cref="CommandFailedException">There is none, or it is a refusal.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw e.HttpRequestError == HttpRequestError.ResponseEnded || (e.InnerException?.InnerException ?? e.InnerException) is SocketException { SocketErrorCode: SocketError.ConnectionReset }
                ? CutShort(e)
                : Unreachable(e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new CommandFailedException($"{_service} at {_address} did not take a connection within {ConnectTimeout.TotalSeconds:0} s; --url names another address", e);
        }
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw await Refusal.ReadAsync(_service, _address, response, cancellation);
    }

    /// <summary>Reads from a response, and says in words that the service went away meanwhile.</summary>
    public async Task<T> ReadAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw CutShort(e);
        }
        catch (JsonException e)
        {
            throw Foreign(e);
        }
    }

    /// <summary>The answer is none of this service's.</summary>
    public CommandFailedException Foreign(Exception? because = null) =>
        new($"what answers at {_address} is not {_service}: its answer cannot be read{(because is null ? "" : $" ({because.Message})")}; --url names the address", because);

    private CommandFailedException CutShort(Exception because) => new($"{_service} at {_address} went away in the middle of its answer", because);

    private CommandFailedException Unreachable(HttpRequestException e)
    {
        string why = (e.InnerException as SocketException)?.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "nothing listens there",
            SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData => $"the host {_address.Host} is not known",
            _ => e.HttpRequestError == HttpRequestError.NameResolutionError ? $"the host {_address.Host} is not known" : e.Message,
        };
        return new CommandFailedException(
            $"{_service} cannot be reached at {_address}: {why}; start it with 'dotnet run --project GreenTune.AppHost', or name its address, for example --url {_address.GetLeftPart(UriPartial.Authority)}", e);
    }
}
