using System.Collections.Immutable;
using System.Threading.Channels;

namespace GreenTune.Inference.Configurations;

/// <summary>The configurations this service knows: those of the start, and those that are built or removed while it runs. Safe for concurrent use.</summary>
internal sealed class ConfigurationRegistry
{
    private readonly Lock _gate = new();
    private readonly Channel<ServedConfiguration> _added = Channel.CreateUnbounded<ServedConfiguration>();
    private volatile Known _known;

    public ConfigurationRegistry(IEnumerable<ServedConfiguration> configurations)
    {
        _known = Known.Of([.. configurations]);
        foreach (ServedConfiguration configuration in _known.All)
        {
            configuration.Load = Ask;
        }
    }

    public IReadOnlyList<ServedConfiguration> All => _known.All;

    /// <summary>Names of the models, each once.</summary>
    public IReadOnlyList<string> Models => _known.Models;

    /// <summary>Configurations that came after the start, or that are asked for while they are not in memory: for the loader.</summary>
    public ChannelReader<ServedConfiguration> Added => _added.Reader;

    public ServedConfiguration? Find(string id) => _known.ById.GetValueOrDefault(id);

    /// <summary>Adds a configuration, which is then loaded; it takes the place of one that failed. One that is there and did not fail stays.</summary>
    public void Add(ServedConfiguration configuration)
    {
        lock (_gate)
        {
            ServedConfiguration? there = Find(configuration.Id);
            if (there is not null && there.Stage != Core.Contracts.ConfigurationState.Failed)
            {
                return;
            }

            configuration.Load = Ask;
            _known = Known.Of(there is null ? _known.All.Add(configuration) : _known.All.Replace(there, configuration));
        }

        _added.Writer.TryWrite(configuration);
    }

    /// <summary>Has a configuration loaded that is not in memory. Asking for the same one again changes nothing.</summary>
    private void Ask(ServedConfiguration configuration)
    {
        lock (_gate)
        {
            if (configuration.Stage != Core.Contracts.ConfigurationState.Unloaded)
            {
                return;
            }

            configuration.Enter(Core.Contracts.ConfigurationState.Waiting);
        }

        _added.Writer.TryWrite(configuration);
    }

    /// <summary>Takes a configuration out of service: new requests do not find it, and those that run in it end as usual.</summary>
    public void Remove(ServedConfiguration configuration)
    {
        lock (_gate)
        {
            _known = Known.Of(_known.All.Remove(configuration));
        }

        configuration.Release();
    }

    private sealed record Known(ImmutableArray<ServedConfiguration> All, ImmutableDictionary<string, ServedConfiguration> ById, IReadOnlyList<string> Models)
    {
        public static Known Of(ImmutableArray<ServedConfiguration> all) => new(
            all,
            all.ToImmutableDictionary(configuration => configuration.Id, StringComparer.Ordinal),
            [.. all.Select(configuration => configuration.Model).Distinct(StringComparer.Ordinal)]);
    }
}
