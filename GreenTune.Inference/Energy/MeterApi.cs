using System.Runtime.CompilerServices;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Engine;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Inference.Energy;

/// <summary>What is metered, and its power: once, over the last seconds, and live.</summary>
internal static class MeterApi
{
    /// <summary>Live charts are drawn twice a second.</summary>
    private static readonly TimeSpan LivePeriod = TimeSpan.FromMilliseconds(500);

    private const int MaxSeconds = 600;
    private const int MaxPoints = 1200;

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder meter = routes.MapGroup("/api/meter");
        meter.MapGet("/", (IEngine engine) => TypedResults.Ok(new[] { engine.Meter.View() })).WithName("ListDevices").WithSummary("Metered devices and their baselines");
        meter.MapGet("/power", Power).WithName("GetPower").WithSummary("Power over the last seconds");
        meter.MapGet("/stream", (IEngine engine, TimeProvider clock, CancellationToken cancellation) =>
                TypedResults.ServerSentEvents(LiveAsync(engine, clock, cancellation), "power"))
            .WithName("StreamPower")
            .WithSummary("Power as server-sent events, 2 Hz");
    }

    private static Results<Ok<PowerFrame[]>, ValidationProblem> Power(IEngine engine, double seconds = 60)
    {
        return seconds is >= 1 and <= MaxSeconds
            ? TypedResults.Ok(new[] { engine.Meter.Frame(TimeSpan.FromSeconds(seconds), MaxPoints) })
            : TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["seconds"] = [$"must be from 1 to {MaxSeconds}."] });
    }

    private static async IAsyncEnumerable<PowerFrame> LiveAsync(IEngine engine, TimeProvider clock, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(LivePeriod, clock);
        DateTimeOffset last = clock.GetUtcNow() - LivePeriod;
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            PowerFrame frame = engine.Meter.Frame(LivePeriod * 2, MaxPoints);
            PowerPoint[] fresh = [.. frame.Points.Where(point => point.At > last)];
            if (fresh.Length > 0)
            {
                last = fresh[^1].At;
            }

            yield return frame with { Points = fresh };
        }
    }
}
