using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Core.Attribution;

/// <summary>
/// What a block tells about energy that the sensor puts on the wrong side of a request's ends. Between samples, and within what a sample averages, a change of power is
/// misplaced; how much is seen by comparing the block's active energy with what its steps should have taken. A counter misplaces nothing but by the time it was
/// read at.
/// </summary>
internal readonly record struct BlockEdge
{
    /// <param name="block">The block.</param>
    /// <param name="discrepancy">Its active energy less what was expected of its steps, in joules.</param>
    /// <param name="power">Recent active power while steps run, in watts.</param>
    /// <param name="relativeError">Relative error of the expectation, one sigma.</param>
    /// <param name="stepSeconds">Time of the block that steps cover.</param>
    public BlockEdge(in EnergyBlock block, double discrepancy, double power, double relativeError, double stepSeconds)
    {
        (Start, End) = (block.Start, block.End);
        double spread = block.EdgeSeconds * Trapezoid.WidthOverSigma;
        double misplaced = Math.Min(1, spread / block.Seconds);
        Discrepancy = misplaced * discrepancy;
        double unsure = misplaced * power * Math.Min(stepSeconds, block.Seconds - stepSeconds);
        Sigma = relativeError * Math.Sqrt(discrepancy * discrepancy * misplaced * misplaced + unsure * unsure);
        PerEdge = (1 - misplaced) * block.EdgeSeconds * power;
        // What a sample averages reaches half its window beyond the block.
        Reach = TimeSpan.FromSeconds(Math.Sqrt(Math.Max(0, spread * spread - block.Seconds * block.Seconds)) / 2);
    }

    public MonotonicTime Start { get; }

    public MonotonicTime End { get; }

    /// <summary>Joules above what was expected, as far as the sensor may have misplaced them.</summary>
    public double Discrepancy { get; }

    /// <summary>
    /// Standard uncertainty of <see cref="Discrepancy"/> in joules: the expectation's error, over what is seen to be misplaced and over what could be without
    /// being seen, which is no more than the work beside idle time.
    /// </summary>
    public double Sigma { get; }

    /// <summary>Joules, one sigma, that one end inside the block is worth by the time of a counter's reading.</summary>
    public double PerEdge { get; }

    /// <summary>How far beyond the block an end still matters.</summary>
    public TimeSpan Reach { get; }

    public bool Holds(MonotonicTime at) => at > Start && at < End;
}

/// <summary>What steps draw: the mean active power while they run, over about the last 5 s of them, and how well blocks were foreseen.</summary>
internal sealed class PowerExpectation
{
    // Before any block has been foreseen: requests' powers differ by about this.
    private const double FirstRelativeError = 0.3;
    private const double MemorySeconds = 5;

    private double _power;
    private int _blocks;
    private double _relativeSquare = FirstRelativeError * FirstRelativeError;

    /// <summary>Relative error of what is expected of a request's steps, one sigma. Blocks of many requests vary less than requests do: time alone is never trusted more than at first.</summary>
    public double RelativeErrorOf(bool fitted) => fitted ? Math.Sqrt(_relativeSquare) : Math.Max(FirstRelativeError, Math.Sqrt(_relativeSquare));

    /// <summary>The mean active power while steps run, in watts; another value before any block.</summary>
    public double PowerOr(double unknown) => _blocks > 0 ? _power : unknown;

    /// <summary>Learns from a block that steps fill by half at least.</summary>
    public void Note(double active, double expected, double stepSeconds, double blockSeconds)
    {
        if (stepSeconds < 0.5 * blockSeconds)
            return;
        bool foreseen = _blocks++ > 0;
        double rate = Math.Max(1.0 / _blocks, Math.Min(1, stepSeconds / MemorySeconds));
        _power += rate * (active / stepSeconds - _power);
        if (foreseen && expected > 0)
        {
            double relative = Math.Clamp(active / expected - 1, -1, 1);
            _relativeSquare += Math.Min(1, stepSeconds / MemorySeconds) * (relative * relative - _relativeSquare);
        }
    }
}
