using System.Text.Json;
using GreenTune.Cli.Tests.Support;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using Microsoft.AspNetCore.Http;

namespace GreenTune.Cli.Tests.Chat;

public sealed class ChatCommandTests
{
    private static readonly UsageEnergy Energy = new()
    {
        Joules = new Joules(1.834),
        JoulesPerOutputToken = 0.0457,
        CO2eGrams = new GramsCO2e(0.0002934),
        RelativeUncertainty = 0.21,
        Quality = EnergyQuality.Estimated,
        Components = new ComponentJoules(),
        Boundary = "package",
        Meter = "cpu-estimate",
        Settled = true,
        Record = "http://localhost:5102/api/records/chatcmpl-1",
    };

    [Fact]
    public async Task The_answer_goes_to_the_output_and_its_cost_beside_it()
    {
        await using FakeService service = await FakeService.StartAsync(context => AnswerAsync(context, ["Hel", "lo ", "you."], Energy));
        CliResult result = await Shell.RunAsync("chat", "Hi", "--url", service.Address);
        Assert.Equal((0, "Hello you.\n"), (result.ExitCode, result.Output));
        Assert.Equal("energy: 1.83 J ± 21.0 % at 1 sigma (estimated, meter cpu-estimate, boundary package), 293 µgCO2e, 45.7 mJ/token, 12 tokens in, 40 out, by greentune-tiny-int4", result.ErrorLines[0]);
        Assert.Equal("record: http://localhost:5102/api/records/chatcmpl-1", result.ErrorLines[1]);
        Assert.Equal(["POST /v1/chat/completions"], service.Requests);
    }

    [Fact]
    public async Task Every_option_reaches_the_service()
    {
        JsonElement body = default;
        var headers = new Dictionary<string, string>();
        await using FakeService service = await FakeService.StartAsync(async context =>
        {
            body = (await JsonDocument.ParseAsync(context.Request.Body)).RootElement;
            foreach (string name in new[] { Headers.Tenant, Headers.Session, Headers.Energy })
                headers[name] = context.Request.Headers[name].ToString();
            await AnswerAsync(context, ["ok"], Energy);
        });
        CliResult result = await Shell.RunAsync(
            ["chat", "-", "--url", service.Address + "/", "--model", "greentune-nano", "--system", "Be brief.", "--max-tokens", "7", "--temperature", "0", "--tenant", "play ground", "--session", "s1", "--no-wait"],
            TestContext.Current.CancellationToken,
            input: "Hello\n");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(
            """{"model":"greentune-nano","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello"}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":7,"temperature":0}""",
            body.GetRawText());
        Assert.Equal(("play ground", "s1", ""), (headers[Headers.Tenant], headers[Headers.Session], headers[Headers.Energy]));
        await Shell.RunAsync("chat", "Hi", "--url", service.Address);
        Assert.Equal("wait", headers[Headers.Energy]);
    }

    [Fact]
    public async Task Json_is_one_object()
    {
        await using FakeService service = await FakeService.StartAsync(context =>
        {
            context.Response.Headers[Headers.Budget] = "notify; budget=\"play\"; used=0.81";
            return AnswerAsync(context, ["Hel", "lo"], Energy);
        });
        CliResult result = await Shell.RunAsync("chat", "Hi", "--url", service.Address, "--json");
        using JsonDocument answer = JsonDocument.Parse(result.Output);
        JsonElement root = answer.RootElement;
        Assert.Equal(("Hello", "greentune-tiny-int4", "stop"), (root.GetProperty("text").GetString(), root.GetProperty("configuration").GetString(), root.GetProperty("finishReason").GetString()));
        Assert.Equal(1.834, root.GetProperty("usage").GetProperty("energy").GetProperty("joules").GetDouble());
        Assert.Contains("notify", root.GetProperty("budget").GetString(), StringComparison.Ordinal);
        Assert.Equal("", result.Error);
    }

    [Fact]
    public async Task What_was_not_measured_is_unknown_with_its_reason()
    {
        UsageEnergy none = new() { Quality = EnergyQuality.None, Components = new ComponentJoules(), Settled = true, Reasons = new Dictionary<string, string> { ["joules"] = "no meter covers this device" } };
        await using FakeService service = await FakeService.StartAsync(context => AnswerAsync(context, ["x"], none));
        CliResult result = await Shell.RunAsync("chat", "Hi", "--url", service.Address);
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("energy: unknown (no meter covers this device), unknown (no meter covers this device), 12 tokens in, 40 out", result.Error, StringComparison.Ordinal);

        await using FakeService foreign = await FakeService.StartAsync(context => AnswerAsync(context, ["x"], null));
        Assert.StartsWith("energy: unknown (the service measures none), 12 tokens in", (await Shell.RunAsync("chat", "Hi", "--url", foreign.Address)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prediction_is_marked_and_a_cut_answer_and_a_budget_are_told()
    {
        await using FakeService service = await FakeService.StartAsync(context =>
        {
            context.Response.Headers[Headers.Budget] = "degrade; budget=\"play\"";
            return AnswerAsync(context, ["x"], Energy with { Settled = false, Quality = EnergyQuality.Modelled }, "length");
        });
        CliResult result = await Shell.RunAsync("chat", "Hi", "--url", service.Address);
        Assert.Contains("(modelled, meter cpu-estimate, boundary package, not settled)", result.ErrorLines[0], StringComparison.Ordinal);
        Assert.Contains("budget: degrade; budget=\"play\"", result.ErrorLines);
        Assert.Contains("--max-tokens allows more", result.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_terminal_gets_no_escape_sequences_and_a_pipe_gets_the_answer_as_it_is()
    {
        await using FakeService service = await FakeService.StartAsync(context => AnswerAsync(context, ["a\u001b[2Jb\n"], Energy));
        string[] line = ["chat", "Hi", "--url", service.Address];
        Assert.Equal("a\uFFFD[2Jb\n", (await Shell.RunAsync(line, TestContext.Current.CancellationToken, terminal: true)).Output);
        Assert.Equal("a\u001b[2Jb\n", (await Shell.RunAsync(line)).Output);
    }

    [Fact]
    public async Task A_refusal_is_given_in_the_services_words()
    {
        await using FakeService service = await FakeService.StartAsync(context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "3600";
            return context.Response.WriteAsJsonAsync(new { error = new { message = "The budget play is used up.", type = "rate_limit_error" } });
        });
        CliResult result = await Shell.RunAsync("chat", "Hi", "--url", service.Address);
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Equal("greentune: Inference answered 429 Too Many Requests: The budget play is used up; it may be asked again in 3,600 s.", Assert.Single(result.ErrorLines));
    }

    [Fact]
    public async Task An_error_in_the_stream_keeps_what_was_said_and_fails()
    {
        await using FakeService service = await FakeService.StartAsync(async context =>
        {
            await StartAsync(context);
            await PieceAsync(context, "Hel");
            await context.Response.WriteAsync("data: {\"error\":{\"message\":\"The model failed.\"}}\n\ndata: [DONE]\n\n");
        });
        CliResult result = await Shell.RunAsync("chat", "Hi", "--url", service.Address);
        Assert.Equal((1, "Hel\n"), (result.ExitCode, result.Output));
        Assert.Equal("greentune: the answer was cut short: The model failed.", Assert.Single(result.ErrorLines));
    }

    [Fact]
    public async Task A_service_that_goes_away_in_the_middle_keeps_what_was_said_and_fails()
    {
        using var service = new BrokenService("text/event-stream", "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n");
        CliResult result = await Shell.RunAsync("chat", "Hi", "--url", service.Address);
        Assert.Equal((1, "Hel\n"), (result.ExitCode, result.Output));
        Assert.Contains("went away in the middle of its answer", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_without_its_end_is_not_a_whole_answer()
    {
        await using FakeService service = await FakeService.StartAsync(async context =>
        {
            await StartAsync(context);
            await PieceAsync(context, "Hel");
        });
        CliResult result = await Shell.RunAsync("chat", "Hi", "--url", service.Address);
        Assert.Equal((1, "Hel\n"), (result.ExitCode, result.Output));
        Assert.Contains("ended before it was complete", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_there_says_where_and_how_to_start_it()
    {
        string address = FakeService.NobodyAt();
        CliResult result = await Shell.RunAsync("chat", "Hi", "--url", address);
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Equal($"greentune: Inference cannot be reached at {address}/: nothing listens there; start it with 'dotnet run --project GreenTune.AppHost', or name its address, for example --url {address}.", Assert.Single(result.ErrorLines));
    }

    [Theory]
    [InlineData("text/html", "<html>")]
    [InlineData("text/event-stream", "data: {\"choices\": 5}\n\n")]
    [InlineData("text/event-stream", "data: <html>\n\n")]
    public async Task An_answer_of_something_else_names_the_option(string type, string body)
    {
        await using FakeService service = await FakeService.StartAsync(context =>
        {
            context.Response.ContentType = type;
            return context.Response.WriteAsync(body);
        });
        CliResult result = await Shell.RunAsync("chat", "Hi", "--url", service.Address);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("is not Inference", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Contains("--url", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_ends_the_request_and_says_so()
    {
        using var stop = new CancellationTokenSource();
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using FakeService service = await FakeService.StartAsync(async context =>
        {
            context.RequestAborted.Register(() => gone.SetResult());
            await StartAsync(context);
            await PieceAsync(context, "Hel");
            await stop.CancelAsync();
            await gone.Task;
        });
        CliResult result = await Shell.RunAsync(["chat", "Hi", "--url", service.Address], stop.Token);
        Assert.Equal(130, result.ExitCode);
        Assert.Equal("greentune: stopped before it was done.\n", result.Error);
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("-", "standard input has no prompt in it")]
    [InlineData(" ", "<prompt> is empty")]
    public async Task An_empty_prompt_is_bad_usage(string prompt, string sentence)
    {
        CliResult result = await Shell.RunAsync("chat", prompt);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
    }

    private static async Task AnswerAsync(HttpContext context, string[] pieces, UsageEnergy? energy, string finish = "stop")
    {
        await StartAsync(context);
        foreach (string piece in pieces)
            await PieceAsync(context, piece);
        await EventAsync(context, new { id = "chatcmpl-1", model = "greentune-tiny-int4", choices = new[] { new { index = 0, delta = new { }, finish_reason = finish } } });
        object usage = energy is null ? new { prompt_tokens = 12, completion_tokens = 40 } : new { prompt_tokens = 12, completion_tokens = 40, energy };
        await EventAsync(context, new { id = "chatcmpl-1", model = "greentune-tiny-int4", choices = Array.Empty<object>(), usage });
        await context.Response.WriteAsync("data: [DONE]\n\n");
    }

    private static async Task StartAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        await EventAsync(context, new { id = "chatcmpl-1", model = "greentune-tiny-int4", choices = new[] { new { index = 0, delta = new { role = "assistant", content = "" } } } });
    }

    private static Task PieceAsync(HttpContext context, string text) =>
        EventAsync(context, new { id = "chatcmpl-1", model = "greentune-tiny-int4", choices = new[] { new { index = 0, delta = new { content = text } } } });

    private static async Task EventAsync(HttpContext context, object data)
    {
        await context.Response.WriteAsync($"data: {JsonSerializer.Serialize(data, ContractJson.Options)}\n\n");
        await context.Response.Body.FlushAsync();
    }
}
