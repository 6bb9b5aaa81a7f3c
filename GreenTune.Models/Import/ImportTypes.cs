namespace GreenTune.Models.Import;

/// <summary>In which form an imported model is.</summary>
public enum ImportKind
{
    /// <summary>A Hugging Face folder: config.json and safetensors files.</summary>
    Checkpoint,

    /// <summary>A GGUF file.</summary>
    Gguf,

    /// <summary>A folder in ONNX Runtime GenAI's format, which is served as it is.</summary>
    ModelFolder,
}

/// <summary>How much a finding matters.</summary>
public enum ImportSeverity
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Worth knowing.</summary>
    Note,

    /// <summary>Something will not work as one expects.</summary>
    Warning,
}

/// <summary>What an import found out about a model.</summary>
/// <param name="Severity">How much it matters.</param>
/// <param name="What">What was looked at, for example "chat template".</param>
/// <param name="Detail">What was found, in one sentence.</param>
public sealed record ImportFinding(ImportSeverity Severity, string What, string Detail);

/// <summary>What to import.</summary>
public sealed record ImportRequest
{
    /// <summary>A Hugging Face folder, a .gguf file, or a folder in ONNX Runtime GenAI's format.</summary>
    public required string Path { get; init; }

    /// <summary>Name of the model here; null takes that of the folder or file.</summary>
    public string? Name { get; init; }

    /// <summary>The files are moved here, not copied.</summary>
    public bool Move { get; init; }
}

/// <summary>How far an import is.</summary>
/// <param name="File">The file that is copied.</param>
/// <param name="Bytes">Copied of all files.</param>
/// <param name="Size">Of all files.</param>
public sealed record ImportProgress(string File, long Bytes, long Size);

/// <summary>A model that was imported.</summary>
/// <param name="Kind">Its form.</param>
/// <param name="Name">Its name here.</param>
/// <param name="Folder">Full path.</param>
/// <param name="Bytes">Size of its files.</param>
/// <param name="Findings">What was found out about it.</param>
public sealed record ImportedModel(ImportKind Kind, string Name, string Folder, long Bytes, IReadOnlyList<ImportFinding> Findings);

/// <summary>A model cannot be imported; the message says why in one sentence and names the option that helps.</summary>
public sealed class ImportException(string message, Exception? innerException = null) : Exception(message, innerException);
