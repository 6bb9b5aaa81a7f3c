using System.Text.Json;

namespace GreenTune.Models.Verification;

/// <summary>What a check of a folder against its checkpoint found (parity.json in the folder).</summary>
public sealed record ParityReport
{
    public const string FileName = "parity.json";

    public const int CurrentFormat = 1;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    public int Format { get; init; } = CurrentFormat;

    /// <summary>All comparisons that could be made were within their limits.</summary>
    public required bool Passed { get; init; }

    /// <summary>What was not, one sentence each.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    /// <summary>What could not be compared, and why.</summary>
    public required IReadOnlyList<string> NotChecked { get; init; }

    public required DateTimeOffset CheckedAt { get; init; }

    /// <summary>For example "ONNX Runtime 1.29.0".</summary>
    public required string Runtime { get; init; }

    /// <summary>"cpu" or "cuda".</summary>
    public required string Device { get; init; }

    /// <summary>The text that was used, for example "bundled evaluation text, 1,024 tokens".</summary>
    public required string Text { get; init; }

    /// <summary>SHA-256 of the checkpoint's files.</summary>
    public required string SourceSha256 { get; init; }

    /// <summary>The folder's logits against the checkpoint in float32: what precision costs.</summary>
    public required LogitComparison Checkpoint { get; init; }

    /// <summary>The folder's logits against float32 arithmetic on the weights as the folder stores them: whether the graphs are right. Null for fp32, where it is the same.</summary>
    public LogitComparison? StoredWeights { get; init; }

    /// <summary>Greedy tokens of the engine's graph against ONNX Runtime GenAI's Generator; null where it was not asked.</summary>
    public GreedyComparison? GenAI { get; init; }

    internal void Write(string folder)
    {
        string path = Path.Combine(folder, FileName);
        string temporary = $"{path}.{Guid.NewGuid():N}";
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(this, Json));
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Null where the folder was not checked.</summary>
    /// <exception cref="ModelFolderException">The file is not what <see cref="Write"/> writes.</exception>
    internal static ParityReport? Read(string folder)
    {
        string path = FolderPaths.Inside(folder, FileName);
        if (!File.Exists(path))
            return null;
        try
        {
            ParityReport? report = JsonSerializer.Deserialize<ParityReport>(File.ReadAllBytes(path), Json);
            // Another version's verdict is none.
            return report?.Format == CurrentFormat ? report : null;
        }
        catch (JsonException e)
        {
            throw new ModelFolderException(folder, $"{FileName} is not valid: {e.Message}; remove it or verify the folder again", e);
        }
    }
}

/// <summary>Greedy answers of two implementations to the same prompts.</summary>
/// <param name="Prompts">Prompts asked.</param>
/// <param name="Equal">Of those, with the same tokens throughout.</param>
/// <param name="TokensPerPrompt">Tokens of each answer.</param>
public sealed record GreedyComparison(int Prompts, int Equal, int TokensPerPrompt);
