using System.Collections.Immutable;
using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Selection;
using GreenTune.ServiceDefaults.Access;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.External;

/// <summary>Upstreams of the settings and those that were registered, which are kept over restarts. Safe for concurrent use.</summary>
internal sealed partial class ExternalRegistry : IDisposable
{
    private readonly Lock _gate = new();
    private readonly ConfigurationRegistry _local;
    private readonly ExternalOptions _options;
    private readonly AllowedHosts _hosts;
    private readonly string _file;
    private readonly ILogger<ExternalRegistry> _logger;
    private ImmutableDictionary<string, ExternalConfiguration> _all = ImmutableDictionary<string, ExternalConfiguration>.Empty.WithComparers(StringComparer.Ordinal);

    /// <param name="directory">Where registered upstreams are kept.</param>
    public ExternalRegistry(ConfigurationRegistry local, IOptions<ExternalOptions> options, string directory, ILogger<ExternalRegistry> logger)
    {
        _local = local;
        _options = options.Value;
        _hosts = new AllowedHosts([.. _options.Allow]);
        _file = Path.Combine(directory, "external.json");
        _logger = logger;
        foreach (UpstreamOptions upstream in _options.Upstreams)
        {
            if (IsTaken(upstream.Id!))
            {
                throw new OptionsValidationException(ExternalOptions.Section, typeof(ExternalOptions), [$"{ExternalOptions.Section}:Upstreams has the id {upstream.Id}, which is a configuration or model of this service."]);
            }

            Put(Upstream.Of(upstream));
        }

        Restore();
    }

    /// <summary>By id.</summary>
    public IReadOnlyList<ExternalConfiguration> All => [.. Volatile.Read(ref _all).Values.OrderBy(configuration => configuration.Upstream.Id, StringComparer.Ordinal)];

    /// <summary>Whether there are none, which spares requests a look.</summary>
    public bool IsEmpty => Volatile.Read(ref _all).IsEmpty;

    public ExternalConfiguration? Find(string id) => Volatile.Read(ref _all).GetValueOrDefault(id);

    /// <summary>Registers an upstream.</summary>
    /// <exception cref="ExternalRefusedException">Its fields are wrong, its host is not allowed, its id is taken, or there are as many as there may be.</exception>
    public ExternalConfiguration Add(ExternalInput input)
    {
        Upstream upstream = Checked(input);
        lock (_gate)
        {
            if (IsTaken(upstream.Id) || _all.ContainsKey(upstream.Id))
            {
                throw new ExternalRefusedException(StatusCodes.Status409Conflict, "id", $"{upstream.Id} is the id of another configuration or model.");
            }

            if (_all.Count >= _options.MaxUpstreams)
            {
                throw new ExternalRefusedException(StatusCodes.Status409Conflict, "id", $"there are {_options.MaxUpstreams} upstreams, as many as {ExternalOptions.Section}:MaxUpstreams allows; remove one first.");
            }

            ExternalConfiguration added = Put(upstream);
            Save();
            return added;
        }
    }

    /// <summary>Takes an upstream out of service; requests that run on it end as usual.</summary>
    /// <exception cref="ExternalRefusedException">It is not there, or stands in the settings.</exception>
    public void Remove(string id)
    {
        lock (_gate)
        {
            ExternalConfiguration configuration = Find(id) ?? throw new ExternalRefusedException(StatusCodes.Status404NotFound, "id", $"there is no upstream '{id}'.");
            if (configuration.Upstream.FromSettings)
            {
                throw new ExternalRefusedException(StatusCodes.Status409Conflict, "id", $"{id} stands in {ExternalOptions.Section}:Upstreams; take it out there.");
            }

            _all = _all.Remove(id);
            Save();
        }
    }

    public void Dispose()
    {
        foreach (ExternalConfiguration configuration in _all.Values)
        {
            configuration.Connection.Dispose();
        }
    }

    private Upstream Checked(ExternalInput input)
    {
        foreach ((string field, string problem) in Upstream.Check(input.Id, input.Url, input.Model))
        {
            throw new ExternalRefusedException(StatusCodes.Status400BadRequest, field, problem);
        }

        if (input.ApiKeyVariable is { Length: > 0 } variable
            && (!variable.StartsWith(Upstream.KeyPrefix, StringComparison.Ordinal) || variable.Length > 100 || !variable.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')))
        {
            throw new ExternalRefusedException(StatusCodes.Status400BadRequest, "apiKeyVariable", $"must be the name of an environment variable that begins with {Upstream.KeyPrefix}, for example {Upstream.KeyPrefix}VLLM.");
        }

        Uri address = Upstream.Address(input.Url)!;
        (bool allowed, bool mayBeInner) = _hosts.Check(address);
        return allowed
            ? new Upstream(input.Id!, address, input.Model!, string.IsNullOrEmpty(input.ApiKeyVariable) ? null : input.ApiKeyVariable, input.OnMeteredDevice, false, mayBeInner)
            : throw new ExternalRefusedException(StatusCodes.Status400BadRequest, "url", $"names the host {address.Authority}, which {ExternalOptions.Section}:Allow does not list.");
    }

    private bool IsTaken(string id) => id == ModelResolver.Auto || _local.Find(id) is not null || _local.Models.Contains(id);

    private ExternalConfiguration Put(Upstream upstream)
    {
        var configuration = new ExternalConfiguration(upstream, TimeSpan.FromSeconds(_options.ConnectSeconds));
        _all = _all.SetItem(upstream.Id, configuration);
        return configuration;
    }

    private void Restore()
    {
        try
        {
            if (!File.Exists(_file))
            {
                return;
            }

            foreach (ExternalInput input in JsonSerializer.Deserialize<ExternalInput[]>(File.ReadAllText(_file), ContractJson.Options) ?? [])
            {
                try
                {
                    // The allow-list may have become shorter since.
                    Upstream upstream = Checked(input);
                    if (!IsTaken(upstream.Id) && !_all.ContainsKey(upstream.Id))
                    {
                        Put(upstream);
                    }
                }
                catch (ExternalRefusedException e)
                {
                    LogNotRestored(input.Id ?? "?", e.Message);
                }
            }
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            LogUnreadable(_file, e.Message);
        }
    }

    private void Save()
    {
        try
        {
            ExternalInput[] registered =
            [
                .. All.Select(configuration => configuration.Upstream).Where(upstream => !upstream.FromSettings).Select(upstream => new ExternalInput
                {
                    Id = upstream.Id,
                    Url = upstream.Url.AbsoluteUri,
                    Model = upstream.Model,
                    ApiKeyVariable = upstream.ApiKeyVariable,
                    OnMeteredDevice = upstream.OnMeteredDevice,
                }),
            ];
            string part = _file + ".part";
            File.WriteAllText(part, JsonSerializer.Serialize(registered, ContractJson.Options));
            File.Move(part, _file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnwritable(_file, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{File} cannot be read ({Reason}); registered upstreams are not offered until they are registered again")]
    private partial void LogUnreadable(string file, string reason);

    [LoggerMessage(2, LogLevel.Warning, "{File} cannot be written ({Reason}); registered upstreams are not kept over a restart")]
    private partial void LogUnwritable(string file, string reason);

    [LoggerMessage(3, LogLevel.Warning, "The registered upstream {Upstream} is not offered any more: {Reason}")]
    private partial void LogNotRestored(string upstream, string reason);
}

/// <summary>An upstream cannot be registered or removed.</summary>
internal sealed class ExternalRefusedException(int status, string field, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Field { get; } = field;
}
