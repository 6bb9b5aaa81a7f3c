using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Metering.Sources;

/// <summary>Stands for a device that cannot be metered: every request gets none, with the reason.</summary>
public sealed class UnavailablePowerSource : IPowerSource
{
    private readonly string _reason;

    /// <param name="deviceId">The device's id on its node.</param>
    /// <param name="deviceName">For people.</param>
    /// <param name="component">CPU or GPU.</param>
    /// <param name="reason">Why there is no meter, as a sentence part that tells what to do about it.</param>
    public UnavailablePowerSource(string deviceId, string deviceName, DeviceComponent component, string reason)
    {
        _reason = reason;
        Description = new()
        {
            DeviceId = deviceId,
            DeviceName = deviceName,
            Component = component,
            Meter = "none",
            Boundary = null,
            Quality = EnergyQuality.None,
            GainRelative = null,
            Explanation = $"No energy is metered: {reason}.",
            Kinds = ReadingKinds.Counter,
            ReadOnDemand = true,
        };
    }

    public PowerSourceDescription Description { get; }

    public SourceStatus Read(MonotonicTime now, PowerReadings into) => SourceStatus.Gone(_reason);

    public void Dispose()
    {
    }
}
