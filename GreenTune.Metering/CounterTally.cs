using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;

namespace GreenTune.Metering;

/// <summary>
/// How a counter and samples disagree at idle and under load apart: others saw a counter at 0.57 of the samples at idle and within 1 % under load. Only spans that
/// are one or the other throughout count, for a span has one scale.
/// </summary>
internal sealed class CounterTally
{
    private long _span;
    private double _counter;
    private double _integral;
    private double _seconds;
    private bool _idle;
    private bool _loaded;
    private Side _atIdle;
    private Side _underLoad;

    public void Add(in EnergyBlock block, in BlockOutcome outcome)
    {
        if (block.Span != _span)
        {
            Close();
            (_span, _idle, _loaded) = (block.Span, true, true);
        }
        if (block.Span == 0 || !(block.Scale > 0))
            return;
        _counter += block.Energy.Value;
        _integral += block.Energy.Value / block.Scale;
        _seconds += block.Seconds;
        _idle &= outcome.InFlightSeconds <= 0 && outcome.StepSeconds <= 0;
        _loaded &= outcome.InFlightSeconds >= 0.999 * block.Seconds;
    }

    public CounterAgreement View() => new(_atIdle.Disagreement, _atIdle.Seconds, _underLoad.Disagreement, _underLoad.Seconds);

    private void Close()
    {
        if (_span > 0 && _idle)
            _atIdle.Add(_counter, _integral, _seconds);
        else if (_span > 0 && _loaded)
            _underLoad.Add(_counter, _integral, _seconds);
        (_counter, _integral, _seconds) = (0, 0, 0);
    }

    private struct Side
    {
        private double _counter;
        private double _integral;

        public double Seconds { get; private set; }

        public readonly double? Disagreement => _integral > 0 ? _counter / _integral - 1 : null;

        public void Add(double counter, double integral, double seconds)
        {
            _counter += counter;
            _integral += integral;
            Seconds += seconds;
        }
    }
}
