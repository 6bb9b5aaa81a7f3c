using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Accounting.Carbon;

/// <summary>/api/carbon: the factor in force and the zones that could be set.</summary>
internal static class CarbonApi
{
    public static void MapCarbonApi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/carbon", InForce).WithSummary("The carbon factor in force, with its provenance.");
        app.MapGet("/api/carbon/zones", Zones).WithSummary("Countries and grid zones of the carbon table, by name.");
    }

    private static Ok<CarbonFactor> InForce(CarbonPricing pricing) => TypedResults.Ok(pricing.InForce.Factor);

    private static Ok<IReadOnlyList<CarbonZone>> Zones(CarbonTable table) => TypedResults.Ok(table.Zones);
}
