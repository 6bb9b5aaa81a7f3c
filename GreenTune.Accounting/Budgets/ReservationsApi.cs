using GreenTune.Accounting.Http;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Accounting.Budgets;

/// <summary>/api/budgets/reservations: what Inference asks before it admits a request.</summary>
internal static class ReservationsApi
{
    private const int MaxAlternatives = 64;
    private const double MaxJoules = 1e12;

    public static void MapReservationsApi(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/budgets/reservations", ReserveAsync).WithSummary("Decides whether a request may run and holds its predicted energy.");
        app.MapDelete("/api/budgets/reservations/{requestId}", ReleaseAsync).WithSummary("Gives back what a request that never ran had reserved.");
    }

    private static async Task<Results<Ok<ReservationDecision>, ValidationProblem>> ReserveAsync(HttpRequest request, BudgetBook budgets, CancellationToken cancellation)
    {
        ReservationRequest reservation = await JsonBody.ReadAsync<ReservationRequest>(request, JsonBody.SmallBytes, cancellation);
        FieldErrors errors = Validate(reservation);
        return errors.Any ? errors.Problem() : TypedResults.Ok(await budgets.ReserveAsync(reservation, cancellation));
    }

    private static async Task<Results<NoContent, ValidationProblem>> ReleaseAsync(string requestId, BudgetBook budgets, CancellationToken cancellation)
    {
        if (!Identifiers.IsRequest(requestId))
        {
            var errors = new FieldErrors();
            errors.Add("requestId", $"A request's id is {Identifiers.RequestForm}.");
            return errors.Problem();
        }

        await budgets.ReleaseAsync(requestId, cancellation);
        return TypedResults.NoContent();
    }

    private static FieldErrors Validate(ReservationRequest reservation)
    {
        var errors = new FieldErrors();
        if (!Identifiers.IsRequest(reservation.RequestId))
        {
            errors.Add("requestId", $"A request's id is {Identifiers.RequestForm}.");
        }

        if (!Identifiers.IsTenant(reservation.Tenant))
        {
            errors.Add("tenant", $"A tenant is {Identifiers.TenantForm}.");
        }

        if (reservation.Session is not null && !Identifiers.IsSession(reservation.Session))
        {
            errors.Add("session", $"A session is {Identifiers.SessionForm}.");
        }

        ValidateCost("wanted", reservation.Wanted, errors);
        if (reservation.Alternatives.Count > MaxAlternatives)
        {
            errors.Add("alternatives", $"At most {MaxAlternatives} alternatives.");
        }

        for (int i = 0; i < Math.Min(reservation.Alternatives.Count, MaxAlternatives); i++)
        {
            ValidateCost($"alternatives[{i}]", reservation.Alternatives[i], errors);
        }

        return errors;
    }

    private static void ValidateCost(string field, PredictedCost? cost, FieldErrors errors)
    {
        if (cost is null)
        {
            errors.Add(field, "A cost has a configurationId, joules and upperJoules.");
            return;
        }

        if (!Identifiers.IsConfiguration(cost.ConfigurationId))
        {
            errors.Add($"{field}.configurationId", $"A configuration's id is {Identifiers.ConfigurationForm}.");
        }

        if (!(cost.UpperJoules is >= 0 and <= MaxJoules))
        {
            errors.Add($"{field}.upperJoules", "Expected joules plus two sigma, not below 0.");
        }
        else if (!(cost.Joules >= 0 && cost.Joules <= cost.UpperJoules))
        {
            errors.Add($"{field}.joules", "Expected joules, from 0 to upperJoules.");
        }
    }
}
