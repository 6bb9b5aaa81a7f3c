namespace GreenTune.Models.Quantization;

/// <summary>How the codes of quantised weights are found.</summary>
public enum QuantizationMethod
{
    /// <summary>Round to nearest, the scale from each block's largest weight.</summary>
    Rtn,

    /// <summary>Round to nearest, with the scale of each block that makes the smallest squared error.</summary>
    Search,

    /// <summary>
    /// GPTQ (Frantar et al., arXiv 2210.17323): each column's rounding error is made up for in the columns not rounded yet, by second-order statistics of
    /// the inputs over a calibration text.
    /// </summary>
    Gptq,

    /// <summary>
    /// Activation-aware scaling (Lin et al., arXiv 2306.00978): inputs that matter more over a calibration text are scaled up before rounding, and the
    /// norm or map before them scaled down.
    /// </summary>
    Awq,

    /// <summary><see cref="Awq"/>'s scaling, then <see cref="Gptq"/>.</summary>
    AwqGptq,
}

public static class QuantizationMethods
{
    /// <summary>Whether the method needs a calibration text, and so the checkpoint's tokenizer.</summary>
    public static bool IsCalibrated(this QuantizationMethod method) => method is QuantizationMethod.Gptq or QuantizationMethod.Awq or QuantizationMethod.AwqGptq;

    /// <summary>"rtn", "search", "gptq", "awq" or "awq-gptq".</summary>
    public static string Word(this QuantizationMethod method) => method switch
    {
        QuantizationMethod.Rtn => "rtn",
        QuantizationMethod.Search => "search",
        QuantizationMethod.Gptq => "gptq",
        QuantizationMethod.Awq => "awq",
        QuantizationMethod.AwqGptq => "awq-gptq",
        _ => throw new ArgumentOutOfRangeException(nameof(method)),
    };
}
