using GreenTune.Core.Contracts;

namespace GreenTune.Metering.Nvml;

/// <content>The GPU's state, and whether its power is still this service's alone.</content>
public sealed partial class NvmlPowerSource
{
    private readonly NvmlFacts _facts;
    private readonly int _instancesAllowed;
    private volatile string? _shared;

    /// <inheritdoc/>
    public DeviceFacts? ReadFacts()
    {
        DeviceFacts? facts = _facts.Read(_device);
        // Under MIG the power is the whole GPU's: with another instance on it, it says nothing about this one.
        int instances = facts?.MigInstances?.Count ?? 0;
        _shared = _instancesAllowed > 0 && instances > _instancesAllowed
            ? FormattableString.Invariant($"the GPU has been divided into {instances} MIG instances, whose power is only known together")
            : null;
        return facts;
    }
}
