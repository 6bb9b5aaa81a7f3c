using GreenTune.Core.Units;
using GreenTune.Metering.Nvml;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Nvml;

/// <summary>A GPU behind NVML's calls, as the API reference has them: its power is a function of the clock's seconds.</summary>
internal sealed class FakeNvml(ManualClock clock) : INvml
{
    private const double SamplePeriod = 0.02;
    private readonly MonotonicTime _origin = clock.Now;
    private readonly Queue<(ulong Stamp, double Milliwatts)> _kept = new(256);
    private int _sampled = -50;

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

    public NvmlReturn MemoryReturn { get; set; }

    /// <summary>What the facts beside the power limit answer.</summary>
    public NvmlReturn FactsReturn { get; set; }

    public NvmlReturn ProcessesReturn { get; set; }

    public NvmlReturn UseReturn { get; set; }

    public List<NvmlProcess> Running { get; } = [];

    /// <summary>Utilisation of the SMs by process, in per cent.</summary>
    public Dictionary<uint, uint> Use { get; } = [];

    /// <summary>Instances of the first GPU when it is divided; handles from 101 on.</summary>
    public List<string>? Instances { get; set; }

    /// <summary>An instance tells its own power.</summary>
    public bool InstancesHavePower { get; set; }

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
        if (device == 0 && Instances?.IndexOf(uuid) is >= 0 and var instance)
            device = 101 + instance;
        return device > 0 ? NvmlReturn.Success : NvmlReturn.NotFound;
    }

    public NvmlReturn Uuid(nint device, out string uuid)
    {
        uuid = device > 100 ? Instances![(int)device - 101] : Uuids[(int)device - 1];
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
        return LimitReturn;
    }

    public NvmlReturn LimitReturn { get; set; }

    public NvmlReturn Clock(nint device, int clock, out uint megahertz)
    {
        megahertz = clock == 1 ? 1980u : 3201u;
        return FactsReturn;
    }

    public NvmlReturn Temperature(nint device, out uint celsius)
    {
        celsius = 34;
        return FactsReturn;
    }

    public NvmlReturn ThrottleReasons(nint device, out ulong reasons)
    {
        reasons = 0x4 | 0x20;
        return FactsReturn;
    }

    public NvmlReturn Utilization(nint device, out uint gpuPercent)
    {
        gpuPercent = 25;
        return FactsReturn;
    }

    public NvmlReturn Processes(nint device, Span<NvmlProcess> buffer, out uint count)
    {
        count = (uint)Running.Count;
        for (int i = 0; i < Running.Count; i++)
            buffer[i] = Running[i];
        return ProcessesReturn;
    }

    public NvmlReturn ProcessUtilization(nint device, ulong lastSeen, Span<NvmlProcessSample> buffer, out uint count)
    {
        count = 0;
        if (UseReturn != NvmlReturn.Success)
            return UseReturn;
        if (Use.Count == 0)
            return NvmlReturn.NotFound;
        Assert.True(lastSeen < Stamp(Seconds));
        foreach ((uint pid, uint percent) in Use)
            buffer[(int)count++] = new() { Pid = pid, TimeStamp = Stamp(Seconds), SmUtilization = percent };
        return NvmlReturn.Success;
    }

    public NvmlReturn MigMode(nint device, out uint current)
    {
        current = Instances is null ? 0u : 1u;
        return NvmlReturn.Success;
    }

    public NvmlReturn MigParent(nint instance, out nint device)
    {
        device = instance > 100 ? 1 : 0;
        return device == 0 ? NvmlReturn.InvalidArgument : NvmlReturn.Success;
    }

    public NvmlReturn MigInstances(nint device, List<string> uuids)
    {
        uuids.AddRange(Instances ?? []);
        return NvmlReturn.Success;
    }

    public NvmlReturn TotalEnergy(nint device, out ulong millijoules)
    {
        // Moves ten times a second.
        double tick = Math.Floor(Seconds * 10) / 10;
        millijoules = (ulong)(1_000_000 + 1000 * Integral(tick));
        return Silent(device) ? NvmlReturn.NotSupported : EnergyReturn;
    }

    public NvmlReturn PowerUsage(nint device, out uint milliwatts)
    {
        milliwatts = (uint)(1000 * Watts(Seconds));
        return Silent(device) ? NvmlReturn.NotSupported : UsageReturn;
    }

    public NvmlReturn FieldValue(nint device, ref NvmlFieldValue value)
    {
        value.Return = Silent(device) ? NvmlReturn.NotSupported : value.ScopeId == NvmlFacts.MemoryScope ? MemoryReturn : FieldReturn;
        value.ValueType = NvmlValueType.UnsignedInt;
        value.Value.UnsignedInt = (value.FieldId, value.ScopeId) switch
        {
            (NvmlPowerSource.PowerInstantField, 0) => (uint)(1000 * Watts(Seconds)),
            (NvmlFacts.PowerAverageField, 0) => 119_000,
            (NvmlFacts.PowerAverageField, NvmlFacts.MemoryScope) => 31_500,
            _ => throw new InvalidOperationException($"nobody should ask for field {value.FieldId} of scope {value.ScopeId}"),
        };
        return NvmlReturn.Success;
    }

    public NvmlReturn PowerSamples(nint device, ulong lastSeen, Span<NvmlSample> buffer, out NvmlValueType type, out uint count)
    {
        type = SampleType;
        count = 0;
        if (Silent(device))
            return NvmlReturn.NotSupported;
        if (SamplesReturn != NvmlReturn.Success)
            return SamplesReturn;
        if (buffer.IsEmpty)
        {
            count = 120;
            return NvmlReturn.Success;
        }
        // A stamp is what the wall clock showed when the sample was taken: it does not move with the clock.
        for (int newest = (int)Math.Floor(Seconds / SamplePeriod); _sampled <= newest; _sampled++)
        {
            // A value is the mean of the time up to its stamp: the power at its middle.
            _kept.Enqueue((Stamp(_sampled * SamplePeriod), 1000 * Watts((_sampled - 0.5) * SamplePeriod)));
        }
        while (_kept.Count > 119)
            _kept.Dequeue();
        foreach ((ulong stamp, double milliwatts) in _kept)
        {
            if (stamp <= lastSeen)
                continue;
            if (count == buffer.Length)
                return NvmlReturn.InsufficientSize;
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

    private bool Silent(nint device) => device > 100 && !InstancesHavePower;

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
