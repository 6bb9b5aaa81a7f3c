using GreenTune.Accounting.Carbon.Intensities;
using GreenTune.Accounting.Http;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Accounting.Carbon;

/// <summary>/api/carbon: the factor in force, what is to come, the sources and the zones that could be set.</summary>
internal static class CarbonApi
{
    private const int MaxHours = 72;
    private const int MaxGreenest = 24;

    public static void MapCarbonApi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/carbon", InForce).WithSummary("The carbon factor in force, with its provenance.");
        app.MapGet("/api/carbon/marginal", MarginalAsync).WithSummary("The marginal intensity of now; it is of another kind than the factor in force and never stands in a sum with it.");
        app.MapGet("/api/carbon/forecast", ForecastAsync).WithSummary("Intensities of the hours ahead, and the greenest of them.");
        app.MapGet("/api/carbon/sources", SourcesAsync).WithSummary("When each source was asked last, when it is asked next, and what went wrong.");
        app.MapGet("/api/carbon/zones", Zones).WithSummary("Countries and grid zones of the carbon table, by name.");
    }

    private static Ok<CarbonFactor> InForce(CarbonPricing pricing) => TypedResults.Ok(pricing.InForce.Factor);

    private static async Task<Results<Ok<CarbonFactor>, ProblemHttpResult>> MarginalAsync(MarginalIntensities marginal, CarbonPricing pricing, CancellationToken cancellation) =>
        await marginal.NowAsync(pricing.InForce.Factor, cancellation) is { } factor ? TypedResults.Ok(factor) : Problems.NotFound(marginal.Reason);

    private static async Task<Results<Ok<CarbonForecast>, ValidationProblem>> ForecastAsync(HttpRequest request, Forecasts forecasts, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        CarbonSignal signal = query.Word<CarbonSignal>("signal") ?? CarbonSignal.Average;
        int hours = query.Whole("hours", 1, MaxHours, 24);
        int greenest = query.Whole("greenest", 1, MaxGreenest, 6);
        query.RefuseOthers();
        return query.Errors.Any ? query.Errors.Problem() : TypedResults.Ok(await forecasts.GetAsync(signal, hours, greenest, cancellation));
    }

    private static async Task<Ok<IReadOnlyList<CarbonSourceState>>> SourcesAsync(IntensityRefresher refresher, CancellationToken cancellation) =>
        TypedResults.Ok(await refresher.StatesAsync(cancellation));

    private static Ok<IReadOnlyList<CarbonZone>> Zones(CarbonTable table) => TypedResults.Ok(table.Zones);
}
