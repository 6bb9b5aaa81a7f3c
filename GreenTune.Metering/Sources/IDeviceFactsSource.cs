using GreenTune.Core.Contracts;

namespace GreenTune.Metering.Sources;

/// <summary>A power source that also tells its device's state: clocks, limits, temperature, other processes.</summary>
public interface IDeviceFactsSource
{
    /// <summary>
    /// Reads the state, which may take milliseconds. Called about once a second by a thread that is neither the sampler's nor a request's, at the same time as
    /// <see cref="IPowerSource.Read"/>. Does not throw for what a driver can refuse; null when the device does not answer at all.
    /// </summary>
    DeviceFacts? ReadFacts();
}
