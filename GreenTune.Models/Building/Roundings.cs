using GreenTune.Models.Architectures;
using GreenTune.Models.Calibration;
using GreenTune.Models.Quantization;
using GreenTune.Models.Quantization.Calibrated;

namespace GreenTune.Models.Building;

/// <summary>Makes the rounding that a folder's options ask for.</summary>
internal static class Roundings
{
    /// <param name="options">Precision, method and form.</param>
    /// <param name="model">What is rounded.</param>
    /// <param name="sourceFolder">The checkpoint's folder, whose tokenizer calibrated methods need.</param>
    /// <param name="calibrating">Told whenever statistics over a calibration text begin to be made.</param>
    /// <param name="cancellationToken">Stops calibration.</param>
    /// <returns>Null where weights are floating point.</returns>
    /// <exception cref="ModelFolderException">The method needs a tokenizer and there is none that fits.</exception>
    public static IRounding? Create(BuildOptions options, DecoderModel model, string sourceFolder, Action calibrating, CancellationToken cancellationToken)
    {
        if (options.Bits is not { } bits)
            return null;
        var format = new BlockFormat(bits, options.BlockSize, options.Symmetric, options.Activations);
        return options.Method switch
        {
            QuantizationMethod.Rtn => new PlainRounding(f => new RoundToNearest(f), format),
            QuantizationMethod.Search => new PlainRounding(f => new SearchRounding(f), format),
            QuantizationMethod.Gptq => Calibrated(new(Scaling: false, Feedback: true)),
            QuantizationMethod.Awq => Calibrated(new(Scaling: true, Feedback: false)),
            QuantizationMethod.AwqGptq => Calibrated(new(Scaling: true, Feedback: true)),
            _ => throw new ArgumentException($"The method {options.Method.Word()} is not known."),
        };

        CalibratedRounding Calibrated(CalibratedSteps steps)
        {
            if (options.CalibrationText is { } wanted && options.CalibrationHash() is var given && given != wanted)
                throw new ModelFolderException(sourceFolder, $"it was calibrated with a text whose SHA-256 begins with {wanted}; give that text to build it again, for example --calibration text.txt");
            calibrating();
            CalibrationSample sample = CalibrationSample.Read(sourceFolder, options, model.Shape.ContextLength, model.Shape.VocabularySize);
            return new CalibratedRounding(model, sample, format, steps, calibrating, cancellationToken);
        }
    }
}
