using GreenTune.Core.Units;

namespace GreenTune.Core.Power;

/// <summary>
/// Blocks between samples, rescaled over spans of at least one second so that their sum equals the counter's difference
/// (design section 4.1). A block closes with its span. Where the counter falls, stands still too long or cannot be believed, the samples
/// stand unscaled and are marked; where samples are missing, the span is one block of the counter's energy.
/// </summary>
internal sealed class RescalingBlockCutter(BlockCutting cutting) : BlockCutter(cutting)
{
    // From the last sample at or before _from on.
    private readonly List<PowerSample> _samples = [];

    // Distinct counter readings after _from that have not ended a span yet.
    private readonly List<EnergyReading> _readings = [];

    private readonly List<PowerSample> _pieces = [];

    private readonly BlockJoiner _joiner = new();

    // Where the next block starts; null before the first reading that can start one.
    private MonotonicTime? _from;

    // The counter at _from; null while samples stand unscaled.
    private EnergyReading? _anchor;
    private EnergyReading? _last;
    private MonotonicTime? _lastSample;
    private MonotonicTime? _lastReading;

    public override void Add(in PowerSample sample, List<EnergyBlock> into)
    {
        if (!Accept(sample.At, _lastSample, sample.Power.Value))
            return;
        _lastSample = sample.At;
        _samples.Add(sample);
        CloseSpans(_lastSample.Value, into);
    }

    public override void Add(in EnergyReading reading, List<EnergyBlock> into)
    {
        if (!Accept(reading.At, _lastReading, reading.Energy.Value))
            return;
        _lastReading = reading.At;
        if (_last is { } last && reading.Energy == last.Energy)
            return;
        bool reset = _last is { } before && reading.Energy < before.Energy;
        _last = reading;
        if (reset)
        {
            Statistics.Resets++;
            // What was cut so far keeps its own span; the rest up to the new reading has no counter.
            CloseAt(reading.At, TraceMarks.Reset, into);
            _readings.Clear();
            Anchor(reading, into);
            return;
        }
        if (_anchor is null)
        {
            Anchor(reading, into);
            return;
        }
        _readings.Add(reading);
        CloseSpans(reading.At, into);
    }

    public override void Advance(MonotonicTime now, List<EnergyBlock> into) => CloseSpans(now, into);

    public override void Restart()
    {
        _samples.Clear();
        _readings.Clear();
        (_from, _anchor, _last, _lastSample, _lastReading) = (null, null, null, null, null);
    }

    /// <summary>Starts a span at a counter reading; what came before it is closed unscaled.</summary>
    private void Anchor(in EnergyReading reading, List<EnergyBlock> into)
    {
        if (_from is { } from && from < reading.At)
            CloseAt(reading.At, TraceMarks.Unscaled, into);
        _from = _from is { } at ? MonotonicTime.Max(at, reading.At) : reading.At;
        _anchor = reading with { At = _from.Value };
        Forget(_from.Value);
    }

    private void CloseSpans(MonotonicTime now, List<EnergyBlock> into)
    {
        while (_anchor is { } anchor)
        {
            int end = FirstReadingFrom(anchor.At + Cutting.RescaleSpan);
            if (end < 0)
            {
                // Gaps are measured from the last reading, so that a long pause of both ends in one span when they come back.
                if (_lastSample is { } sample && sample - (_last?.At ?? anchor.At) > Cutting.RescaleWait)
                {
                    CloseAt(sample, TraceMarks.Unscaled, into);
                    _readings.Clear();
                    _anchor = null;
                    Statistics.UnscaledSpans++;
                }
                break;
            }
            EnergyReading last = _readings[end];
            if ((_lastSample is null || _lastSample < last.At) && now - last.At <= Cutting.Gap)
                return; // a sample that reaches the span's end is still on its way
            CloseSpan(anchor, last, into);
            _readings.RemoveRange(0, end + 1);
            _from = last.At;
            _anchor = last;
            Forget(last.At);
        }
        CloseUnanchored(into);
    }

    /// <summary>Without a counter, each sample closes a block.</summary>
    private void CloseUnanchored(List<EnergyBlock> into)
    {
        if (_anchor is not null || _lastSample is not { } last)
            return;
        if (_from is null)
        {
            // A counter may still come: wait for it as long as later for a lost one.
            if (last - _samples[0].At <= Cutting.RescaleWait)
                return;
            _from = _samples[0].At;
        }
        CloseAt(last, TraceMarks.Unscaled, into);
    }

    private void CloseSpan(in EnergyReading first, in EnergyReading last, List<EnergyBlock> into)
    {
        double counter = last.Energy.Value - first.Energy.Value;
        double seconds = (last.At - first.At).TotalSeconds;
        Statistics.Spans++;
        if (!Pieces(first.At, last.At))
        {
            TraceMarks gap = GapMark(last.At - first.At);
            into.Add(new()
            {
                Start = first.At,
                End = last.At,
                Energy = new(counter),
                Quality = QualityOf(gap),
                Marks = gap,
                Noise = new(CounterSigma(counter, seconds)),
                EdgeSeconds = seconds / Trapezoid.WidthOverSigma,
            });
            return;
        }
        double integral = 0;
        for (int i = 1; i < _pieces.Count; i++)
            integral += Trapezoid.Energy(_pieces[i - 1].Power.Value, _pieces[i].Power.Value, (_pieces[i].At - _pieces[i - 1].At).TotalSeconds);
        double scale = counter / integral;
        if (!(scale <= Cutting.LargestScale && scale >= 1 / Cutting.LargestScale))
        {
            Statistics.UnscaledSpans++;
            Emit(1, TraceMarks.Unscaled, 0, into);
            return;
        }
        Statistics.LastDisagreement = scale - 1;
        Statistics.LargestDisagreement = Math.Max(Statistics.LargestDisagreement, Math.Abs(scale - 1));
        Statistics.CounterSum += counter;
        Statistics.IntegralSum += integral;
        // The span's error is shared by its blocks; split so that it comes back whole, in quadrature, over all of them.
        Emit(scale, TraceMarks.None, CounterSigma(counter, seconds) / Math.Sqrt(_pieces.Count - 1), into);
    }

    private double CounterSigma(double counter, double seconds)
    {
        double latch = counter / seconds * Cutting.CounterLatchSeconds;
        double quantum = Cutting.CounterQuantum / Trapezoid.WidthOverSigma;
        return Math.Sqrt(2 * (latch * latch + quantum * quantum));
    }

    /// <summary>Closes what the samples say up to a time, unscaled.</summary>
    private void CloseAt(MonotonicTime end, TraceMarks marks, List<EnergyBlock> into)
    {
        if (_from is not { } from || end <= from)
            return;
        if (Pieces(from, end))
        {
            Emit(1, marks | TraceMarks.Unscaled, 0, into);
        }
        else
        {
            into.Add(EnergyBlock.Unknown(from, end, "neither the samples nor the counter cover this time"));
        }
        _from = end;
        Forget(end);
    }

    /// <summary>Samples of a window with one at each edge, interpolated or held; false when no sample is near it.</summary>
    private bool Pieces(MonotonicTime from, MonotonicTime to)
    {
        _pieces.Clear();
        if (_samples.Count == 0 || _samples[^1].At < from - Cutting.Gap || _samples[0].At > to)
            return false;
        int next = FirstSampleAfter(from);
        if (next == _samples.Count)
            return false;
        _pieces.Add(next == 0 ? _samples[0] with { At = from } : Trapezoid.Interpolate(_samples[next - 1], _samples[next], from));
        for (; next < _samples.Count && _samples[next].At < to; next++)
            _pieces.Add(_samples[next]);
        _pieces.Add(next == _samples.Count ? _samples[^1] with { At = to } : Trapezoid.Interpolate(_samples[Math.Max(next - 1, 0)], _samples[next], to));
        return true;
    }

    private void Emit(double scale, TraceMarks marks, double extraSigma, List<EnergyBlock> into)
    {
        for (int i = 1; i < _pieces.Count; i++)
        {
            EnergyBlock block = Between(_pieces[i - 1], _pieces[i], scale, marks | GapMark(_pieces[i].At - _pieces[i - 1].At), extraSigma);
            _joiner.Add((marks & TraceMarks.Unscaled) != 0 ? block : block with { Span = Statistics.Spans, Scale = scale }, Cutting, into);
        }
        _joiner.Flush(into);
    }

    /// <summary>Drops the samples before the last one at or before a time, and readings that lie before it.</summary>
    private void Forget(MonotonicTime before)
    {
        int keep = FirstSampleAfter(before) - 1;
        if (keep > 0)
            _samples.RemoveRange(0, keep);
        int passed = 0;
        while (passed < _readings.Count && _readings[passed].At <= before)
            passed++;
        _readings.RemoveRange(0, passed);
    }

    private int FirstSampleAfter(MonotonicTime at)
    {
        int i = 0;
        while (i < _samples.Count && _samples[i].At <= at)
            i++;
        return i;
    }

    private int FirstReadingFrom(MonotonicTime at)
    {
        for (int i = 0; i < _readings.Count; i++)
        {
            if (_readings[i].At >= at)
                return i;
        }
        return -1;
    }
}
