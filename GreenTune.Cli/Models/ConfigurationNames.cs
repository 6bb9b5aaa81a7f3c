using GreenTune.Cli.CommandLine;
using GreenTune.Models.Building;
using GreenTune.Models.Store;

namespace GreenTune.Cli.Models;

/// <summary>What ids on the command line mean: a configuration, or a model and with it all of its configurations.</summary>
internal static class ConfigurationNames
{
    /// <summary>Configurations in the order they were named, each once; all of the provider's where none is named.</summary>
    /// <exception cref="BadUsageException">An id names nothing; the message lists what there is.</exception>
    public static IReadOnlyList<ModelConfiguration> Find(ModelStore store, IReadOnlyList<string> ids, Provider provider)
    {
        IReadOnlyList<ModelConfiguration> all = store.Configurations(provider);
        return ids.Count == 0 ? all : [.. ids.SelectMany(Named).DistinctBy(c => c.Id)];

        IReadOnlyList<ModelConfiguration> Named(string id)
        {
            ModelConfiguration[] named = [.. all.Where(c => Same(c.Id, id) || Same(c.Model, id))];
            return named.Length > 0
                ? named
                : throw new BadUsageException($"there is no configuration or model '{id}' for {provider.Word()}; there are {string.Join(", ", all.Select(c => c.Id))}, and {string.Join(", ", all.Select(c => c.Model).Distinct())} for all of a model's");
        }
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
