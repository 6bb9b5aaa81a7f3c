using GreenTune.Core.Units;

namespace GreenTune.Metering.Sources;

/// <summary>
/// The least power a device drew over a second, of the last 5 to 10 minutes: what is above it is taken to be caused by processes, when their parts of it
/// have to be modelled. Before the first second it is what was assumed. Allocates nothing.
/// </summary>
internal sealed class IdleFloor(Watts assumed)
{
    private const double WindowSeconds = 1;
    private const double KeepSeconds = 300;

    private double _joules;
    private double _seconds;
    private double _age;
    private double _least = double.PositiveInfinity;
    private double _leastBefore = double.PositiveInfinity;

    public double Watts => Math.Min(_least, _leastBefore) is var least && double.IsFinite(least) ? least : assumed.Value;

    public void Add(double joules, double seconds)
    {
        _joules += joules;
        _seconds += seconds;
        if (_seconds < WindowSeconds)
            return;
        _least = Math.Min(_least, _joules / _seconds);
        _age += _seconds;
        (_joules, _seconds) = (0, 0);
        if (_age >= KeepSeconds)
            (_leastBefore, _least, _age) = (_least, double.PositiveInfinity, 0);
    }
}
