using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Chat;

/// <summary>What is asked, and how.</summary>
internal sealed record ChatQuestion
{
    public required string Prompt { get; init; }

    public required string Model { get; init; }

    public string? System { get; init; }

    public int? MaxTokens { get; init; }

    public double? Temperature { get; init; }

    public string? Tenant { get; init; }

    public string? Session { get; init; }

    /// <summary>Only the figures wait for the meter; the text does not.</summary>
    public bool WaitForEnergy { get; init; }

    /// <summary>The question as POST /v1/chat/completions takes it, streamed and with usage.</summary>
    public HttpRequestMessage ToRequest()
    {
        var messages = new JsonArray();
        if (System is not null)
            messages.Add(new JsonObject { ["role"] = "system", ["content"] = System });
        messages.Add(new JsonObject { ["role"] = "user", ["content"] = Prompt });
        var body = new JsonObject
        {
            ["model"] = Model,
            ["messages"] = messages,
            ["stream"] = true,
            ["stream_options"] = new JsonObject { ["include_usage"] = true },
        };
        if (MaxTokens is { } tokens)
            body["max_tokens"] = tokens;
        if (Temperature is { } temperature)
            body["temperature"] = temperature;
        var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(body) };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        Add(request, Headers.Tenant, Tenant);
        Add(request, Headers.Session, Session);
        Add(request, Headers.Energy, WaitForEnergy ? "wait" : null);
        return request;
    }

    private static void Add(HttpRequestMessage request, string name, string? value)
    {
        if (value is not null)
            request.Headers.TryAddWithoutValidation(name, value);
    }
}
