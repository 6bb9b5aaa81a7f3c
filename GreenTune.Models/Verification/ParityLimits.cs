using GreenTune.Models.Building;
using GreenTune.Models.Folders;

namespace GreenTune.Models.Verification;

/// <summary>How far a folder may be from what it should compute. How the numbers were found: docs/decisions/015-parity.md.</summary>
/// <param name="RelativeDifference">Of the largest logit; null where rounded activations leave no sharp limit.</param>
/// <param name="MeanDivergence">Nats.</param>
internal sealed record ParityLimits(double? RelativeDifference, double MeanDivergence)
{
    /// <summary>Against float32 arithmetic on the folder's own weights.</summary>
    public static ParityLimits OfGraphs(ModelManifest manifest) => (manifest.Provider, manifest.Precision, manifest.AccuracyLevel) switch
    {
        (Provider.Cpu, Precision.Fp32, _) or (Provider.Cpu, _, 0) => new(1e-4, 1e-6),
        // Activations rounded to 8 bits in blocks.
        (Provider.Cpu, _, _) => new(null, 5e-3),
        _ => manifest.Activations == "bfloat16" ? new(null, 5e-3) : new(null, 2e-4),
    };

    /// <summary>
    /// Share of positions at which the folder must find the checkpoint's most likely token. Int4 keeps nine in ten of a text that the model was trained for;
    /// below one in two the precision, or the disk, has broken the model. Perplexities are no measure here: a small model's explode on texts of another kind.
    /// </summary>
    public const double Top1Floor = 0.5;

    public IEnumerable<string> Failures(LogitComparison comparison)
    {
        if (RelativeDifference is { } limit && !(comparison.RelativeDifference <= limit))
            yield return FormattableString.Invariant($"Against the {comparison.Against} a logit differs by {comparison.RelativeDifference:0.0e+0} of the largest; {limit:0.0e+0} is allowed.");
        if (!(comparison.MeanDivergence <= MeanDivergence))
            yield return FormattableString.Invariant($"Against the {comparison.Against} the mean divergence is {comparison.MeanDivergence:0.0e+0} nats; {MeanDivergence:0.0e+0} is allowed.");
        if (comparison.UnexplainedDifferences > 0)
            yield return FormattableString.Invariant($"Against the {comparison.Against} {comparison.UnexplainedDifferences} of {comparison.Positions} positions have another most likely token although the margin exceeds {LogitComparison.NoiseMultiple:0} times the noise.");
    }
}
