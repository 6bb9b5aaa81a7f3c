using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Tests.Conformance;
using Microsoft.Extensions.DependencyInjection;

namespace GreenTune.Inference.Tests.Service;

/// <summary>Clients that send too slowly, leave in the middle or do not read: they are cut off, and the service goes on.</summary>
public sealed class HostileClientTests : IClassFixture<HostileClientTests.Impatient>
{
    private const string Model = "greentune-nano-int4";
    private const string Path = "v1/chat/completions";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly FakeEngine _engine;
    private readonly InferenceService _service;

    public HostileClientTests(Impatient impatient)
    {
        _engine = impatient.Engine;
        _service = impatient.Service;
        _engine.Requests.Clear();
        _engine.Ends.Clear();
        _engine.Answer = _ => new FakeAnswer([.. Enumerable.Repeat(new GeneratedToken(0, 300), 3)]);
    }

    private Uri Server => _service.Http.BaseAddress!;

    [Fact]
    public async Task Headers_that_come_byte_by_byte_are_cut_off()
    {
        using RawConnection connection = await RawConnection.OpenAsync(Server);
        await connection.SendAsync("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n");
        string answer = await connection.TrickleAsync("X-Slow: " + new string('a', 1000), Pause);
        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
        await WorksAsync();
    }

    [Fact]
    public async Task A_body_that_comes_byte_by_byte_is_cut_off_with_an_envelope()
    {
        using RawConnection connection = await RawConnection.OpenAsync(Server);
        string body = Body();
        await connection.SendAsync(RawConnection.Head(Path, body.Length));
        string answer = await connection.TrickleAsync(body, Pause);
        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
        Assert.Contains("Inference:Connections:MinRequestBytesPerSecond", answer, StringComparison.Ordinal);
        Assert.Empty(_engine.Requests);
        await WorksAsync();
    }

    [Fact]
    public async Task A_body_that_ends_in_the_middle_runs_nothing()
    {
        using (RawConnection connection = await RawConnection.OpenAsync(Server))
        {
            string body = Body();
            await connection.SendAsync(RawConnection.Head(Path, body.Length) + body[..20]);
            connection.Socket.Shutdown(SocketShutdown.Send);
            await connection.ReadToEndAsync();
        }

        Assert.Empty(_engine.Requests);
        await WorksAsync();
    }

    [Fact]
    public async Task A_client_that_closes_its_half_of_the_connection_counts_as_gone()
    {
        _engine.Answer = _ => new FakeAnswer(Enumerable.Repeat(new GeneratedToken(0, 300), 1200)) { Before = _ => Task.Delay(20) };
        using RawConnection connection = await RawConnection.OpenAsync(Server);
        string body = Body("\"stream\": true, \"max_tokens\": 1200");
        await connection.SendAsync(RawConnection.Head(Path, body.Length) + body);
        await Eventually.TrueAsync(() => !_engine.Ends.IsEmpty);
        connection.Socket.Shutdown(SocketShutdown.Send);

        Assert.Equal(FinishReason.Cancelled, (await _engine.Ends.Single().WaitAsync(Longest)).Finish);
        await WorksAsync();
    }

    [Fact]
    public async Task A_client_that_does_not_read_its_answer_is_cut_off_and_its_generation_ends()
    {
        var likely = new TokenLogProbability(-1, [.. Enumerable.Range(300, 20).Select(id => (id, -1.0))]);
        // Far more than the buffers of two sockets: some 30 MB, faster than the network takes it.
        _engine.Answer = request => new FakeAnswer(Enumerable.Range(0, 1200 * request.Choices).Select(i => new GeneratedToken(i % request.Choices, 300, likely)))
        {
            Before = before => before % 20 == 0 ? Task.Delay(5) : Task.CompletedTask,
        };
        using RawConnection connection = await RawConnection.OpenAsync(Server, receiveBuffer: 4096);
        string body = Body("\"stream\": true, \"n\": 16, \"max_tokens\": 1200, \"logprobs\": true, \"top_logprobs\": 20");
        await connection.SendAsync(RawConnection.Head(Path, body.Length) + body);
        await Eventually.TrueAsync(() => !_engine.Ends.IsEmpty);

        GenerationResult end = await _engine.Ends.Single().WaitAsync(Longest);
        Assert.Equal(FinishReason.Cancelled, end.Finish);
        Assert.InRange(end.OutputTokens, 1, 1200 * 16 - 1);
        Assert.DoesNotContain("[DONE]", await connection.ReadToEndAsync(), StringComparison.Ordinal);
        await WorksAsync();
    }

    [Fact]
    public async Task A_slow_model_is_no_slow_client()
    {
        _engine.Answer = _ => new FakeAnswer(Enumerable.Repeat(new GeneratedToken(0, 300), 3)) { Before = _ => Task.Delay(1500) };
        using var content = new StringContent(Body("\"stream\": true"), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _service.Http.PostAsync(new Uri(Path, UriKind.Relative), content);
        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_connections_that_send_nothing_keep_nobody_else_out()
    {
        List<RawConnection> idle = [];
        try
        {
            for (int i = 0; i < 200; i++)
            {
                idle.Add(await RawConnection.OpenAsync(Server));
                await idle[^1].SendAsync("POST /v1/chat/completions HTTP/1.1\r\n");
            }

            await WorksAsync();
        }
        finally
        {
            idle.ForEach(connection => connection.Dispose());
        }
    }

    private static string Body(string options = "\"n\": 1") => $$"""{"model": "{{Model}}", "messages": [{"role": "user", "content": "{{new string('x', 400)}}"}], {{options}}}""";

    private async Task WorksAsync()
    {
        _engine.Answer = _ => new FakeAnswer([new GeneratedToken(0, 300)]);
        using var content = new StringContent(Body(), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _service.Http.PostAsync(new Uri(Path, UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    /// <summary>A service that waits for nobody longer than it must.</summary>
    public sealed class Impatient : IAsyncLifetime
    {
        internal FakeEngine Engine { get; } = new();

        internal InferenceService Service { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Service = await InferenceService.StartAsync(
            services => services.AddSingleton<IEngine>(Engine),
            null,
            true,
            ("Inference:Configurations:0", Model),
            ("Inference:DefaultConfiguration", Model),
            ("Inference:Connections:RequestHeadersSeconds", "1"),
            ("Inference:Connections:GraceSeconds", "1.1"),
            ("Inference:Connections:WriteStallSeconds", "1"));

        public ValueTask DisposeAsync() => Service.DisposeAsync();
    }
}
