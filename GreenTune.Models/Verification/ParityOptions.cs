namespace GreenTune.Models.Verification;

/// <summary>How thoroughly a folder is checked.</summary>
public sealed record ParityOptions
{
    /// <summary>Tokens that are compared, over all texts.</summary>
    /// <value>The default is 1,024.</value>
    public int Tokens { get; init; } = 1024;

    /// <summary>Tokens of each text; every one starts at position 0.</summary>
    /// <value>The default is 256.</value>
    public int TextLength { get; init; } = 256;

    /// <summary>A text file to use instead of the bundled evaluation text.</summary>
    public string? TextFile { get; init; }

    /// <summary>Run the folder on the first CUDA device instead of the CPU.</summary>
    public bool Cuda { get; init; }

    /// <summary>Prompts that ONNX Runtime GenAI's Generator answers too; 0 leaves it out.</summary>
    /// <value>The default is 4.</value>
    public int GreedyPrompts { get; init; } = 4;

    /// <summary>Tokens of each such answer.</summary>
    /// <value>The default is 24.</value>
    public int GreedyTokens { get; init; } = 24;
}

/// <summary>What a check does now.</summary>
/// <param name="What">For example "reference".</param>
/// <param name="Fraction">How far the whole check is, 0 to 1.</param>
public readonly record struct ParityProgress(string What, double Fraction);
