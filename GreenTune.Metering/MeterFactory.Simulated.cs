using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Metering.Cpu;
using GreenTune.Metering.Simulated;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering;

/// <content>A made-up device: for trying the product out, and marked as an estimate.</content>
public sealed partial class MeterFactory
{
    private IPowerSource OpenSimulated(DeviceComponent component)
    {
        SimulatedOptions simulated = _options.Simulated;
        var curve = new SimulatedCurve(simulated.IdleWatts);
        Action<double> extend;
        string follows;
        try
        {
            (extend, follows) = string.IsNullOrWhiteSpace(simulated.CurveFile) ? (FollowCpu(curve), "this process's CPU use") : (FollowFile(curve), Path.GetFileName(simulated.CurveFile));
        }
        catch (Exception problem) when (problem is IOException or FormatException or UnauthorizedAccessException)
        {
            return Unavailable(component, $"Metering:Simulated:CurveFile cannot be followed ({problem.Message.TrimEnd('.')})");
        }
        return new SimulatedPowerSource(
            simulated.Sensor,
            curve,
            MonotonicTime.Now(_clock),
            plain => plain with
            {
                Component = DeviceComponent.Cpu,
                Quality = EnergyQuality.Estimated,
                GainRelative = CpuPowerModel.GainRelative,
                Explanation = FormattableString.Invariant($"A simulated device of {simulated.IdleWatts:0.#} to {simulated.BusyWatts:0.#} W that follows {follows} (Metering:Source is simulated): its figures say nothing about this machine."),
                AssumedIdle = new(simulated.IdleWatts),
                AssumedIdleSigma = new(0.1 * simulated.IdleWatts),
            },
            extend);
    }

    private Action<double> FollowCpu(SimulatedCurve curve)
    {
        SimulatedOptions simulated = _options.Simulated;
        double last = 0, lastCpu = ProcessCpuTime.Seconds();
        return now =>
        {
            double cpu = ProcessCpuTime.Seconds();
            double use = now > last ? Math.Clamp((cpu - lastCpu) / (now - last) / Environment.ProcessorCount, 0, 1) : 0;
            curve.Append(now, simulated.IdleWatts + use * (simulated.BusyWatts - simulated.IdleWatts));
            (last, lastCpu) = (now, cpu);
        };
    }

    /// <summary>The file's curve, again and again.</summary>
    private Action<double> FollowFile(SimulatedCurve curve)
    {
        using var reader = new StreamReader(_options.Simulated.CurveFile!);
        IReadOnlyList<(double Until, double Watts)> pieces = SimulatedCurve.Parse(reader);
        double round = 0;
        int next = 0;
        return now =>
        {
            while (curve.End < now)
            {
                curve.Append(round + pieces[next].Until, pieces[next].Watts);
                if (++next == pieces.Count)
                    (next, round) = (0, round + pieces[^1].Until);
            }
        };
    }
}
