using GreenTune.Core.Contracts;
using GreenTune.Metering;
using GreenTune.Metering.Sources;

namespace GreenTune.Cli.Meter;

/// <summary>Running meters of several devices.</summary>
internal sealed class OpenMeters : IAsyncDisposable
{
    private readonly IReadOnlyList<DeviceMeter> _meters;

    public OpenMeters(IReadOnlyList<IPowerSource> sources, Func<IPowerSource, DeviceMeterOptions> options, TimeProvider clock) =>
        _meters = [.. sources.Select(source => new DeviceMeter(source, options(source), clock))];

    public IReadOnlyList<DeviceMeter> All => _meters;

    /// <summary>Those that have a meter.</summary>
    public IEnumerable<DeviceMeter> Metered => _meters.Where(meter => meter.View().Quality != EnergyQuality.None);

    public async ValueTask DisposeAsync()
    {
        foreach (DeviceMeter meter in _meters)
            await meter.DisposeAsync();
    }
}
