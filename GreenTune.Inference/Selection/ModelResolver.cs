using GreenTune.Core.Contracts;
using GreenTune.Inference.Chat;
using GreenTune.Inference.Configurations;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Selection;

/// <summary>Turns what a client names (a configuration, a model, `auto`) into the configuration that answers.</summary>
internal sealed class ModelResolver(ConfigurationRegistry registry, AutoSelector selector, IOptions<InferenceOptions> options)
{
    public const string Auto = "auto";

    /// <summary>The configuration that answers now. It may still be loading.</summary>
    /// <exception cref="ApiException">404 listing the ids.</exception>
    public ServedConfiguration Resolve(string name)
    {
        if (registry.Find(name) is { } exact)
        {
            return exact;
        }

        bool any = name == Auto;
        if (!any && !registry.Models.Contains(name))
        {
            throw new ApiException(
                StatusCodes.Status404NotFound,
                $"The model '{(name.Length > 80 ? name[..80] + "..." : name)}' does not exist. There are: {string.Join(", ", Ids())}.",
                "model",
                "model_not_found");
        }

        return InOrder().FirstOrDefault(configuration => (any || configuration.Model == name) && configuration.Stage != ConfigurationState.Failed)
            ?? throw new ApiException(StatusCodes.Status503ServiceUnavailable, $"No configuration of '{name}' can be served; GET /api/configurations says why.", "model", "model_unavailable", "server_error");
    }

    /// <summary>Every id a client may name, `auto` first.</summary>
    public IEnumerable<string> Ids() => [Auto, .. registry.Models, .. registry.All.Select(configuration => configuration.Id)];

    /// <summary>Configurations that may stand in for one another, by ThreeE where it was measured: none below the floor, none that is not ready.</summary>
    public IEnumerable<ServedConfiguration> Alternatives(string wanted)
    {
        IReadOnlyList<string> candidates = selector.Candidates;
        return registry.All.Where(configuration =>
            configuration.Id != wanted
            && configuration.Stage == ConfigurationState.Ready
            && (candidates.Count == 0 || candidates.Contains(configuration.Id)));
    }

    /// <summary>By ThreeE, best first; what was not measured follows, the default before the others, fewest bits first.</summary>
    private IEnumerable<ServedConfiguration> InOrder()
    {
        IReadOnlyList<string> candidates = selector.Candidates;
        IEnumerable<ServedConfiguration> measured = candidates.Select(registry.Find).OfType<ServedConfiguration>();
        IEnumerable<ServedConfiguration> others = registry.All
            .Where(configuration => !candidates.Contains(configuration.Id))
            .OrderByDescending(configuration => configuration.Id == options.Value.DefaultConfiguration)
            .ThenBy(configuration => Bits(configuration.Precision));
        return measured.Concat(others);
    }

    private static int Bits(string precision) => precision switch
    {
        "int4" => 4,
        "int8" => 8,
        "fp16" or "bf16" => 16,
        _ => 32,
    };
}
