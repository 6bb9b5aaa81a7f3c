using System.Collections.Frozen;

namespace GreenTune.Inference.Configurations;

/// <summary>The configurations this service knows, fixed at start.</summary>
internal sealed class ConfigurationRegistry
{
    private readonly FrozenDictionary<string, ServedConfiguration> _byId;

    public ConfigurationRegistry(IEnumerable<ServedConfiguration> configurations)
    {
        All = [.. configurations];
        _byId = All.ToFrozenDictionary(configuration => configuration.Id, StringComparer.Ordinal);
        Models = [.. All.Select(configuration => configuration.Model).Distinct(StringComparer.Ordinal)];
    }

    public IReadOnlyList<ServedConfiguration> All { get; }

    /// <summary>Names of the models, each once.</summary>
    public IReadOnlyList<string> Models { get; }

    public ServedConfiguration? Find(string id) => _byId.GetValueOrDefault(id);
}
