using System.Runtime.InteropServices;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;

using var stop = new CancellationTokenSource();

// The first signal lets the command clean up; a second one ends the process as ever.
void Stop(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await new GreenTuneCommand(CliConsole.OfProcess()).RunAsync(args, stop.Token);
