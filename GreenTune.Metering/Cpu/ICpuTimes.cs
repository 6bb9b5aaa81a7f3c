namespace GreenTune.Metering.Cpu;

/// <summary>CPU time spent, in seconds since arbitrary origins.</summary>
public interface ICpuTimes
{
    /// <summary>Of all processes on all CPUs, in CPU-seconds; null where the system does not tell. Coarse: 10 ms jiffies on Linux.</summary>
    double? MachineBusySeconds();

    /// <summary>Of this process on all CPUs; fine (nanoseconds where the system has them).</summary>
    double ProcessSeconds();
}
