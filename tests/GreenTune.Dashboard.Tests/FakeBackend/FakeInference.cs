using System.Text.Json;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>Inference's endpoints besides chat.</summary>
internal static class FakeInference
{
    public static void Map(IEndpointRouteBuilder app, FakeServices services)
    {
        var world = services.World;
        app.MapGet("/api/configurations", () => SampleConfiguration.All.Select(c => new ConfigurationView
        {
            Id = c.Id,
            Model = c.Model,
            Precision = c.Precision,
            Provider = "cpu",
            State = ConfigurationState.Ready,
            Parameters = c.Parameters,
            WeightBytes = c.WeightBytes,
            ContextLength = 2048,
            IsDefault = c.Id == "greentune-tiny-int4",
        }).ToList());
        app.MapPost("/api/predictions", IResult (PredictionRequest request) => SampleConfiguration.All.Any(c => c.Id == request.ConfigurationId)
            ? Results.Ok(FakeAccounting.Predict(request.ConfigurationId, request.InputTokens, request.OutputTokens))
            : Results.Problem(statusCode: 404, detail: $"There is no configuration '{request.ConfigurationId}'."));
        app.MapGet("/api/meter", () => new[] { world.Device() });
        app.MapGet("/api/meter/power", (int seconds) => new[] { SamplePower.Frame(world.Now.AddSeconds(-seconds), world.Now) });
        app.MapGet("/api/meter/stream", (HttpContext context) => StreamAsync(context, services));
        app.MapPost("/api/plans", IResult (PlanRequest request) => services.Plans.Start(request) is { } status
            ? Results.Accepted("/api/plans/current", status)
            : Results.Problem(statusCode: 409, detail: "A plan runs already."));
        app.MapGet("/api/plans/current", IResult () => services.Plans.Current is { } status ? Results.Ok(status) : Results.Problem(statusCode: 404, detail: "No plan ran yet."));
        app.MapDelete("/api/plans/current", () =>
        {
            services.Plans.Cancel();
            return Results.NoContent();
        });
        services.Library.Map(app);
    }

    private static async Task StreamAsync(HttpContext context, FakeServices services)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, services.Line);
        context.Response.ContentType = "text/event-stream";
        var from = services.World.Now;
        try
        {
            await context.Response.Body.FlushAsync(stop.Token);
            while (true)
            {
                await Task.Delay(500, stop.Token);
                var to = services.World.Now;
                await context.Response.WriteAsync($"event: power\ndata: {JsonSerializer.Serialize(SamplePower.Frame(from, to), ContractJson.Options)}\n\n", stop.Token);
                await context.Response.Body.FlushAsync(stop.Token);
                services.PowerFrameSent();
                from = to;
            }
        }
        catch (OperationCanceledException)
        {
            if (services.Line.IsCancellationRequested)
            {
                context.Abort();
            }
        }
    }
}
