using GreenTune.Core.Contracts;

namespace GreenTune.Inference.External;

/// <summary>An upstream with its connections and what the last probe found.</summary>
internal sealed class ExternalConfiguration(Upstream upstream, TimeSpan connectTimeout)
{
    /// <summary>What these configurations have as their provider.</summary>
    public const string Provider = "external";

    private volatile Health _health = new(ConfigurationState.Waiting, null, null);

    public Upstream Upstream { get; } = upstream;

    public UpstreamConnection Connection { get; } = new(upstream, connectTimeout);

    /// <summary>Notes what a probe found.</summary>
    /// <param name="error">What is wrong; null when nothing.</param>
    /// <param name="at">When.</param>
    /// <returns>True where it was otherwise before.</returns>
    public bool Probed(string? error, DateTimeOffset at)
    {
        ConfigurationState before = _health.State;
        _health = new Health(error is null ? ConfigurationState.Ready : ConfigurationState.Failed, error, at);
        return _health.State != before;
    }

    public ExternalView View()
    {
        Health health = _health;
        return new ExternalView
        {
            Id = Upstream.Id,
            Url = Upstream.Url.AbsoluteUri,
            Model = Upstream.Model,
            ApiKeyVariable = Upstream.ApiKeyVariable,
            OnMeteredDevice = Upstream.OnMeteredDevice,
            FromSettings = Upstream.FromSettings,
            State = health.State,
            Error = health.Error,
            ProbedAt = health.At,
        };
    }

    /// <summary>As one of the service's configurations. What an upstream does not say (precision, parameters, context) is unknown.</summary>
    public ConfigurationView ConfigurationView()
    {
        Health health = _health;
        return new ConfigurationView { Id = Upstream.Id, Model = Upstream.Model, Precision = "unknown", Provider = Provider, State = health.State, Error = health.Error };
    }

    private sealed record Health(ConfigurationState State, string? Error, DateTimeOffset? At);
}
