using GreenTune.Metering.Cpu;

namespace GreenTune.Cli.Measure;

/// <summary>The same times for a source that disposes what it is given.</summary>
internal sealed class BorrowedCpuTimes(ICpuTimes times) : ICpuTimes
{
    public double? MachineBusySeconds() => times.MachineBusySeconds();

    public double ProcessSeconds() => times.ProcessSeconds();
}
