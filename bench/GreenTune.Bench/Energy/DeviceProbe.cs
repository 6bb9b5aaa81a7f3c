using System.Diagnostics;
using GreenTune.Core.Units;
using GreenTune.Metering.Nvml;

namespace GreenTune.Bench.Energy;

/// <summary>Direct readings of the first GPU, as other tools take them: the counter and the power that NVML gives at the instant of the call.</summary>
internal sealed class DeviceProbe
{
    /// <summary>NVML_FI_DEV_POWER_AVERAGE: over one second.</summary>
    public const uint PowerAverage = 185;

    /// <summary>NVML_FI_DEV_POWER_INSTANT.</summary>
    public const uint PowerInstant = 186;

    private readonly NativeNvml _nvml = new();
    private readonly nint _device;

    private DeviceProbe(NativeNvml nvml, nint device)
    {
        _nvml = nvml;
        _device = device;
    }

    /// <summary>Null where there is no GPU.</summary>
    public static DeviceProbe? Open()
    {
        var nvml = new NativeNvml();
        return nvml.Initialize(out _) == NvmlReturn.Success && nvml.DeviceByIndex(0, out nint device) == NvmlReturn.Success ? new(nvml, device) : null;
    }

    /// <summary>The energy counter in joules.</summary>
    public double Counter() => _nvml.TotalEnergy(_device, out ulong millijoules) == NvmlReturn.Success ? millijoules / 1e3 : double.NaN;

    /// <summary>What nvmlDeviceGetPowerUsage says, in watts.</summary>
    public double Usage() => _nvml.PowerUsage(_device, out uint milliwatts) == NvmlReturn.Success ? milliwatts / 1e3 : double.NaN;

    /// <summary>A power field in watts.</summary>
    public double Field(uint id)
    {
        var field = new NvmlFieldValue { FieldId = id };
        return _nvml.FieldValue(_device, ref field) == NvmlReturn.Success && field.Return == NvmlReturn.Success ? (field.Value.As(field.ValueType) ?? double.NaN) / 1e3 : double.NaN;
    }

    /// <summary>Reads the whole buffer of power samples.</summary>
    public int Samples(NvmlSample[] buffer) => _nvml.PowerSamples(_device, 0, buffer, out _, out uint count) == NvmlReturn.Success ? (int)count : -1;

    /// <summary>Waits for the counter's next change: when it came, and to what.</summary>
    public (MonotonicTime At, double Joules) NextChange()
    {
        double first = Counter();
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < TimeSpan.FromSeconds(2))
        {
            MonotonicTime before = MonotonicTime.Now(TimeProvider.System);
            double now = Counter();
            if (now != first)
            {
                MonotonicTime after = MonotonicTime.Now(TimeProvider.System);
                return (new(before.Ticks + (after.Ticks - before.Ticks) / 2), now);
            }
        }

        throw new InvalidOperationException("the energy counter has not changed for 2 s");
    }
}
