using GreenTune.Models.Architectures;
using GreenTune.Models.Calibration;
using GreenTune.Models.Reference;

namespace GreenTune.Models.Quantization.Calibrated;

/// <summary>What a calibrated rounding does with its statistics.</summary>
/// <param name="Scaling">Layers are scaled by their activations first (AWQ).</param>
/// <param name="Feedback">Errors are made up for in later columns (GPTQ); otherwise each block's scale is searched by the inputs' mean squares.</param>
internal readonly record struct CalibratedSteps(bool Scaling, bool Feedback);

/// <summary>
/// Rounding that sends a calibration sample through the decoder, one layer at a time. Each group of maps is rounded by statistics of what comes in when
/// everything before it is rounded already, so that later maps make up for the errors of earlier ones.
/// </summary>
internal sealed class CalibratedRounding : IRounding
{
    /// <summary>Share of the mean diagonal that is added to it, as in GPTQ's reference implementation.</summary>
    private const double Damping = 0.01;

    private readonly ReferencePass _pass;
    private readonly BlockFormat _format;
    private readonly CalibratedSteps _steps;
    private readonly ActivationScaling _scaling;
    private readonly ParallelOptions _parallel;
    private readonly CalibrationSample _sample;
    private readonly Action _calibrating;

    /// <param name="model">The decoder, whose layers are asked for in order.</param>
    /// <param name="sample">What goes through it.</param>
    /// <param name="format">Form of the layers' matrices.</param>
    /// <param name="steps">What is done.</param>
    /// <param name="calibrating">Told before each layer's statistics and before the output projection's.</param>
    /// <param name="cancellationToken">Stops between layers and within products.</param>
    public CalibratedRounding(DecoderModel model, CalibrationSample sample, BlockFormat format, CalibratedSteps steps, Action calibrating, CancellationToken cancellationToken)
    {
        (_sample, _format, _steps, _calibrating) = (sample, format, steps, calibrating);
        _parallel = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        _scaling = new ActivationScaling(format, model.Shape, _parallel);
        _pass = new ReferencePass(model, sample.Sequences, cancellationToken);
    }

    public string Calibration => _sample.Description;

    public RoundedLayer Layer(int index, DecoderLayer layer)
    {
        _calibrating();
        DecoderLayer stored = _steps.Scaling ? _scaling.Apply(layer, Rehearse) : layer;
        var groups = new Dictionary<LinearGroup, RoundedRows>();
        DecoderLayer served = stored with
        {
            Query = Replaceable(stored.Query),
            Key = Replaceable(stored.Key),
            Value = Replaceable(stored.Value),
            AttentionOutput = Replaceable(stored.AttentionOutput),
            Gate = Replaceable(stored.Gate),
            Up = Replaceable(stored.Up),
            Down = Replaceable(stored.Down),
        };
        _pass.Layer(served, (group, inputs, width) =>
        {
            WeightMatrix weights = ActivationScaling.Maps(stored, group).Weight;
            RoundedRows rounded = groups[group] = RoundedRows.Of(weights, Rounder(inputs, width), _parallel);
            int row = 0;
            foreach (Linear linear in Members(served, group))
            {
                ((ReplaceableMatrix)linear.Weight).Current = rounded.Slice(row, linear.Weight.Rows);
                row += linear.Weight.Rows;
            }
        });
        return new RoundedLayer(stored, group => groups[group]);
    }

    public IRowRounder Head(WeightMatrix head, BlockFormat format)
    {
        _calibrating();
        // Its bytes may be the embedding too, and error feedback would make that worse than it makes the projection better (docs/decisions/014-quantisation.md).
        return new SearchRounding(format, MeanSquares(_pass.HeadInput(), head.Columns));
    }

    private static Linear Replaceable(Linear linear) => linear with { Weight = new ReplaceableMatrix(linear.Weight) };

    private static IEnumerable<Linear> Members(DecoderLayer layer, LinearGroup group) => group switch
    {
        LinearGroup.AttentionInput => [layer.Query, layer.Key, layer.Value],
        LinearGroup.AttentionOutput => [layer.AttentionOutput],
        LinearGroup.FeedForwardInput => [layer.Gate, layer.Up],
        LinearGroup.Down => [layer.Down],
        _ => throw new ArgumentOutOfRangeException(nameof(group)),
    };

    /// <summary>Sends the sample through a layer and takes the residual stream back to where it was.</summary>
    private void Rehearse(DecoderLayer layer, LinearInputObserver observer)
    {
        float[] before = [.. _pass.Hidden];
        _pass.Layer(layer, observer);
        before.CopyTo(_pass.Hidden, 0);
    }

    private IRowRounder Rounder(ReadOnlySpan<float> inputs, int width)
    {
        if (!_steps.Feedback)
            return new SearchRounding(_format, MeanSquares(inputs, width));
        var moments = new PackedTriangle(width);
        moments.AddInputs(inputs, _parallel);
        return new ErrorFeedback(_format, moments, Damping, _parallel);
    }

    private static float[] MeanSquares(ReadOnlySpan<float> inputs, int width)
    {
        var sums = new double[width];
        for (int start = 0; start < inputs.Length; start += width)
        {
            for (int i = 0; i < width; i++)
                sums[i] += (double)inputs[start + i] * inputs[start + i];
        }
        // Of inputs that were never there, a little is assumed, as by GPTQ's damping.
        double floor = Math.Max(sums.Average() * Damping, double.Epsilon);
        double scale = width / Math.Max(sums.Sum(), double.Epsilon);
        return [.. sums.Select(s => (float)((s + floor) * scale))];
    }
}
