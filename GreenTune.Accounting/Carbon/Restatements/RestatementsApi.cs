using GreenTune.Accounting.Http;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Accounting.Carbon.Restatements;

/// <summary>/api/carbon/restatements: figures of a span by new factors, beside the original ones.</summary>
internal static class RestatementsApi
{
    private const int MaxYears = 5;

    public static void MapRestatementsApi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/carbon/restatements", ListAsync).WithSummary("Restatements, latest first, each with the original and the restated total.");
        app.MapPost("/api/carbon/restatements", MakeAsync).WithSummary("Recomputes the CO2e of a span with other factors or another PUE. The original figures stay.");
        app.MapGet("/api/carbon/restatements/{id:guid}", GetAsync).WithSummary("One restatement.");
    }

    private static async Task<Ok<IReadOnlyList<Restatement>>> ListAsync(RestatementBook book, CancellationToken cancellation) => TypedResults.Ok(await book.ListAsync(cancellation));

    private static async Task<Results<Ok<Restatement>, ProblemHttpResult>> GetAsync(Guid id, RestatementBook book, CancellationToken cancellation) =>
        await book.FindAsync(id, cancellation) is { } found ? TypedResults.Ok(found) : Problems.NotFound($"There is no restatement {id}.");

    private static async Task<Results<Created<Restatement>, ValidationProblem>> MakeAsync(HttpRequest request, RestatementBook book, TimeProvider clock, CancellationToken cancellation)
    {
        RestatementInput input = await JsonBody.ReadAsync<RestatementInput>(request, JsonBody.SmallBytes, cancellation);
        FieldErrors errors = Check(input, clock.GetUtcNow());
        if (errors.Any)
        {
            return errors.Problem();
        }

        Restatement made = await book.MakeAsync(input, cancellation);
        return TypedResults.Created($"/api/carbon/restatements/{made.Id}", made);
    }

    private static FieldErrors Check(RestatementInput input, DateTimeOffset now)
    {
        var errors = new FieldErrors();
        void Require(bool sound, string field, FormattableString message)
        {
            if (!sound)
            {
                errors.Add(field, FormattableString.Invariant(message));
            }
        }

        Require(input.From.UtcTicks % TimeSpan.TicksPerHour == 0, "from", $"from is a whole hour of UTC, for example 2026-11-01T00:00:00Z: factors are of hours.");
        Require(input.To.UtcTicks % TimeSpan.TicksPerHour == 0, "to", $"to is a whole hour of UTC, for example 2026-12-01T00:00:00Z.");
        Require(input.To > input.From, "to", $"to is after from.");
        Require(input.To <= now.AddHours(1), "to", $"to is not after the running hour: what has not been priced cannot be restated.");
        Require(input.To - input.From <= TimeSpan.FromDays(366 * MaxYears), "to", $"A restatement covers at most {MaxYears} years.");
        Require(input.By?.Trim().Length is >= 1 and <= 200, "by", $"by is 1 to 200 characters: who asks for the restatement.");
        Require(input.Why?.Trim().Length is >= 5 and <= 2000, "why", $"why is 5 to 2000 characters, for example \"Measured values of October in place of the estimates\".");
        Require(RestatementBook.Kinds.Contains(input.Factors), "factors", $"factors is one of {string.Join(", ", RestatementBook.Kinds)}.");
        Require(input.Pue is null or (>= OperationalCarbon.MinPue and <= OperationalCarbon.MaxPue), "pue", $"pue is from {OperationalCarbon.MinPue} to {OperationalCarbon.MaxPue}, for example 1.2.");
        Require(input.Factors != RestatementBook.Keep || input.Pue is not null, "pue", $"pue is needed with factors \"keep\": otherwise nothing would change.");
        bool stated = input.Factors == RestatementBook.Stated;
        Require(stated == input.IntensityGramsPerKwh is not null, "intensityGramsPerKwh", $"intensityGramsPerKwh goes with factors \"stated\", and with it alone.");
        Require(input.IntensityGramsPerKwh is null or (> 0 and <= IntensityRange.MaxAverage), "intensityGramsPerKwh", $"intensityGramsPerKwh is above 0 to {IntensityRange.MaxAverage}, for example 231.");
        Require(stated == input.Source is not null && (input.Source is null || input.Source.Trim().Length is >= 3 and <= 200), "source", $"source goes with factors \"stated\": who published the intensity, 3 to 200 characters.");
        return errors;
    }
}
