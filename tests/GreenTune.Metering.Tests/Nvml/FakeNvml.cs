using GreenTune.Core.Units;
using GreenTune.Metering.Nvml;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Nvml;

/// <summary>A GPU behind NVML's calls, as the API reference has them: its power is a function of the clock's seconds.</summary>
internal sealed class FakeNvml(ManualClock clock) : INvml
{
    private const double SamplePeriod = 0.02;
    private readonly MonotonicTime _origin = clock.Now;

    public List<string> Uuids { get; } = ["GPU-aaaa"];

    public Func<double, double> Watts { get; set; } = _ => 120;

    public NvmlReturn InitializeReturns { get; set; }

    public NvmlReturn SamplesReturn { get; set; }

    public NvmlReturn FieldReturn { get; set; }

    public NvmlReturn UsageReturn { get; set; }

    public NvmlReturn EnergyReturn { get; set; }

    public NvmlValueType SampleType { get; set; } = NvmlValueType.UnsignedInt;

    /// <summary>Added to every time stamp.</summary>
    public TimeSpan StampOffset { get; set; }

    public int Initialized { get; private set; }

    public int Shutdowns { get; private set; }

    private double Seconds => (clock.Now - _origin).TotalSeconds;

    public NvmlReturn Initialize(out string? detail)
    {
        detail = InitializeReturns == NvmlReturn.LibraryNotFound ? "libnvidia-ml.so.1 could not be loaded" : null;
        Initialized++;
        return InitializeReturns;
    }

    public void Shutdown() => Shutdowns++;

    public NvmlReturn DeviceCount(out uint count)
    {
        count = (uint)Uuids.Count;
        return NvmlReturn.Success;
    }

    public NvmlReturn DeviceByIndex(uint index, out nint device)
    {
        device = (nint)index + 1;
        return NvmlReturn.Success;
    }

    public NvmlReturn DeviceByUuid(string uuid, out nint device)
    {
        device = Uuids.IndexOf(uuid) + 1;
        return device > 0 ? NvmlReturn.Success : NvmlReturn.NotFound;
    }

    public NvmlReturn Uuid(nint device, out string uuid)
    {
        uuid = Uuids[(int)device - 1];
        return NvmlReturn.Success;
    }

    public NvmlReturn Name(nint device, out string name)
    {
        name = "NVIDIA H200";
        return NvmlReturn.Success;
    }

    public NvmlReturn DriverVersion(out string version)
    {
        version = "580.65.06";
        return NvmlReturn.Success;
    }

    public NvmlReturn EnforcedPowerLimit(nint device, out uint milliwatts)
    {
        milliwatts = 700_000;
        return NvmlReturn.Success;
    }

    public NvmlReturn TotalEnergy(nint device, out ulong millijoules)
    {
        // Moves ten times a second.
        double tick = Math.Floor(Seconds * 10) / 10;
        millijoules = (ulong)(1_000_000 + 1000 * Integral(tick));
        return EnergyReturn;
    }

    public NvmlReturn PowerUsage(nint device, out uint milliwatts)
    {
        milliwatts = (uint)(1000 * Watts(Seconds));
        return UsageReturn;
    }

    public NvmlReturn FieldValue(nint device, ref NvmlFieldValue value)
    {
        Assert.Equal(NvmlPowerSource.PowerInstantField, value.FieldId);
        Assert.Equal(0u, value.ScopeId);
        value.Return = FieldReturn;
        value.ValueType = NvmlValueType.UnsignedInt;
        value.Value.UnsignedInt = (uint)(1000 * Watts(Seconds));
        return NvmlReturn.Success;
    }

    public NvmlReturn PowerSamples(nint device, ulong lastSeen, Span<NvmlSample> buffer, out NvmlValueType type, out uint count)
    {
        type = SampleType;
        count = 0;
        if (SamplesReturn != NvmlReturn.Success)
            return SamplesReturn;
        if (buffer.IsEmpty)
        {
            count = 120;
            return NvmlReturn.Success;
        }
        int newest = (int)Math.Floor(Seconds / SamplePeriod);
        for (int i = Math.Max(newest - 118, -50); i <= newest; i++)
        {
            ulong stamp = Stamp(i * SamplePeriod);
            if (stamp <= lastSeen)
                continue;
            if (count == buffer.Length)
                return NvmlReturn.InsufficientSize;
            // A value is the mean of the time up to its stamp: the power at its middle.
            double milliwatts = 1000 * Watts((i - 0.5) * SamplePeriod);
            var value = default(NvmlValue);
            if (SampleType == NvmlValueType.FloatingPoint)
                value.FloatingPoint = milliwatts;
            else
                value.UnsignedInt = (uint)milliwatts;
            buffer[(int)count++] = new() { TimeStamp = stamp, Value = value };
        }
        return count == 0 ? NvmlReturn.NotFound : NvmlReturn.Success;
    }

    public string ErrorString(NvmlReturn code) => $"error {(int)code}";

    private ulong Stamp(double seconds)
    {
        DateTimeOffset wall = clock.GetUtcNow() - TimeSpan.FromSeconds(Seconds - seconds) + StampOffset;
        return (ulong)((wall - DateTimeOffset.UnixEpoch).Ticks / 10);
    }

    private double Integral(double to)
    {
        double sum = 0;
        for (double at = 0; at < to - 1e-9; at += 0.005)
            sum += 0.005 * Watts(at + 0.0025);
        return sum;
    }
}
