using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>Accounting's /api/carbon. What it answers can be set.</summary>
internal sealed class FakeCarbon
{
    private readonly Lock _gate = new();
    private readonly SampleWorld _world;
    private List<Restatement> _restatements = [];

    public FakeCarbon(SampleWorld world, bool live)
    {
        _world = world;
        if (live)
        {
            Factor = SampleCarbon.Live(world.Now);
            Marginal = SampleCarbon.Marginal(world.Now);
            Sources = SampleCarbon.Sources(world.Now);
            _restatements = [.. SampleCarbon.Restatements(world.Now)];
        }
    }

    /// <summary>The factor in force; the world average until somebody sets a zone.</summary>
    public CarbonFactor Factor { get; set; } = SampleRecords.Factor with { Step = CarbonSteps.WorldAverage };

    /// <summary>Null while no source of the signal is set.</summary>
    public CarbonFactor? Marginal { get; set; }

    public IReadOnlyList<CarbonSourceState> Sources { get; set; } = [];

    public IReadOnlyList<Restatement> Restatements
    {
        get
        {
            lock (_gate)
            {
                return [.. _restatements];
            }
        }
    }

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/carbon", () => Factor);
        app.MapGet("/api/carbon/marginal", IResult () => Marginal is { } marginal
            ? Results.Ok(marginal)
            : Results.Problem(statusCode: 404, detail: "No source of the marginal signal is set (Carbon:Marginal); nothing stands in for it."));
        app.MapGet("/api/carbon/forecast", (string? signal, int? hours, int? greenest) =>
        {
            var chain = signal == "marginal" ? CarbonSignal.Marginal : CarbonSignal.Average;
            return Sources.Any(s => s.Signal == chain) ? SampleCarbon.Forecast(chain, _world.Now, hours ?? 24, greenest ?? 6) : SampleCarbon.NoForecast(chain);
        });
        app.MapGet("/api/carbon/sources", () => Sources);
        app.MapGet("/api/carbon/zones", () => SampleCarbon.Zones);
        app.MapGet("/api/carbon/restatements", () => Restatements);
        app.MapPost("/api/carbon/restatements", Make);
    }

    private IResult Make(RestatementInput input)
    {
        if (input.IntensityGramsPerKwh > 1500)
        {
            return Results.ValidationProblem(new Dictionary<string, string[]> { ["intensityGramsPerKwh"] = ["intensityGramsPerKwh is above 0 to 1500, for example 231."] });
        }

        lock (_gate)
        {
            var records = _world.Records.Where(r => r.Record.StartedAt >= input.From && r.Record.StartedAt < input.To).ToList();
            var joules = new Joules(records.Sum(r => r.Record.Energy.Joules?.Value ?? 0));
            var original = SampleRecords.Grams(joules).Value;
            var factor = (input.IntensityGramsPerKwh ?? SampleRecords.Factor.Intensity.Value) * (input.Pue ?? SampleRecords.Factor.Pue) / (SampleRecords.Factor.Intensity.Value * SampleRecords.Factor.Pue);
            var made = SampleCarbon.Restated(_restatements.Count + 1, input.From, input.To, input.Factors, original, original * factor, _world.Now) with
            {
                By = input.By,
                Why = input.Why,
                Pue = input.Pue,
                Joules = joules,
                Records = records.Count,
            };
            _restatements = [made, .. _restatements.Select(r => r.SupersededBy is null && made.From <= r.From && made.To >= r.To ? r with { SupersededBy = made.Id } : r)];
            return Results.Created($"/api/carbon/restatements/{made.Id}", made);
        }
    }
}
