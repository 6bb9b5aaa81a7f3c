using GreenTune.Models.Building;

namespace GreenTune.Models.Store;

/// <summary>A model at a precision for a provider: what a request's <c>model</c> names.</summary>
public sealed record ModelConfiguration
{
    /// <summary>For example "greentune-tiny-int4".</summary>
    public required string Id { get; init; }

    /// <summary>For example "greentune-tiny".</summary>
    public required string Model { get; init; }

    public required BuildOptions Options { get; init; }

    /// <summary>The checkpoint's folder.</summary>
    public required string SourceFolder { get; init; }

    public Precision Precision => Options.Precision;

    public Provider Provider => Options.Provider;

    internal static ModelConfiguration Of(string sourceFolder, Precision precision, Provider provider)
    {
        string model = Path.GetFileName(sourceFolder);
        return new ModelConfiguration
        {
            Id = $"{model}-{precision.Word()}",
            Model = model,
            Options = new BuildOptions { Precision = precision, Provider = provider },
            SourceFolder = sourceFolder,
        };
    }
}

/// <summary>An id that names no configuration; the message lists those that there are.</summary>
public sealed class UnknownConfigurationException(string id, IReadOnlyList<string> known)
    : Exception($"There is no configuration '{id}'. Known are: {string.Join(", ", known)}.")
{
    public string Id { get; } = id;

    public IReadOnlyList<string> Known { get; } = known;
}
