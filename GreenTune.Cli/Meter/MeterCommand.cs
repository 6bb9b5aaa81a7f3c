using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;

namespace GreenTune.Cli.Meter;

/// <summary>greentune meter: what this machine can measure, live, into a file, from a file, and its idle power.</summary>
internal static class MeterCommand
{
    public static Command Create(CliConsole console, IMachinePower machine)
    {
        Command devices = MeterDevices.Command(console, machine);
        var meter = new Command("meter", "Power of this machine: what can be measured, live, into a file, from a file, and the idle power. Alone it shows the devices.")
        {
            devices,
            MeterWatch.Command(console, machine),
            MeterRecord.Command(console, machine),
            MeterReplayFile.Command(console),
            MeterCalibrate.Command(console, machine),
        };
        meter.WithExamples("greentune meter", "greentune meter watch --seconds 30");
        meter.SetAction((_, cancellation) => MeterDevices.RunAsync(console, machine, json: false, cancellation));
        return meter;
    }
}
