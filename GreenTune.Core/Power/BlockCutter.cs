using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Power;

/// <summary>
/// Cuts the readings of one device into blocks that follow one another without holes. Not thread-safe; allocates nothing in steady state.
/// </summary>
public abstract class BlockCutter
{
    private protected BlockCutter(BlockCutting cutting)
    {
        Cutting = cutting;
        if (cutting.Period <= TimeSpan.Zero)
            throw new ArgumentOutOfRangeException(nameof(cutting), "Period must be above 0.");
    }

    public CuttingStatistics Statistics { get; } = new();

    protected BlockCutting Cutting { get; private set; }

    public static BlockCutter Create(BlockCutting cutting) => cutting.Kinds switch
    {
        ReadingKinds.Samples => new SampleBlockCutter(cutting),
        ReadingKinds.Counter => new CounterBlockCutter(cutting),
        _ => new RescalingBlockCutter(cutting),
    };

    /// <summary>Adds a power sample. Ignored by a cutter of counters alone.</summary>
    /// <param name="sample">The sample; left out and counted when not newer than the last one or not finite.</param>
    /// <param name="into">Receives the blocks that closed by it.</param>
    public virtual void Add(in PowerSample sample, List<EnergyBlock> into)
    {
    }

    /// <summary>Adds a counter reading. Ignored by a cutter of samples alone.</summary>
    /// <param name="reading">The reading; left out and counted when not newer than the last one or not finite.</param>
    /// <param name="into">Receives the blocks that closed by it.</param>
    public virtual void Add(in EnergyReading reading, List<EnergyBlock> into)
    {
    }

    /// <summary>Tells how late it is, so that blocks which wait for the other kind of reading can close without it.</summary>
    public virtual void Advance(MonotonicTime now, List<EnergyBlock> into)
    {
    }

    /// <summary>Samples were found to average this long, which their source did not know: from here on blocks are no shorter.</summary>
    public void Averages(TimeSpan window) => Cutting = Cutting with { AveragingWindow = window };

    /// <summary>Forgets all readings: the next one begins anew, with a hole before it.</summary>
    public abstract void Restart();

    protected bool Accept(MonotonicTime at, MonotonicTime? last, double value)
    {
        if (double.IsFinite(value) && (last is null || at > last))
            return true;
        Statistics.Dropped++;
        return false;
    }

    protected TraceMarks GapMark(TimeSpan length)
    {
        if (length <= Cutting.Gap)
            return TraceMarks.None;
        Statistics.Gaps++;
        return TraceMarks.Gap;
    }

    /// <summary>A gap or a reset makes a block modelled, unless it was worse already.</summary>
    protected EnergyQuality QualityOf(TraceMarks marks) =>
        (marks & (TraceMarks.Gap | TraceMarks.Reset)) != 0 && Cutting.Quality > EnergyQuality.Modelled ? EnergyQuality.Modelled : Cutting.Quality;

    /// <summary>The block between two samples, by trapezoid.</summary>
    protected EnergyBlock Between(in PowerSample first, in PowerSample last, double scale, TraceMarks marks, double extraSigma)
    {
        double seconds = (last.At - first.At).TotalSeconds;
        double w0 = first.Power.Value * scale, w1 = last.Power.Value * scale;
        double interpolation = Trapezoid.InterpolationSigma(w0, w1, seconds);
        double noise = Cutting.SampleNoise * scale * seconds;
        return new()
        {
            Start = first.At,
            End = last.At,
            Energy = new(Trapezoid.Energy(w0, w1, seconds)),
            Other = new(Trapezoid.Energy(first.Other.Value, last.Other.Value, seconds)),
            Quality = QualityOf(marks),
            Marks = marks,
            Noise = new(Math.Sqrt(interpolation * interpolation + noise * noise + extraSigma * extraSigma)),
            EdgeSeconds = EdgeSeconds(seconds),
        };
    }

    /// <summary>A change of power lies anywhere between two samples, and each of them spreads it over what it averages.</summary>
    protected double EdgeSeconds(double seconds)
    {
        double window = Cutting.AveragingWindow.TotalSeconds;
        return Math.Sqrt(seconds * seconds + window * window) / Trapezoid.WidthOverSigma;
    }
}

/// <summary>Blocks between consecutive power samples.</summary>
internal sealed class SampleBlockCutter(BlockCutting cutting) : BlockCutter(cutting)
{
    private readonly BlockJoiner _joiner = new();
    private PowerSample? _last;

    public override void Add(in PowerSample sample, List<EnergyBlock> into)
    {
        if (!Accept(sample.At, _last?.At, sample.Power.Value))
            return;
        if (_last is { } last)
            _joiner.Add(Between(last, sample, 1, GapMark(sample.At - last.At), 0), Cutting, into);
        _last = sample;
    }

    public override void Restart()
    {
        _last = null;
        _joiner.Clear();
    }
}

/// <summary>Blocks between distinct readings of a cumulative counter.</summary>
internal sealed class CounterBlockCutter(BlockCutting cutting) : BlockCutter(cutting)
{
    private EnergyReading? _last;
    private MonotonicTime? _lastSeen;
    private double? _lastPower;

    public override void Add(in EnergyReading reading, List<EnergyBlock> into)
    {
        if (!Accept(reading.At, _lastSeen, reading.Energy.Value))
            return;
        _lastSeen = reading.At;
        if (_last is not { } last)
        {
            _last = reading;
            return;
        }
        double energy = reading.Energy.Value - last.Energy.Value;
        // A counter that stands still has not been updated yet: the block goes on.
        if (energy == 0)
            return;
        TimeSpan length = reading.At - last.At;
        double seconds = length.TotalSeconds;
        if (energy < 0)
        {
            Statistics.Resets++;
            into.Add(Reset(last.At, reading.At, seconds));
        }
        else
        {
            double power = energy / seconds;
            double latch = Cutting.CounterLatchSeconds;
            double quantum = Cutting.CounterQuantum / Trapezoid.WidthOverSigma;
            TraceMarks marks = GapMark(length);
            into.Add(new()
            {
                Start = last.At,
                End = reading.At,
                Energy = new(energy),
                Other = new(Math.Clamp(reading.Other.Value - last.Other.Value, 0, energy)),
                Quality = QualityOf(marks),
                Marks = marks,
                // Both ends carry the error of a reading.
                Noise = new(Math.Sqrt(2) * Math.Sqrt(quantum * quantum + power * latch * power * latch)),
                EdgeSeconds = latch,
            });
            _lastPower = power;
        }
        _last = reading;
    }

    public override void Restart() => (_last, _lastSeen, _lastPower) = (null, null, null);

    /// <summary>What was drawn around a reset is not known; the power just before it is the model, and the block says so.</summary>
    private EnergyBlock Reset(MonotonicTime start, MonotonicTime end, double seconds)
    {
        if (_lastPower is not { } power)
            return EnergyBlock.Unknown(start, end, "the energy counter was reset") with { Marks = TraceMarks.Reset | TraceMarks.Unknown };
        return new()
        {
            Start = start,
            End = end,
            Energy = new(power * seconds),
            Quality = QualityOf(TraceMarks.Reset),
            Marks = TraceMarks.Reset,
            Noise = new(power * seconds / Trapezoid.WidthOverSigma),
            EdgeSeconds = seconds / Trapezoid.WidthOverSigma,
        };
    }
}
