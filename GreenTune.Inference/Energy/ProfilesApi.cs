using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Inference.Energy;

/// <summary>Length profiles: what requests cost over their lengths, and how fast they are, by configuration and load.</summary>
internal static class ProfilesApi
{
    private const int MaxLengths = 64;
    private const int MaxTokens = 1_000_000;

    /// <summary>Tokens of prompts and answers that a curve has unless others are asked for.</summary>
    internal static readonly int[] Lengths = [64, 128, 256, 512, 1024, 2048, 4096];

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/profiles", List).WithName("ListProfiles").WithSummary("Energy over lengths and speed, by configuration and load");

    private static Results<Ok<IReadOnlyList<ConfigurationProfile>>, ValidationProblem> List(EnergyPredictor predictor, int[]? inputTokens, int[]? outputTokens, string? configurationId)
    {
        int[] inputs = inputTokens is { Length: > 0 } ? inputTokens : Lengths, outputs = outputTokens is { Length: > 0 } ? outputTokens : Lengths;
        var errors = new Dictionary<string, string[]>();
        Check(inputs, 0, nameof(inputTokens), errors);
        Check(outputs, 1, nameof(outputTokens), errors);
        if (errors.Count > 0)
        {
            return TypedResults.ValidationProblem(errors);
        }

        IReadOnlyList<ConfigurationProfile> profiles = predictor.Profiles(inputs, outputs);
        return TypedResults.Ok(configurationId is null ? profiles : [.. profiles.Where(profile => profile.ConfigurationId == configurationId)]);
    }

    private static void Check(int[] lengths, int least, string name, Dictionary<string, string[]> errors)
    {
        if (lengths.Length > MaxLengths || lengths.Any(length => length < least || length > MaxTokens))
        {
            errors[name] = [$"must be at most {MaxLengths} lengths from {least} to {MaxTokens}, for example {name}=256&{name}=1024."];
        }
    }
}
