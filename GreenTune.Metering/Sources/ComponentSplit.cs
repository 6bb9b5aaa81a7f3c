using GreenTune.Core.Attribution;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Metering.Sources;

/// <summary>
/// Splits a request's joules into processor and memory where a source tells the memory's part: by the part it had of the device's energy while the request
/// was in flight. A request's own part of the memory's traffic is not known. Owned by the sampler's thread.
/// </summary>
internal sealed class ComponentSplit
{
    // Between requests the past need not be kept; readings come at most every few milliseconds.
    private const int Capacity = 1 << 15;

    private readonly EnergyReading[] _readings = new EnergyReading[Capacity];
    private readonly Dictionary<long, (MonotonicTime From, MonotonicTime? To)> _inFlight = [];
    private long _count;
    private double _lastTotal;
    private double _total;
    private double _dram;
    private double _lastDram;

    public void Add(in EnergyReading reading)
    {
        // A reset makes both fall: what was before stays, and the sum goes on from there.
        if (_count > 0 && reading.Energy.Value >= _lastTotal && reading.Dram.Value >= _lastDram)
        {
            _total += reading.Energy.Value - _lastTotal;
            _dram += reading.Dram.Value - _lastDram;
        }
        (_lastTotal, _lastDram) = (reading.Energy.Value, reading.Dram.Value);
        _readings[_count++ % Capacity] = new(reading.At, new(_total), default, new(_dram));
    }

    public void Tell(in MeterEvent told)
    {
        if (told.Kind == MeterEventKind.Admit)
            _inFlight[told.Request] = (told.At, null);
        else if (told.Kind == MeterEventKind.Finish && _inFlight.TryGetValue(told.Request, out var flight))
            _inFlight[told.Request] = (flight.From, told.At);
    }

    public void Forget(long request) => _inFlight.Remove(request);

    /// <summary>The settlement with its components told apart; as it was when that cannot be said.</summary>
    public Settlement Apply(Settlement settled)
    {
        if (!_inFlight.Remove(settled.Request, out var flight) || settled.Energy.Joules is not { } joules || settled.Energy.Components.Cpu is null)
            return settled;
        if (Fraction(flight.From, flight.To ?? flight.From) is not { } fraction)
            return settled;
        var reasons = new Dictionary<string, string>(settled.Energy.Reasons)
        {
            ["components.dram"] = "the memory's part of the device's energy while the request was in flight",
        };
        return settled with
        {
            Energy = settled.Energy with
            {
                Components = settled.Energy.Components with { Cpu = joules * (1 - fraction), Dram = joules * fraction },
                Reasons = reasons,
            },
        };
    }

    private double? Fraction(MonotonicTime from, MonotonicTime to)
    {
        long oldest = Math.Max(0, _count - Capacity), low = oldest, high = _count - 1;
        if (high <= low)
            return null;
        (double total0, double dram0) = At(from, low, high);
        (double total1, double dram1) = At(to, low, high);
        return total1 > total0 ? Math.Clamp((dram1 - dram0) / (total1 - total0), 0, 1) : null;
    }

    private (double Total, double Dram) At(MonotonicTime at, long low, long high)
    {
        while (low + 1 < high)
        {
            long middle = (low + high) / 2;
            if (_readings[middle % Capacity].At <= at)
                low = middle;
            else
                high = middle;
        }
        EnergyReading a = _readings[low % Capacity], b = _readings[high % Capacity];
        double part = b.At > a.At ? Math.Clamp((at - a.At).TotalSeconds / (b.At - a.At).TotalSeconds, 0, 1) : 1;
        return (a.Energy.Value + part * (b.Energy.Value - a.Energy.Value), a.Dram.Value + part * (b.Dram.Value - a.Dram.Value));
    }
}
