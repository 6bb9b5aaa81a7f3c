using System.Net;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Services;

namespace GreenTune.Dashboard.Tests.Services;

public sealed class ChatStreamTests
{
    private static readonly ChatRequest Request = new() { Model = "auto", Messages = [new("user", "Hi")], MaxTokens = 8, Tenant = "team-a", Session = "s1" };

    private const string Stream = """
        data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}

        data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}

        : keep alive

        data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}],"usage":null}

        data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

        data: {"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,"energy":{"joules":0.5,"co2e_grams":0.0001,"quality":"modelled","components":{"gpu":null,"cpu":null,"dram":null},"settled":false,"record":"/api/records/chatcmpl-1"}}}

        data: [DONE]


        """;

    [Fact]
    public async Task A_stream_is_told_piece_by_piece()
    {
        using var client = StubHandler.Client(_ =>
        {
            var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(Stream, System.Text.Encoding.UTF8, "text/event-stream") };
            response.Headers.Add(Headers.Configuration, "greentune-tiny-int4");
            response.Headers.Add(Headers.Record, "http://accounting/api/records/chatcmpl-1");
            response.Headers.Add(Headers.Budget, "notify; budget=\"b\"; used=0.8");
            return response;
        });
        var updates = await ChatStream.ReadAsync(client, Request, _ => { }, CancellationToken.None).ToListAsync();
        Assert.Equal(new ChatStarted("chatcmpl-1", "greentune-tiny-int4", new BudgetNotice(BudgetAction.Notify, "b", 0.8, null)), updates[0]);
        Assert.Equal([new ChatDelta("chatcmpl-1", "Hel"), new ChatDelta("chatcmpl-1", "lo")], updates.OfType<ChatDelta>());
        Assert.Equal("stop", Assert.Single(updates.OfType<ChatFinished>()).FinishReason);
        var usage = Assert.Single(updates.OfType<ChatUsage>());
        Assert.Equal((5, 2, 0.5, false), (usage.PromptTokens, usage.CompletionTokens, usage.Energy!.Joules!.Value.Value, usage.Energy.Settled));
    }

    [Fact]
    public async Task What_is_sent_is_OpenAIs_with_our_headers()
    {
        string? body = null;
        HttpRequestMessage? sent = null;
        using var client = StubHandler.Client(request =>
        {
            sent = request;
            body = request.Content!.ReadAsStringAsync().GetAwaiter().GetResult();
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("data: [DONE]\n\n", System.Text.Encoding.UTF8, "text/event-stream") };
        });
        await ChatStream.ReadAsync(client, Request, _ => { }, CancellationToken.None).ToListAsync();
        Assert.Equal("""{"model":"auto","messages":[{"role":"user","content":"Hi"}],"max_tokens":8,"temperature":0,"stream":true,"stream_options":{"include_usage":true}}""", body);
        Assert.Equal("team-a", sent!.Headers.GetValues(Headers.Tenant).Single());
        Assert.Equal("s1", sent.Headers.GetValues(Headers.Session).Single());
    }

    [Fact]
    public async Task A_refusal_says_when_to_come_back_and_which_budget()
    {
        using var client = StubHandler.Client(_ =>
        {
            var response = new HttpResponseMessage(HttpStatusCode.TooManyRequests) { Content = new StringContent("""{"error":{"message":"Used up."}}""") };
            response.Headers.Add("Retry-After", "51710");
            response.Headers.Add(Headers.Budget, "block; budget=\"Batch\"; used=1.004");
            return response;
        });
        var e = await Assert.ThrowsAsync<ChatRefusedException>(() => ChatStream.ReadAsync(client, Request, _ => { }, CancellationToken.None).ToListAsync().AsTask());
        Assert.Equal(("Used up.", TimeSpan.FromSeconds(51710), "Batch"), (e.Message, e.RetryAfter, e.Budget?.Budget));
    }

    [Fact]
    public async Task An_error_in_the_stream_ends_it_with_its_message()
    {
        using var client = StubHandler.Client(HttpStatusCode.OK, "data: {\"error\":{\"message\":\"The engine stopped.\"}}\n\n", "text/event-stream");
        var e = await Assert.ThrowsAsync<ServiceException>(() => ChatStream.ReadAsync(client, Request, _ => { }, CancellationToken.None).ToListAsync().AsTask());
        Assert.Equal("The engine stopped.", e.Message);
    }

    [Theory]
    [InlineData("/api/records/chatcmpl-1", "chatcmpl-1")]
    [InlineData("http://localhost:5102/api/records/chatcmpl-1?x=1", "chatcmpl-1")]
    [InlineData("chatcmpl-1", "chatcmpl-1")]
    [InlineData(null, null)]
    [InlineData(" ", null)]
    public void A_link_to_a_record_gives_its_id(string? link, string? id) => Assert.Equal(id, ChatStream.RecordIdOf(link));
}
