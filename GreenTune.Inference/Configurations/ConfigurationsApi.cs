using GreenTune.Core.Contracts;
using GreenTune.Inference.Energy;
using GreenTune.Inference.External;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Configurations;

/// <summary>Configurations and what they are predicted to cost.</summary>
internal static class ConfigurationsApi
{
    private const int MaxTokens = 1_000_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/configurations", List).WithName("ListConfigurations").WithSummary("Models at precisions, and whether they can serve");
        routes.MapPost("/api/predictions", Predict).WithName("PredictEnergy").WithSummary("What a request of these lengths would cost");
    }

    private static Ok<ConfigurationView[]> List(ConfigurationRegistry registry, ExternalRegistry external, IOptions<InferenceOptions> options) =>
        TypedResults.Ok(Views(registry, external, options.Value));

    /// <summary>All configurations, external ones last.</summary>
    internal static ConfigurationView[] Views(ConfigurationRegistry registry, ExternalRegistry external, InferenceOptions options) =>
        [.. registry.All.Select(configuration => new ConfigurationView
        {
            Id = configuration.Id,
            Model = configuration.Model,
            Precision = configuration.Precision,
            Provider = configuration.Provider,
            State = configuration.Stage,
            Error = configuration.Error,
            Parameters = configuration.Loaded?.Parameters,
            WeightBytes = configuration.Loaded?.WeightBytes,
            ContextLength = configuration.Loaded?.Runner.ContextLength,
            IsDefault = configuration.Id == options.DefaultConfiguration,
        }), .. external.All.Select(configuration => configuration.ConfigurationView())];

    private static Results<Ok<Prediction>, ProblemHttpResult, ValidationProblem> Predict(PredictionRequest request, ConfigurationRegistry registry, EnergyPredictor predictor)
    {
        var errors = new Dictionary<string, string[]>();
        if (request.InputTokens is < 0 or > MaxTokens)
        {
            errors["inputTokens"] = [$"must be from 0 to {MaxTokens}."];
        }

        if (request.OutputTokens is < 0 or > MaxTokens)
        {
            errors["outputTokens"] = [$"must be from 0 to {MaxTokens}."];
        }

        if (errors.Count > 0)
        {
            return TypedResults.ValidationProblem(errors);
        }

        if (registry.Find(request.ConfigurationId) is null)
        {
            return TypedResults.Problem(
                $"There are: {string.Join(", ", registry.All.Select(configuration => configuration.Id))}.",
                statusCode: StatusCodes.Status404NotFound,
                title: $"'{request.ConfigurationId}' is not a configuration.");
        }

        return predictor.Predict(request.ConfigurationId, request.InputTokens, request.OutputTokens) is { } prediction
            ? TypedResults.Ok(prediction)
            : TypedResults.Problem("It has a profile as soon as it is loaded.", statusCode: StatusCodes.Status503ServiceUnavailable, title: $"{request.ConfigurationId} has no length profile yet.");
    }
}
