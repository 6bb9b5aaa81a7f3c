using GreenTune.Accounting.Events;
using GreenTune.Accounting.Http;
using GreenTune.Accounting.Store;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;
using GreenTune.ServiceDefaults.Access;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Budgets;

/// <summary>/api/budgets: what tenants may use, what is left, and what was decided.</summary>
internal static class BudgetsApi
{
    private const int MaxPage = 500;
    private const int DefaultPage = 50;

    public static void MapBudgetsApi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/budgets", ListAsync).WithSummary("All budgets and where they stand, by name.");
        app.MapPost("/api/budgets", CreateAsync).WithSummary("Creates a budget.");
        app.MapPost("/api/budgets/preview", PreviewAsync).WithSummary("What a budget would have done to requests of the past; nothing is saved.");
        app.MapGet("/api/budgets/{id:guid}", GetAsync).WithSummary("One budget and where it stands.");
        app.MapPut("/api/budgets/{id:guid}", UpdateAsync).WithSummary("Changes a budget.");
        app.MapDelete("/api/budgets/{id:guid}", DeleteAsync).WithSummary("Deletes a budget.");
        app.MapGet("/api/budgets/{id:guid}/usage", UsageAsync).WithSummary("Cumulative use over the window so far.");
        app.MapGet("/api/budgets/decisions", DecisionsAsync).WithSummary("What budgets decided and how they were changed, newest first.");
    }

    private static async Task<Ok<List<BudgetStatus>>> ListAsync(IDbContextFactory<AccountingDb> contexts, BudgetBook budgets, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        var statuses = new List<BudgetStatus>();
        foreach (BudgetRow row in await db.Budgets.AsNoTracking().OrderBy(budget => budget.Name).ThenBy(budget => budget.Tenant).ToListAsync(cancellation))
        {
            statuses.Add(await budgets.StatusAsync(db, row, cancellation));
        }

        return TypedResults.Ok(statuses);
    }

    private static async Task<Results<Ok<BudgetStatus>, ProblemHttpResult>> GetAsync(Guid id, IDbContextFactory<AccountingDb> contexts, BudgetBook budgets, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        return await db.Budgets.AsNoTracking().SingleOrDefaultAsync(budget => budget.Id == id, cancellation) is { } row
            ? TypedResults.Ok(await budgets.StatusAsync(db, row, cancellation))
            : NoBudget(id);
    }

    private static async Task<Results<Created<BudgetStatus>, ValidationProblem, ProblemHttpResult>> CreateAsync(
        HttpRequest request, BudgetEditor editor, BudgetSignals signals, CancellationToken cancellation)
    {
        BudgetInput input = await JsonBody.ReadAsync<BudgetInput>(request, JsonBody.SmallBytes, cancellation);
        if (BudgetInputValidator.Validate(input) is { Count: > 0 } errors)
        {
            return Problems.Fields(errors);
        }

        (EditResult result, BudgetStatus? status) = await editor.CreateAsync(input, request.HttpContext.Actor(), cancellation);
        if (result == EditResult.Taken)
        {
            return Taken(input);
        }

        signals.Changed([status!.Budget.Id]);
        return TypedResults.Created($"/api/budgets/{status.Budget.Id}", status);
    }

    private static async Task<Results<Ok<BudgetPreview>, ValidationProblem>> PreviewAsync(HttpRequest request, BudgetPreviews previews, CancellationToken cancellation)
    {
        BudgetPreviewRequest preview = await JsonBody.ReadAsync<BudgetPreviewRequest>(request, JsonBody.SmallBytes, cancellation);
        var errors = new Dictionary<string, string[]>(BudgetInputValidator.Validate(preview.Budget).Select(error => KeyValuePair.Create($"budget.{error.Key}", error.Value)));
        foreach ((string field, string message) in BudgetPreviews.Problems(preview))
        {
            errors[field] = [message];
        }

        return errors.Count > 0 ? Problems.Fields(errors) : TypedResults.Ok(await previews.RunAsync(preview, cancellation));
    }

    private static async Task<Results<Ok<BudgetStatus>, ValidationProblem, ProblemHttpResult>> UpdateAsync(
        Guid id, HttpRequest request, BudgetEditor editor, BudgetSignals signals, CancellationToken cancellation)
    {
        BudgetInput input = await JsonBody.ReadAsync<BudgetInput>(request, JsonBody.SmallBytes, cancellation);
        if (BudgetInputValidator.Validate(input) is { Count: > 0 } errors)
        {
            return Problems.Fields(errors);
        }

        (EditResult result, BudgetStatus? status) = await editor.UpdateAsync(id, input, request.HttpContext.Actor(), cancellation);
        switch (result)
        {
            case EditResult.NotFound:
                return NoBudget(id);
            case EditResult.Taken:
                return Taken(input);
            case EditResult.OldVersion:
                return Problems.Conflict($"The budget was changed meanwhile: version {input.Version} was edited, {status!.Budget.Version} is there now. Read it again and repeat the change.");
            default:
                signals.Changed([id]);
                return TypedResults.Ok(status!);
        }
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(Guid id, HttpContext http, BudgetEditor editor, EventHub events, CancellationToken cancellation)
    {
        if (!await editor.DeleteAsync(id, http.Actor(), cancellation))
        {
            return NoBudget(id);
        }

        events.Publish(EventNames.BudgetDeleted, new BudgetDeleted(id));
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<IReadOnlyList<UsagePoint>>, ProblemHttpResult>> UsageAsync(
        Guid id, IDbContextFactory<AccountingDb> contexts, BudgetUsage usage, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        return await db.Budgets.AsNoTracking().SingleOrDefaultAsync(budget => budget.Id == id, cancellation) is { } row
            ? TypedResults.Ok(await usage.PointsAsync(db, row, cancellation))
            : NoBudget(id);
    }

    private static async Task<Results<Ok<Page<BudgetDecision>>, ValidationProblem>> DecisionsAsync(HttpRequest request, IDbContextFactory<AccountingDb> contexts, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        Guid? budget = query.Guid("budget");
        Cursor? cursor = Cursor.Of(query);
        int limit = query.Whole("limit", 1, MaxPage, DefaultPage);
        query.RefuseOthers();
        if (query.Errors.Any)
        {
            return query.Errors.Problem();
        }

        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        IQueryable<DecisionRow> lines = db.Decisions.AsNoTracking();
        if (budget is { } id)
        {
            lines = lines.Where(line => line.BudgetId == id);
        }

        if (cursor is { } after)
        {
            lines = lines.Where(line => line.Id < after.Key);
        }

        // Lines are written in order of time, so their own key orders them.
        List<DecisionRow> rows = await lines.OrderByDescending(line => line.Id).Take(limit + 1).ToListAsync(cancellation);
        string? next = rows.Count > limit ? new Cursor(rows[limit - 1].AtTicks, rows[limit - 1].Id).ToString() : null;
        return TypedResults.Ok(new Page<BudgetDecision>([.. rows.Take(limit).Select(BudgetMapping.ToDecision)], next));
    }

    private static ProblemHttpResult NoBudget(Guid id) => Problems.NotFound($"There is no budget {id}.");

    private static ProblemHttpResult Taken(BudgetInput input)
    {
        Budget budget = BudgetMapping.ToBudget(input, default);
        return Problems.Conflict($"There is a budget for {BudgetScopes.InWords(budget)} {BudgetScopes.WindowInWords(budget)} in this unit already; change that one.");
    }
}
