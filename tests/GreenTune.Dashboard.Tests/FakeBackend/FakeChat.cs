using System.Globalization;
using System.Text.Json;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>Chat with scripted answers, streamed token by token; budgets degrade and refuse as they stand, and the record comes a moment later.</summary>
internal static class FakeChat
{
    private const string Office =
        "Turn off lights and screens when a room is empty. Set the heating one degree lower and close the doors. Use one shared printer, and switch it off at night. "
        + "Together these steps are easy to start today, and they cost nothing. Check the meter each week to see how much energy the office saves.";

    private const string Kettle =
        "The review is mixed, but slightly negative. It likes that the kettle boils fast, yet the hot handle is a fault that makes it harder to use.";

    private static int _number;

    public static void Map(IEndpointRouteBuilder app, FakeServices services) => app.MapPost("/v1/chat/completions", (HttpContext context) => AnswerAsync(context, services));

    private static async Task AnswerAsync(HttpContext context, FakeServices services)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        lock (services.Chats)
        {
            services.Chats.Add(body);
        }

        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        var model = root.GetProperty("model").GetString()!;
        var maxTokens = root.GetProperty("max_tokens").GetInt32();
        var prompt = root.GetProperty("messages").EnumerateArray().Last().GetProperty("content").GetString()!;
        var inputTokens = root.GetProperty("messages").EnumerateArray().Sum(m => 8 + (m.GetProperty("content").GetString()!.Length / 4));
        var tenant = context.Request.Headers[Headers.Tenant].ToString();
        var wanted = model == "auto" ? FakeAccounting.View(services.World).Auto.ConfigurationId ?? "greentune-tiny-int4" : model;
        if (SampleConfiguration.All.All(c => c.Id != wanted))
        {
            await ErrorAsync(context, 404, $"The model '{model}' does not exist. There are: auto, {string.Join(", ", SampleConfiguration.All.Select(c => c.Id))}.", "model_not_found");
            return;
        }

        var budget = services.World.Budgets.FirstOrDefault(b => b.Budget.Tenant == tenant);
        if (budget?.State == BudgetState.Blocking)
        {
            context.Response.Headers.RetryAfter = "51710";
            context.Response.Headers[Headers.Budget] = $"block; budget=\"{budget.Budget.Name}\"; used={budget.Fraction.ToString("0.###", CultureInfo.InvariantCulture)}";
            await ErrorAsync(context, 429, $"The budget \"{budget.Budget.Name}\" of tenant {tenant} is used up until {budget.ResetsAt:HH:mm}.", "budget_exceeded");
            return;
        }

        var served = wanted;
        if (budget is { State: BudgetState.Degrading or BudgetState.Notifying })
        {
            served = budget.State == BudgetState.Degrading ? "greentune-nano-int8" : wanted;
            var from = served == wanted ? string.Empty : $"; from=\"{wanted}\"";
            context.Response.Headers[Headers.Budget] = $"{(served == wanted ? "notify" : "degrade")}; budget=\"{budget.Budget.Name}\"; used={budget.Fraction.ToString("0.###", CultureInfo.InvariantCulture)}{from}";
        }

        var configuration = SampleConfiguration.Of(served);
        var id = $"chatcmpl-play{Interlocked.Increment(ref _number):d6}";
        context.Response.Headers[Headers.Configuration] = served;
        context.Response.Headers[Headers.Record] = $"/api/records/{id}";
        context.Response.ContentType = "text/event-stream";
        var text = prompt.Contains("kettle", StringComparison.OrdinalIgnoreCase) ? Kettle : prompt.Contains('<') ? "You wrote <b>markup</b> & I answer with <script>alert(1)</script>." : Office;
        var pieces = text.Split(' ').Select((word, i) => i == 0 ? word : " " + word).Take(maxTokens).ToList();
        var sent = 0;
        var outcome = RequestOutcome.Completed;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, services.Line);
        try
        {
            foreach (var piece in pieces)
            {
                await Task.Delay(services.TokenInterval ?? TimeSpan.FromSeconds(1 / configuration.TokensPerSecond), stop.Token);
                await ChunkAsync(context, new { id, @object = "chat.completion.chunk", choices = new[] { new { index = 0, delta = new { content = piece }, finish_reason = (string?)null } } });
                sent++;
            }

            await ChunkAsync(context, new { id, @object = "chat.completion.chunk", choices = new[] { new { index = 0, delta = new { }, finish_reason = pieces.Count < text.Split(' ').Length ? "length" : "stop" } } });
            var prediction = FakeAccounting.Predict(served, inputTokens, sent);
            await ChunkAsync(context, new
            {
                id,
                @object = "chat.completion.chunk",
                choices = Array.Empty<object>(),
                usage = new
                {
                    prompt_tokens = inputTokens,
                    completion_tokens = sent,
                    total_tokens = inputTokens + sent,
                    energy = new UsageEnergy
                    {
                        Joules = prediction.Joules,
                        CO2eGrams = SampleRecords.Grams(prediction.Joules),
                        RelativeUncertainty = 0.3,
                        Quality = EnergyQuality.Modelled,
                        Components = new ComponentJoules(),
                        Boundary = "package",
                        Meter = "cpu-estimate",
                        Settled = false,
                        Record = $"/api/records/{id}",
                    },
                },
            });
            await context.Response.WriteAsync("data: [DONE]\n\n");
            await context.Response.Body.FlushAsync();
        }
        catch (OperationCanceledException)
        {
            outcome = RequestOutcome.Cancelled;
        }

        var record = SampleRecords.Make(id, services.World.Now, tenant, configuration, served == wanted ? null : wanted, outcome, inputTokens, sent, 1.04, context.Request.Headers[Headers.Session]);
        _ = Task.Run(async () =>
        {
            await Task.Delay(300);
            services.Arrive(record);
        });
    }

    private static async Task ChunkAsync(HttpContext context, object chunk)
    {
        await context.Response.WriteAsync($"data: {JsonSerializer.Serialize(chunk, ContractJson.Options)}\n\n");
        await context.Response.Body.FlushAsync();
    }

    private static Task ErrorAsync(HttpContext context, int status, string message, string code) =>
        Results.Json(new { error = new { message, type = "invalid_request_error", param = (string?)null, code } }, statusCode: status).ExecuteAsync(context);
}
