using GreenTune.Models.Calibration;
using GreenTune.Models.Tokenization;

namespace GreenTune.Models.Verification;

/// <summary>The tokens that a folder is checked with.</summary>
/// <param name="Sequences">Token ids of the texts.</param>
/// <param name="IsText">They are text: perplexities say something.</param>
/// <param name="Name">What they are, in words.</param>
internal sealed record ParityText(IReadOnlyList<int[]> Sequences, bool IsText, string Name)
{
    private const int Seed = 20261121;

    /// <param name="folder">The checkpoint, or another folder with its tokenizer.</param>
    /// <param name="vocabulary">Number of tokens.</param>
    /// <param name="length">Most tokens of a text, which the context may limit.</param>
    /// <param name="options">How much, and from where.</param>
    /// <exception cref="ModelFolderException">The text file cannot be read, or has too few tokens.</exception>
    public static ParityText Read(string folder, int vocabulary, int length, ParityOptions options)
    {
        if (!File.Exists(Path.Combine(folder, "tokenizer.json")))
        {
            var random = new Random(Seed);
            int[] ids = [.. Enumerable.Range(0, options.Tokens).Select(_ => random.Next(vocabulary))];
            return new(Cut(ids, length), false, $"{options.Tokens:N0} random tokens: the folder has no tokenizer");
        }
        MarkedText text = options.TextFile is null ? BundledTexts.Evaluation : MarkedText.Open(options.TextFile);
        using ChatTokenizer tokenizer = ChatTokenizer.Open(folder);
        IReadOnlyList<int[]> sequences = text.Encode(tokenizer, options.Tokens, length);
        return sequences.Count > 0
            ? new(sequences, true, FormattableString.Invariant($"{text.Name}, {sequences.Sum(s => s.Length):N0} tokens"))
            : throw new ModelFolderException(folder, $"{text.Name} has fewer than 2 tokens");
    }

    private static int[][] Cut(int[] tokens, int length) => [.. tokens.Chunk(length)];
}
