namespace GreenTune.Core.Contracts;

/// <summary>Asks for an adapter of the adapters folder (POST /api/configurations/{id}/adapters on Inference).</summary>
/// <param name="Name">The file's name without ".onnx_adapter", for example "support".</param>
public sealed record AdapterInput(string? Name);

/// <summary>Adapters of a configuration (GET /api/configurations/{id}/adapters on Inference).</summary>
public sealed record AdaptersView
{
    public required string Configuration { get; init; }

    /// <summary>Whether its folder was built for adapters; null until it is loaded.</summary>
    public bool? TakesAdapters { get; init; }

    /// <summary>In memory, by name.</summary>
    public required IReadOnlyList<AdapterView> Loaded { get; init; }

    /// <summary>Names of the files that can be loaded. Whether one fits the configuration shows when it is.</summary>
    public required IReadOnlyList<string> Available { get; init; }
}

/// <summary>An adapter in memory.</summary>
public sealed record AdapterView
{
    public required string Name { get; init; }

    /// <summary>What requests name as their model, for example "greentune-tiny-int4-lora:support".</summary>
    public required string Model { get; init; }

    /// <summary>Largest rank of a changed map; packed maps count the ranks of their parts together.</summary>
    public required int Rank { get; init; }

    /// <summary>Bytes of its matrices.</summary>
    public required long Bytes { get; init; }

    public required DateTimeOffset LoadedAt { get; init; }

    /// <summary>Requests that run with it now.</summary>
    public required int Requests { get; init; }
}
