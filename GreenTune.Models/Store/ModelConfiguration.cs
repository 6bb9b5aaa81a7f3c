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

    /// <summary>The configuration of a checkpoint that is built with these options. Its id says what is not the default, as in "greentune-tiny-int4-gptq".</summary>
    /// <param name="sourceFolder">The checkpoint's folder, whose name is the model's.</param>
    /// <param name="options">How it is built.</param>
    /// <exception cref="ArgumentException">The options do not go together.</exception>
    public static ModelConfiguration Of(string sourceFolder, BuildOptions options)
    {
        options.Validate();
        string model = Path.GetFileName(sourceFolder);
        return new ModelConfiguration
        {
            Id = $"{model}-{options.Precision.Word()}{options.Variant}",
            Model = model,
            Options = options,
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
