using System.Collections.Concurrent;
using System.Net;
using System.Text;
using GreenTune.ServiceDefaults.Resilience;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using static GreenTune.ServiceDefaults.Tests.Resilience.FakeService;

namespace GreenTune.ServiceDefaults.Tests.Resilience;

public sealed class ResilienceTests
{
    private readonly FakeTime _time = new();
    private readonly ConcurrentQueue<string> _lines = new();

    private HttpClient Client(FakeService service, Action<IHttpClientBuilder>? configure = null, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        foreach (var (key, value) in settings)
        {
            builder.Configuration[key] = value;
        }

        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddLogging(logging => logging.AddProvider(new LineLog(_lines)));
        builder.AddOutgoingHttp();
        var client = builder.Services.AddHttpClient("test").ConfigurePrimaryHttpMessageHandler(() => service);
        configure?.Invoke(client);
        return builder.Services.BuildServiceProvider().GetRequiredService<IHttpClientFactory>().CreateClient("test");
    }

    private Task<HttpResponseMessage> Send(HttpClient client, HttpRequestMessage request, HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead)
        => _time.DriveAsync(client.SendAsync(request, completion));

    private static HttpRequestMessage Get(string uri = "http://localhost:9/x") => new(HttpMethod.Get, uri);

    private static HttpRequestMessage Post() => new(HttpMethod.Post, "http://localhost:9/x") { Content = new StringContent("{}") };

    [Fact]
    public async Task A_get_is_tried_again_until_it_succeeds()
    {
        using var service = new FakeService(Refused(), Status(HttpStatusCode.ServiceUnavailable), Status(HttpStatusCode.OK));
        using var response = await Send(Client(service), Get());
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(3, service.Calls);
    }

    [Fact]
    public async Task The_last_answer_is_the_callers_when_all_tries_fail()
    {
        using var service = new FakeService(Status(HttpStatusCode.BadGateway));
        using var response = await Send(Client(service), Get());
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal(4, service.Calls);
    }

    [Fact]
    public async Task A_post_is_sent_once()
    {
        using var service = new FakeService(Status(HttpStatusCode.ServiceUnavailable));
        using var response = await Send(Client(service), Post());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(1, service.Calls);
    }

    [Fact]
    public async Task A_post_that_is_marked_idempotent_is_tried_again()
    {
        using var service = new FakeService(Refused(), Status(HttpStatusCode.OK));
        using var response = await Send(Client(service), Post().AsIdempotent());
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, service.Calls);
    }

    [Fact]
    public async Task A_put_whose_content_is_a_stream_is_sent_once()
    {
        using var service = new FakeService(Status(HttpStatusCode.ServiceUnavailable));
        using var stream = new MemoryStream([1, 2, 3]);
        using var response = await Send(Client(service), new HttpRequestMessage(HttpMethod.Put, "http://localhost:9/x") { Content = new StreamContent(stream) });
        Assert.Equal(1, service.Calls);
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.Conflict)]
    [InlineData(HttpStatusCode.NotImplemented)]
    public async Task An_answer_that_trying_again_does_not_change_is_passed_on(HttpStatusCode status)
    {
        using var service = new FakeService(Status(status));
        using var response = await Send(Client(service), Get());
        Assert.Equal(status, response.StatusCode);
        Assert.Equal(1, service.Calls);
    }

    [Fact]
    public async Task A_short_retry_after_is_waited_for()
    {
        using var service = new FakeService(Status(HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(5)), Status(HttpStatusCode.OK));
        var before = _time.GetUtcNow();
        using var response = await Send(Client(service), Get());
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.InRange((_time.GetUtcNow() - before).TotalSeconds, 5, 6);
    }

    [Fact]
    public async Task A_long_retry_after_is_the_callers_to_wait_for()
    {
        using var service = new FakeService(Status(HttpStatusCode.TooManyRequests, TimeSpan.FromHours(3)));
        using var response = await Send(Client(service), Get());
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(1, service.Calls);
    }

    [Fact]
    public async Task A_silent_try_is_cut_off_and_another_made()
    {
        using var service = new FakeService(Silent(), Status(HttpStatusCode.OK));
        var before = _time.GetUtcNow();
        using var response = await Send(Client(service), Get());
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.InRange((_time.GetUtcNow() - before).TotalSeconds, 10, 13);
    }

    [Fact]
    public async Task A_silent_service_is_given_up_with_a_message_that_says_how_long()
    {
        using var service = new FakeService(Silent());
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => Send(Client(service), Post()));
        Assert.Contains("http://localhost:9 did not answer within 10 s", error.Message, StringComparison.Ordinal);
        Assert.IsType<TimeoutException>(error.InnerException);
    }

    [Fact]
    public async Task All_tries_together_have_the_total_time_out()
    {
        using var service = new FakeService(Silent());
        var before = _time.GetUtcNow();
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => Send(Client(service), Get()));
        Assert.Contains("within 30 s", error.Message, StringComparison.Ordinal);
        Assert.InRange((_time.GetUtcNow() - before).TotalSeconds, 30, 31);
    }

    [Fact]
    public async Task A_stream_goes_on_after_the_time_outs_once_its_headers_are_there()
    {
        var stream = new Pipe();
        using var service = new FakeService((_, _) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(stream) }));
        using var response = await Send(Client(service), Get(), HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await stream.SendAsync("data: first\n");
        Assert.Equal("data: first", await reader.ReadLineAsync());
        _time.Advance(TimeSpan.FromMinutes(5));
        await stream.SendAsync("data: second\n");
        Assert.Equal("data: second", await reader.ReadLineAsync());
        Assert.Equal(1, service.Calls);
    }

    [Fact]
    public async Task A_stream_that_breaks_is_not_started_again()
    {
        var stream = new Pipe();
        using var service = new FakeService((_, _) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(stream) }));
        using var response = await Send(Client(service), Get(), HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        stream.Break();
        await Assert.ThrowsAsync<IOException>(() => reader.ReadLineAsync());
        Assert.Equal(1, service.Calls);
    }

    [Fact]
    public async Task The_callers_own_cancellation_stays_one()
    {
        using var service = new FakeService(Silent());
        using var cancel = new CancellationTokenSource();
        var sending = Client(service).SendAsync(Get(), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        Assert.Equal(1, service.Calls);
    }

    [Fact]
    public async Task A_service_that_keeps_failing_is_left_alone_for_a_while()
    {
        using var service = new FakeService(Refused());
        var client = Client(service, null, ("Http:Outgoing:Retries", "0"), ("Http:Outgoing:BreakerMinimumCalls", "4"));
        for (var i = 0; i < 4; i++)
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => Send(client, Get()));
        }

        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => Send(client, Get()));
        Assert.Contains("is not called now", refused.Message, StringComparison.Ordinal);
        Assert.Equal(4, service.Calls);

        _time.Advance(TimeSpan.FromSeconds(3.5));
        await Assert.ThrowsAsync<HttpRequestException>(() => Send(client, Get()));
        Assert.Equal(5, service.Calls);
    }

    [Fact]
    public async Task That_a_service_is_away_is_said_once_each_time_it_goes()
    {
        var away = true;
        using var service = new FakeService((_, _) => away
            ? throw new HttpRequestException(HttpRequestError.ConnectionError, "refused")
            : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)));
        var client = Client(service, null, ("Http:Outgoing:Retries", "0"), ("Http:Outgoing:BreakerMinimumCalls", "2"));
        for (var time = 1; time <= 2; time++)
        {
            away = true;
            // The breaker opens, and opens again at each of the three probes that find nobody.
            for (var probe = 0; probe < 5; probe++)
            {
                await Assert.ThrowsAsync<HttpRequestException>(() => Send(client, Get()));
                _time.Advance(TimeSpan.FromSeconds(probe < 1 ? 0 : 3.5));
            }

            Assert.Equal(time, _lines.Count(line => line.Contains("keeps failing", StringComparison.Ordinal)));
            away = false;
            using var back = await Send(client, Get());
            Assert.Equal(HttpStatusCode.OK, back.StatusCode);
        }
    }

    [Fact]
    public async Task A_service_that_fails_does_not_close_the_way_to_another()
    {
        using var service = new FakeService((request, _) => request.RequestUri!.Port == 9
            ? throw new HttpRequestException(HttpRequestError.ConnectionError, "refused")
            : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)));
        var client = Client(service, null, ("Http:Outgoing:Retries", "0"), ("Http:Outgoing:BreakerMinimumCalls", "2"));
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => Send(client, Get()));
        }

        using var response = await Send(client, Get("http://localhost:10/x"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Too_many_requests_is_no_reason_to_stop_asking()
    {
        using var service = new FakeService(Status(HttpStatusCode.TooManyRequests));
        var client = Client(service, null, ("Http:Outgoing:Retries", "0"), ("Http:Outgoing:BreakerMinimumCalls", "2"));
        for (var i = 0; i < 6; i++)
        {
            using var response = await Send(client, Get());
            Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_client_without_resilience_calls_once_and_waits_as_long_as_it_takes()
    {
        var answer = new TaskCompletionSource<HttpResponseMessage>();
        using var service = new FakeService((_, _) => answer.Task);
        var client = Client(service, builder => builder.WithoutResilience());
        Assert.Equal(Timeout.InfiniteTimeSpan, client.Timeout);
        var sending = client.SendAsync(Get());
        _time.Advance(TimeSpan.FromMinutes(20));
        answer.SetResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));
        using var response = await sending;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(1, service.Calls);
    }

    [Fact]
    public async Task A_client_without_resilience_still_finds_services_by_name()
    {
        using var service = new FakeService(Status(HttpStatusCode.OK));
        var client = Client(service, builder => builder.WithoutResilience(TimeSpan.FromMinutes(3)), ("services:inference:http:0", "http://localhost:5101"));
        using var response = await Send(client, Get("http://inference/v1"));
        Assert.Equal([new Uri("http://localhost:5101/v1")], service.Addresses);
        Assert.Equal(TimeSpan.FromMinutes(3), client.Timeout);
    }

    [Fact]
    public async Task A_request_without_resilience_is_sent_once()
    {
        using var service = new FakeService(Status(HttpStatusCode.ServiceUnavailable));
        using var response = await Send(Client(service), Get().WithoutResilience());
        Assert.Equal(1, service.Calls);
    }

    [Fact]
    public async Task Another_try_goes_to_another_replica_and_the_request_keeps_its_name()
    {
        using var service = new FakeService(Refused(), Status(HttpStatusCode.OK));
        var client = Client(service, builder => builder.ConfigureHttpClient(http => http.BaseAddress = new Uri("https+http://inference")), ("services:inference:http:0", "http://localhost:1"), ("services:inference:http:1", "http://localhost:2"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        using var response = await Send(client, request);
        Assert.Equal([new Uri("http://localhost:1/v1/models"), new Uri("http://localhost:2/v1/models")], service.Addresses);
        Assert.Equal("https+http://inference/v1/models", request.RequestUri!.ToString());
    }

    [Fact]
    public async Task An_unknown_service_is_not_asked_for_again()
    {
        using var service = new FakeService(Status(HttpStatusCode.OK));
        var before = _time.GetUtcNow();
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => Send(Client(service), Get("http://nowhere/x")));
        Assert.Contains("services:nowhere:http:0", error.Message, StringComparison.Ordinal);
        Assert.InRange((_time.GetUtcNow() - before).TotalSeconds, 0, 0.2);
    }

    [Theory]
    [InlineData("Http:Outgoing:TotalTimeout", "00:00:00")]
    [InlineData("Http:Outgoing:AttemptTimeout", "01:00:00")]
    [InlineData("Http:Outgoing:Retries", "11")]
    [InlineData("Http:Outgoing:BreakerFailureRatio", "1.5")]
    [InlineData("Http:Outgoing:BreakerMinimumCalls", "1")]
    [InlineData("Http:Outgoing:BreakerWindow", "00:00:00")]
    [InlineData("Http:Outgoing:BreakerPause", "1.00:00:00")]
    [InlineData("Http:Outgoing:RetryDelay", "00:02:00")]
    public void A_value_out_of_range_is_named_with_its_key(string key, string value)
    {
        using var service = new FakeService(Status(HttpStatusCode.OK));
        var error = Assert.Throws<OptionsValidationException>(() => Client(service, null, (key, value)).Timeout);
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_try_cannot_have_more_time_than_all_of_them()
    {
        using var service = new FakeService(Status(HttpStatusCode.OK));
        var error = Assert.Throws<OptionsValidationException>(() => Client(service, null, ("Http:Outgoing:AttemptTimeout", "00:01:00")).Timeout);
        Assert.Contains("Http:Outgoing:TotalTimeout", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A stream whose other end the test holds.</summary>
    private sealed class Pipe : Stream
    {
        private readonly System.IO.Pipelines.Pipe _pipe = new();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public async Task SendAsync(string text) => await _pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(text));

        public void Break() => _pipe.Writer.Complete(new IOException("the connection broke"));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _pipe.Reader.AsStream().ReadAsync(buffer, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
