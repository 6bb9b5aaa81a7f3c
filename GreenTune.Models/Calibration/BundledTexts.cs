namespace GreenTune.Models.Calibration;

/// <summary>Texts that ship with GreenTune, written for it and under its licence.</summary>
public static class BundledTexts
{
    private static readonly Lazy<MarkedText> LazyCalibration = new(() => Read("calibration.txt", "bundled calibration text"));

    private static readonly Lazy<MarkedText> LazyEvaluation = new(() => Read("evaluation.txt", "bundled evaluation text"));

    /// <summary>What quantisation methods calibrate with. Nothing is measured on it.</summary>
    public static MarkedText Calibration => LazyCalibration.Value;

    /// <summary>What perplexity is measured on. Nothing is calibrated with it.</summary>
    public static MarkedText Evaluation => LazyEvaluation.Value;

    private static MarkedText Read(string file, string name)
    {
        using Stream stream = typeof(BundledTexts).Assembly.GetManifestResourceStream("GreenTune.Models.Calibration.Texts." + file)
            ?? throw new InvalidOperationException($"The resource {file} is missing.");
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return MarkedText.Of(name, bytes.ToArray());
    }
}
