using System.Security.Cryptography;
using System.Text;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Checkpoints.Gguf;

namespace GreenTune.Models.Folders;

/// <summary>Identity of a checkpoint: SHA-256 of every file that a folder is made from, and one over all of them.</summary>
public sealed record SourceFingerprint(string Sha256, IReadOnlyList<SourceFile> Weights)
{
    /// <summary>Files that are copied into a folder where the source has them.</summary>
    internal static readonly IReadOnlyList<string> CopiedFiles =
        ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja"];

    /// <summary>All files of a checkpoint that decide what is built, weights last.</summary>
    internal static IReadOnlyList<string> Files(string folder)
    {
        // A GGUF file holds its settings and tokenizer itself.
        string[] settings = GgufCheckpoint.IsIn(folder) ? [] : [Checkpoint.ConfigFile, Checkpoint.GenerationConfigFile, .. CopiedFiles];
        return [.. settings.Where(f => File.Exists(Path.Combine(folder, f))), .. Checkpoint.WeightFiles(folder)];
    }

    /// <param name="folder">The checkpoint.</param>
    /// <param name="hash">Hash of one file, given its path; null reads it.</param>
    /// <param name="cancellationToken">Stops between blocks of a file.</param>
    internal static SourceFingerprint Of(string folder, Func<string, string>? hash, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> weightFiles = Checkpoint.WeightFiles(folder);
        var weights = new List<SourceFile>();
        var all = new StringBuilder();
        foreach (string name in Files(folder))
        {
            string path = FolderPaths.Inside(folder, name);
            if (!File.Exists(path))
                throw new ModelFolderException(folder, $"{name} is missing");
            string sha = hash is null ? HashOf(path, cancellationToken) : hash(path);
            all.Append(name).Append('\n').Append(sha).Append('\n');
            if (weightFiles.Contains(name))
                weights.Add(new SourceFile(name, new FileInfo(path).Length, sha));
        }
        return new SourceFingerprint(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all.ToString()))), weights);
    }

    internal static string HashOf(string path, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        var buffer = new byte[1 << 20];
        for (int read; (read = file.Read(buffer)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
