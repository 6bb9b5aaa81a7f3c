using GreenTune.Core.Contracts;
using GreenTune.Inference.Adapters;
using GreenTune.Inference.Chat;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.External;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Selection;

/// <summary>Turns what a client names (a configuration, a model, `auto`, any of them with ":adapter") into the configuration that answers.</summary>
internal sealed class ModelResolver(ConfigurationRegistry registry, AutoSelector selector, AdapterRegistry adapters, ExternalRegistry external, IOptions<InferenceOptions> options)
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

        if (AdapterName.Split(name) is { } parts && Known(parts.Base))
        {
            return Adapted(parts.Base, parts.Adapter) ?? throw Unknown(name);
        }

        return Best(name) ?? throw (Known(name)
            ? new ApiException(StatusCodes.Status503ServiceUnavailable, $"No configuration of '{name}' can be served; GET /api/configurations says why.", "model", "model_unavailable", "server_error")
            : Unknown(name));
    }

    /// <summary>Refuses a name that nothing here or elsewhere answers to.</summary>
    /// <exception cref="ApiException">404 listing the ids.</exception>
    public void Check(string name)
    {
        if (external.Find(name) is null)
        {
            Resolve(name);
        }
    }

    /// <summary>Every id a client may name, `auto` first.</summary>
    public IEnumerable<string> Ids() =>
    [
        Auto,
        .. registry.Models,
        .. registry.All.Select(configuration => configuration.Id),
        .. registry.All.SelectMany(configuration => adapters.Of(configuration.Id)).Select(adapter => adapter.Model),
        .. external.All.Select(configuration => configuration.Upstream.Id),
    ];

    /// <summary>Configurations that may stand in for one another, by ThreeE where it was measured: none below the floor, none that is not ready.</summary>
    /// <param name="wanted">The configuration that would answer.</param>
    /// <param name="requested">What the client named: where it is an adapter, only configurations that have it loaded can stand in.</param>
    public IEnumerable<ServedConfiguration> Alternatives(string wanted, string? requested = null)
    {
        IReadOnlyList<string> candidates = selector.Candidates;
        string? adapter = requested is null ? null : AdapterName.Of(requested, wanted);
        return registry.All.Where(configuration =>
            configuration.Id != wanted
            && configuration.Stage == ConfigurationState.Ready
            && (candidates.Count == 0 || candidates.Contains(configuration.Id))
            && (adapter is null || adapters.IsLoaded(configuration.Id, adapter)));
    }

    private bool Known(string name) => name == Auto || registry.Find(name) is not null || registry.Models.Contains(name);

    private ServedConfiguration? Best(string name) =>
        InOrder().FirstOrDefault(configuration => (name == Auto || configuration.Model == name) && configuration.Stage != ConfigurationState.Failed);

    /// <summary>The configuration itself, or the best one of a model or of all, that has the adapter loaded.</summary>
    private ServedConfiguration? Adapted(string name, string adapter) =>
        InOrder().FirstOrDefault(configuration => (name == Auto || configuration.Id == name || configuration.Model == name) && adapters.IsLoaded(configuration.Id, adapter));

    private ApiException Unknown(string name) => new(
        StatusCodes.Status404NotFound,
        $"The model '{(name.Length > 80 ? name[..80] + "..." : name)}' does not exist. There are: {string.Join(", ", Ids())}.",
        "model",
        "model_not_found");

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
