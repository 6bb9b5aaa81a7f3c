using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>Accounting's endpoints.</summary>
internal static class FakeAccounting
{
    public static void Map(IEndpointRouteBuilder app, FakeServices services)
    {
        var world = services.World;
        app.MapGet("/health", () => Results.Ok());
        app.MapGet("/alive", () => Results.Ok());
        app.MapGet("/api/tenants", () => world.Tenants);
        app.MapGet("/api/summary", (string? period, string? tenant, DateTimeOffset? from, DateTimeOffset? to) =>
            SampleSummary.Of(world.Records, period ?? "today", tenant, world.Now, world.Plan is not null, world.Decisions.Count(d => d.Action == "block"), from, to));
        app.MapGet("/api/records", (HttpContext context) => Records(world, context.Request.Query));
        app.MapGet("/api/records/{id}", IResult (string id) => world.Records.FirstOrDefault(r => r.Record.Id == id) is { } record
            ? Results.Ok(SampleRecords.Whole(record))
            : Results.Problem(statusCode: 404, detail: $"There is no record '{id}'."));
        app.MapGet("/api/events", (HttpContext context) => services.Events.StreamAsync(context, View(world).Auto, services.Line));
        MapBudgets(app, services);
        MapThreeE(app, services);
    }

    private static void MapBudgets(IEndpointRouteBuilder app, FakeServices services)
    {
        var world = services.World;
        app.MapPost("/api/keys/verify", IResult (KeyCheck check) => services.Keys.TryGetValue(check.Key, out var identity) ? Results.Ok(identity) : Results.Problem(statusCode: 404));
        app.MapGet("/api/keys/{id:guid}/identity", IResult (Guid id) => services.Keys.Values.FirstOrDefault(key => key.Id == id) is { } identity ? Results.Ok(identity) : Results.Problem(statusCode: 404));
        app.MapGet("/api/budgets", (HttpRequest request) =>
        {
            services.Behalf.Enqueue(request.Headers[Headers.OnBehalfOf]);
            return world.Budgets;
        });
        app.MapGet("/api/budgets/decisions", (Guid? budget, string? cursor, int? limit) =>
        {
            var all = world.Decisions.Where(d => budget is null || d.BudgetId == budget).Where(d => cursor is null || d.Id < long.Parse(cursor)).ToList();
            var page = all.Take(limit ?? 50).ToList();
            return new Page<BudgetDecision>(page, page.Count < all.Count ? page[^1].Id.ToString() : null);
        });
        app.MapGet("/api/budgets/{id:guid}/usage", IResult (Guid id) => world.Find(id) is { } budget ? Results.Ok(world.UsageOf(budget)) : Results.Problem(statusCode: 404));
        app.MapPost("/api/budgets", IResult (BudgetInput input) =>
        {
            if (input.Limit <= 0)
            {
                return Results.ValidationProblem(new Dictionary<string, string[]> { ["limit"] = ["limit must be above 0, for example 4."] });
            }

            if (world.Budgets.Any(b => b.Budget.Scope == input.Scope && b.Budget.Tenant == input.Tenant && b.Budget.Period == input.Period && b.Budget.Window == input.Window))
            {
                return Results.Problem(statusCode: 409, detail: $"The tenant '{input.Tenant}' has a budget already. Edit that one.");
            }

            var budget = From(input, Guid.NewGuid(), world.Now, world.Now, 1);
            var status = world.Put(budget);
            world.Log(budget, "created", "limit set", "by operator");
            services.Events.Send(EventNames.Budget, status);
            return Results.Created($"/api/budgets/{budget.Id}", status);
        });
        app.MapPost("/api/budgets/preview", IResult (BudgetPreviewRequest request) => request.To - request.From > TimeSpan.FromDays(92)
            ? Results.ValidationProblem(new Dictionary<string, string[]> { ["from"] = ["A preview spans at most 92 days."] })
            : Results.Ok(SampleBudgets.Try(From(request.Budget, Guid.NewGuid(), world.Now, world.Now, 1), request, world.Records)));
        app.MapPut("/api/budgets/{id:guid}", IResult (Guid id, BudgetInput input) =>
        {
            if (world.Find(id) is not { } old)
            {
                return Results.Problem(statusCode: 404, detail: "There is no such budget.");
            }

            if (input.Version != old.Version)
            {
                return Results.Problem(statusCode: 409, detail: $"The budget is at version {old.Version} now.");
            }

            var budget = From(input, id, old.CreatedAt, world.Now, old.Version + 1);
            var status = world.Put(budget);
            world.Log(budget, input.Paused && !old.Paused ? "paused" : !input.Paused && old.Paused ? "resumed" : "edited", "settings changed", "by operator");
            services.Events.Send(EventNames.Budget, status);
            return Results.Ok(status);
        });
        app.MapDelete("/api/budgets/{id:guid}", IResult (Guid id) =>
        {
            if (world.Find(id) is { } budget)
            {
                world.Log(budget, "deleted", "no longer enforced", "by operator");
            }

            if (!world.Remove(id))
            {
                return Results.Problem(statusCode: 404, detail: "There is no such budget.");
            }

            services.Events.Send(EventNames.BudgetDeleted, new BudgetDeleted(id));
            return Results.NoContent();
        });
    }

    private static void MapThreeE(IEndpointRouteBuilder app, FakeServices services)
    {
        var world = services.World;
        app.MapGet("/api/threee", () => View(world));
        app.MapGet("/api/threee/preview", (double energy, double efficiency, double effectiveness, double floor, string? reference, string? pinned) => SampleThreeE.View(
            new ThreeESettings
            {
                Weights = new ThreeEWeights(energy, efficiency, effectiveness),
                Floor = floor,
                Reference = reference,
                Pinned = pinned,
                Version = world.Settings.Version,
                UpdatedAt = world.Settings.UpdatedAt,
            },
            world.Plan));
        app.MapGet("/api/threee/triangle", (double floor, string? reference, int steps) =>
            world.Plan is null ? new WeightTriangle(steps, [], []) : SampleThreeE.Triangle(floor, reference, steps));
        app.MapPut("/api/threee/settings", IResult (ThreeESettingsInput input) =>
        {
            if (input.Version != world.Settings.Version)
            {
                return Results.Problem(statusCode: 409, detail: $"The settings are at version {world.Settings.Version} now.");
            }

            world.Settings = new ThreeESettings
            {
                Weights = input.Weights,
                Floor = input.Floor,
                Reference = input.Reference,
                Pinned = input.Pinned,
                Version = world.Settings.Version + 1,
                UpdatedAt = world.Now,
            };
            var view = View(world);
            services.Events.Send(EventNames.Auto, view.Auto);
            return Results.Ok(view);
        });
    }

    public static ThreeEView View(SampleWorld world) => SampleThreeE.View(world.Settings, world.Plan);

    private static Page<RecordView> Records(SampleWorld world, IQueryCollection query)
    {
        string? Text(string name) => query[name].FirstOrDefault() is { Length: > 0 } value ? value : null;
        DateTimeOffset? Time(string name) => Text(name) is { } text ? DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : null;
        var skip = int.Parse(Text("cursor") ?? "0", System.Globalization.CultureInfo.InvariantCulture);
        var limit = int.Parse(Text("limit") ?? "50", System.Globalization.CultureInfo.InvariantCulture);
        var (from, to) = (Time("from"), Time("to"));
        var found = world.Records
            .Where(r => Text("tenant") is not { } tenant || r.Record.Tenant == tenant)
            .Where(r => Text("session") is not { } session || r.Record.Session == session)
            .Where(r => Text("configuration") is not { } configuration || r.Record.ConfigurationId == configuration)
            .Where(r => Text("outcome") is not { } outcome || string.Equals(r.Record.Outcome.ToString(), outcome, StringComparison.OrdinalIgnoreCase))
            .Where(r => Text("quality") is not { } quality || string.Equals(r.Record.Energy.Quality.ToString(), quality, StringComparison.OrdinalIgnoreCase))
            .Where(r => Text("degraded") is not { } degraded || r.Record.DegradedFrom is not null == bool.Parse(degraded))
            .Where(r => from is null || r.Record.StartedAt >= from)
            .Where(r => to is null || r.Record.StartedAt < to)
            .OrderByDescending(r => r.Record.StartedAt)
            .Skip(skip)
            .Take(limit + 1)
            .ToList();
        var more = found.Count > limit;
        return new Page<RecordView>([.. found.Take(limit).Select(SampleRecords.Bare)], more ? (skip + limit).ToString(System.Globalization.CultureInfo.InvariantCulture) : null);
    }

    private static Budget From(BudgetInput input, Guid id, DateTimeOffset created, DateTimeOffset now, long version) => new()
    {
        Id = id,
        Name = input.Name,
        Scope = input.Scope,
        Tenant = input.Tenant,
        Model = input.Model,
        Session = input.Session,
        Period = input.Period,
        Window = input.Window,
        TimeZone = input.TimeZone,
        Quantity = input.Quantity,
        Limit = input.Limit,
        Thresholds = input.Thresholds,
        Paused = input.Paused,
        Version = version,
        CreatedAt = created,
        UpdatedAt = now,
    };

    /// <summary>A prediction for one configuration, as the length profile would make it.</summary>
    public static Prediction Predict(string configurationId, int inputTokens, int outputTokens)
    {
        var configuration = SampleConfiguration.Of(configurationId);
        var joules = (outputTokens * configuration.JoulesPerToken) + (inputTokens * configuration.JoulesPerToken * 0.12);
        return new Prediction(configurationId, new Joules(joules), new Joules(joules * 0.15), "profile");
    }
}
