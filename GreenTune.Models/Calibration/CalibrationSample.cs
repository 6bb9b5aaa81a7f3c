using System.Globalization;
using GreenTune.Models.Building;
using GreenTune.Models.Quantization;
using GreenTune.Models.Tokenization;

namespace GreenTune.Models.Calibration;

/// <summary>Token ids that calibrated rounding sends through a model.</summary>
/// <param name="Sequences">Each starts at position 0 and sees itself alone.</param>
/// <param name="Description">What they are and their hash, as a folder's manifest says it.</param>
internal sealed record CalibrationSample(IReadOnlyList<int[]> Sequences, string Description)
{
    /// <summary>Longer sequences would make attention's cost grow and teach no more about the weights.</summary>
    private const int LongestSequence = 512;

    /// <summary>The calibration text that the options name, in the tokens of the checkpoint's own tokenizer.</summary>
    /// <param name="sourceFolder">Folder with tokenizer.json and tokenizer_config.json.</param>
    /// <param name="options">Method, text and number of tokens.</param>
    /// <param name="contextLength">Tokens of one sequence, at most.</param>
    /// <param name="vocabularySize">Ids are below this.</param>
    /// <exception cref="ModelFolderException">There is no tokenizer, or its ids are not the model's.</exception>
    public static CalibrationSample Read(string sourceFolder, BuildOptions options, int contextLength, int vocabularySize)
    {
        MarkedText text = options.CalibrationFile is { } file ? MarkedText.Open(file) : BundledTexts.Calibration;
        using ChatTokenizer tokenizer = OpenTokenizer(sourceFolder, options.Method);
        IReadOnlyList<int[]> sequences = text.Encode(tokenizer, options.CalibrationTokens, Math.Min(LongestSequence, contextLength));
        int tokens = sequences.Sum(s => s.Length);
        if (tokens == 0)
            throw new ModelFolderException(sourceFolder, $"{text.Name} gives no tokens to calibrate {options.Method.Word()} with");
        if (sequences.Max(s => s.Max()) is var largest && largest >= vocabularySize)
            throw new ModelFolderException(sourceFolder, $"its tokenizer gives the id {largest}, and the model has {vocabularySize} tokens: {options.Method.Word()} cannot be calibrated; rtn and search need no tokenizer");
        return new(sequences, string.Create(CultureInfo.InvariantCulture, $"{text.Name}, {tokens} tokens, sha256 {text.Sha256}"));
    }

    private static ChatTokenizer OpenTokenizer(string folder, QuantizationMethod method)
    {
        try
        {
            return ChatTokenizer.Open(folder);
        }
        catch (ModelFolderException e)
        {
            throw new ModelFolderException(folder, $"the method {method.Word()} is calibrated with a text and needs the checkpoint's tokenizer; rtn and search need none ({e.Message})", e);
        }
    }
}
