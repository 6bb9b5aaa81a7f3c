using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Meter;
using GreenTune.Cli.Output;
using GreenTune.Metering;
using GreenTune.Metering.Sources;

namespace GreenTune.Cli.Measure;

/// <summary>greentune measure: the energy and CO2e of any command.</summary>
internal static class MeasureCommand
{
    private const double DefaultBaseline = 5;

    public static Command Create(CliConsole console, IMachinePower machine)
    {
        var command = new Argument<string[]>("command") { Description = "The command and its arguments, behind --. Its streams and signals are its own.", Arity = ArgumentArity.OneOrMore };
        var place = new CarbonPlace();
        var devices = new DeviceOptions();
        Option<double?> baseline = CommonOptions.Number("--baseline", "seconds", $"How long the idle power is measured before (the default is {DefaultBaseline:0}).", 3, 60, 10);
        var noBaseline = new Option<bool>("--no-baseline") { Description = "Do not measure the idle power before: it is assumed then." };
        var json = new Option<bool>("--json") { Description = "Write the report as JSON." };
        var output = new Option<string?>("--output") { Description = "Write the report to this file. Otherwise it goes to standard error, since standard output is the command's.", HelpName = "file" };
        var csv = new Option<string?>("--csv") { Description = "Append a row to this file in the form of CodeCarbon's emissions.csv.", HelpName = "file" };
        var name = new Option<string?>("--name") { Description = "Name of the run in reports (the default is the command's).", HelpName = "text" };
        Command measure = new Command("measure", "Runs a command and says what energy and CO2e it took. The exit code is the command's; 125 says that measuring failed, 126 and 127 that the command cannot be executed or is not there.")
        {
            command, baseline, noBaseline, json, output, csv, name,
        }.WithExamples("greentune measure -- python train.py --epochs 3", "greentune measure --zone DEU --csv emissions.csv -- make -j4", "greentune measure --device gpu --baseline 30 --json --output energy.json -- ./bench").WithFailureCode(ExitCodes.MeasureFailed);
        devices.AddTo(measure);
        place.AddTo(measure);
        measure.SetAction(async (result, cancellation) =>
        {
            if (result.GetValue(noBaseline) && result.GetValue(baseline) is not null)
                throw new BadUsageException("--baseline and --no-baseline exclude each other; for example --baseline 10");
            string[] words = result.GetRequiredValue(command);
            if (string.IsNullOrWhiteSpace(words[0]))
                throw new BadUsageException("<command> is empty, where it takes a command, for example greentune measure -- sleep 1");
            string called = result.GetValue(name) is { Length: > 0 } given ? given : Path.GetFileName(words[0]);
            TimeSpan? before = result.GetValue(noBaseline) ? null : TimeSpan.FromSeconds(result.GetValue(baseline) ?? DefaultBaseline);
            var measurement = new Measurement(words, called, before, place.Factor(result, console));
            MeteringOptions options = EnvironmentSettings.Metering(console.Variables);
            using var files = new MeasureFiles(result.GetValue(output), result.GetValue(csv));
            using var times = ProcessTreeTimes.OfThisSystem(console.Clock);
            // The source disposes its times; the tree's are shared with the run.
            IReadOnlyList<IPowerSource> sources = devices.Open(result, options, machine, new MeteredProcesses(() => new BorrowedCpuTimes(times), times.Contains));
            return await RunAsync(console, measurement, options, sources, times, files, result.GetValue(json), cancellation);
        });
        return measure;
    }

    private static async Task<int> RunAsync(
        CliConsole console, Measurement measurement, MeteringOptions options, IReadOnlyList<IPowerSource> sources, ProcessTreeTimes times, MeasureFiles files, bool json, CancellationToken cancellation)
    {
        var metered = new DeviceMeterOptions { Period = TimeSpan.FromMilliseconds(options.PeriodMilliseconds) };
        MeteredDevice[] devices = [.. sources.Select(source => new MeteredDevice(new DeviceMeter(source, metered, console.Clock)))];
        MeasureReport report;
        try
        {
            report = await new MeasureRun(console, measurement, devices, times).RunAsync(cancellation);
        }
        catch (CommandNotStartedException e)
        {
            console.Complain(e.Message);
            return e.ExitCode;
        }
        finally
        {
            foreach (MeteredDevice device in devices)
                await device.DisposeAsync();
        }
        return Tell(console, report, files, json);
    }

    /// <summary>The command's exit code, unless all was well but for what is written here.</summary>
    private static int Tell(CliConsole console, MeasureReport report, MeasureFiles files, bool json)
    {
        using var text = new StringWriter { NewLine = console.Output.NewLine };
        CliConsole page = console with { Output = files.HasReport ? text : console.Error, OutputIsTerminal = !files.HasReport && console.ErrorIsTerminal };
        if (json)
            page.Json(report);
        else
            MeasureText.Write(page, report);
        try
        {
            if (files.HasReport)
                files.WriteReport(text.ToString());
            files.Append(report);
            return report.ExitCode;
        }
        catch (CommandFailedException e)
        {
            console.Complain(e.Message);
            return report.ExitCode == ExitCodes.Ok ? ExitCodes.MeasureFailed : report.ExitCode;
        }
    }
}
