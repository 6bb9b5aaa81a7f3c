using GreenTune.Models.Checkpoints;
using GreenTune.Models.Checkpoints.Gguf;

namespace GreenTune.Models.Store;

/// <summary>In which form a checkpoint is.</summary>
public enum CheckpointKind
{
    /// <summary>config.json and safetensors files.</summary>
    Safetensors,

    /// <summary>One GGUF file.</summary>
    Gguf,
}

/// <summary>Tells by file names what a folder holds.</summary>
public static class CheckpointKinds
{
    public const string GgufEnding = ".gguf";

    /// <summary>What kind of checkpoint a folder holds; null for none.</summary>
    public static CheckpointKind? Of(string folder) => !Checkpoint.IsIn(folder) ? null : GgufCheckpoint.IsOneIn(folder) ? CheckpointKind.Gguf : CheckpointKind.Safetensors;

    /// <summary>The only GGUF file of a folder; null where there is none or several.</summary>
    public static string? GgufFile(string folder)
    {
        string[] files = [.. Directory.EnumerateFiles(folder).Where(f => f.EndsWith(GgufEnding, StringComparison.OrdinalIgnoreCase)).Take(2)];
        return files.Length == 1 ? files[0] : null;
    }

    /// <exception cref="ModelFolderException">The folder holds no checkpoint.</exception>
    internal static CheckpointKind Require(string folder) => Of(folder)
        ?? throw new ModelFolderException(folder, $"this is no checkpoint: neither {Checkpoint.ConfigFile} with {Checkpoint.SingleWeightsFile} or {Checkpoint.WeightsIndexFile}, nor exactly one {GgufEnding} file");
}
