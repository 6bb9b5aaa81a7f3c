namespace GreenTune.Core.Contracts;

/// <summary>Registers an OpenAI-compatible engine elsewhere (POST /api/external on Inference).</summary>
public sealed record ExternalInput
{
    /// <summary>What requests name as their model, for example "vllm-llama-8b"; 1 to 200 characters of [A-Za-z0-9._:/@+-].</summary>
    public string? Id { get; init; }

    /// <summary>Address up to and with its version, for example "http://gpu-7:8000/v1". Its host has to be in Inference:External:Allow.</summary>
    public string? Url { get; init; }

    /// <summary>What the upstream calls the model.</summary>
    public string? Model { get; init; }

    /// <summary>Name of the environment variable of this service that holds the upstream's key; null for none. It has to begin with "GREENTUNE_UPSTREAM_".</summary>
    public string? ApiKeyVariable { get; init; }

    /// <summary>The upstream runs on the device that this service meters, and alone on it: its requests get a modelled share of the device's energy.</summary>
    public bool OnMeteredDevice { get; init; }
}

/// <summary>An engine elsewhere (GET /api/external on Inference).</summary>
public sealed record ExternalView
{
    public required string Id { get; init; }

    public required string Url { get; init; }

    public required string Model { get; init; }

    public string? ApiKeyVariable { get; init; }

    public required bool OnMeteredDevice { get; init; }

    /// <summary>It stands in the service's settings and is not removed over HTTP.</summary>
    public required bool FromSettings { get; init; }

    /// <summary>Ready when the last probe found it, failed when it did not, waiting before the first.</summary>
    public required ConfigurationState State { get; init; }

    /// <summary>What the last probe found wrong; null when nothing.</summary>
    public string? Error { get; init; }

    /// <summary>When it was last probed; null before the first time.</summary>
    public DateTimeOffset? ProbedAt { get; init; }
}
