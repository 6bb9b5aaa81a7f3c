using System.Runtime.InteropServices;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;

using var interrupts = new Interrupts();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, interrupts.Receive);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, interrupts.Receive);
return await new GreenTuneCommand(CliConsole.OfProcess() with { Interrupts = interrupts }).RunAsync(args, interrupts.Stop);
