using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Attribution;

/// <summary>
/// The buckets of one device over one stretch of time. Each is accumulated on its own and none is a remainder, so that
/// active + idle share + idle + unattributed + other = total is a check and not a definition.
/// </summary>
internal sealed class LedgerTotals
{
    private CompensatedSum _total;
    private CompensatedSum _active;
    private CompensatedSum _idleShare;
    private CompensatedSum _idle;
    private CompensatedSum _unattributed;
    private CompensatedSum _other;
    private EnergyQuality _quality = EnergyQuality.Measured;

    /// <summary>Time with a known energy, in seconds; 0 means that nothing was metered.</summary>
    public double Seconds { get; private set; }

    public void Block(double energy, double other, double seconds, EnergyQuality quality)
    {
        _total.Add(energy);
        _other.Add(other);
        Seconds += seconds;
        if (quality < _quality)
            _quality = quality;
    }

    public void Active(double joules) => _active.Add(joules);

    public void IdleShare(double joules) => _idleShare.Add(joules);

    public void Idle(double joules) => _idle.Add(joules);

    public void Unattributed(double joules) => _unattributed.Add(joules);

    public EnergyBuckets ToBuckets() => new(
        new Joules(_total.Value),
        new Joules(_active.Value),
        new Joules(_idleShare.Value),
        new Joules(_idle.Value),
        new Joules(_unattributed.Value),
        new Joules(_other.Value),
        Seconds > 0 ? _quality : EnergyQuality.None);
}
