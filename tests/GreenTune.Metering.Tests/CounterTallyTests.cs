using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Metering.Tests;

public sealed class CounterTallyTests
{
    private readonly CounterTally _tally = new();
    private double _at;

    [Fact]
    public void Idle_and_load_are_told_apart_and_spans_of_both_left_out()
    {
        Span(1, scale: 0.57, busy: [false, false]);
        Span(2, scale: 0.8, busy: [false, true]);
        Span(3, scale: 1.01, busy: [true, true]);
        Span(4, scale: 1.03, busy: [true, true]);
        Span(0, scale: 1, busy: [false]);

        CounterAgreement view = _tally.View();
        Assert.Equal(-0.43, view.Idle!.Value, 9);
        Assert.Equal(1, view.IdleSeconds, 9);
        // Energies of the counter are 50 J each, so that the samples' are 50 / 1.01 and 50 / 1.03.
        Assert.Equal(4 / (2 / 1.01 + 2 / 1.03) - 1, view.Loaded!.Value, 9);
        Assert.Equal(2, view.LoadedSeconds, 9);
    }

    [Fact]
    public void Nothing_is_said_before_a_span_has_closed()
    {
        Span(1, scale: 0.9, busy: [false]);
        Assert.Equal(new CounterAgreement(null, 0, null, 0), _tally.View());
    }

    private void Span(long span, double scale, bool[] busy)
    {
        foreach (bool one in busy)
        {
            var block = new EnergyBlock
            {
                Start = MonotonicTime.FromSeconds(_at),
                End = MonotonicTime.FromSeconds(_at += 0.5),
                Energy = new(50),
                Quality = EnergyQuality.Measured,
                Span = span,
                Scale = scale,
            };
            _tally.Add(block, one ? new(0.5, 0.5) : new(0, 0));
        }
    }
}
