using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Core.Contracts;
using GreenTune.Metering;
using GreenTune.Metering.Recording;
using GreenTune.Metering.Sources;

namespace GreenTune.Cli.Meter;

/// <summary>greentune meter record: readings of one device into a file that 'meter replay' reads.</summary>
internal static class MeterRecord
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    public static Command Command(CliConsole console, IMachinePower machine)
    {
        var file = new Argument<string>("file") { Description = "The recording, for example idle.greentrace." };
        var devices = new DeviceOptions();
        Option<double?> seconds = CommonOptions.Number("--seconds", "seconds", "Stop after this long. Ctrl-C stops at any time.", 0.1, 1e7, 60);
        Option<int?> period = CommonOptions.Whole("--period", "milliseconds", "Time between readings (the default is 50, or the variable Metering__PeriodMilliseconds).", 5, 1000, 20);
        var note = new Option<string?>("--note") { Description = "What is recorded, kept in the file.", HelpName = "text" };
        var force = new Option<bool>("--force") { Description = "Replace the file where there is one." };
        Command command = new Command("record", "Records the readings of one device into a file. The services record theirs, with every step and request, by Metering:Recording:File.") { file, seconds, period, note, force }
            .WithExamples("greentune meter record idle.greentrace --seconds 60", "greentune meter record gpu.greentrace --device gpu --period 20 --note \"after a reboot\"");
        devices.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            string path = Check(result.GetRequiredValue(file), result.GetValue(force));
            MeteringOptions options = EnvironmentSettings.Metering(console.Variables);
            IPowerSource source = One(devices.Open(result, options, machine));
            var every = TimeSpan.FromMilliseconds(result.GetValue(period) ?? options.PeriodMilliseconds);
            return RunAsync(console, source, path, every, result.GetValue(note), result.GetValue(seconds) is { } s ? TimeSpan.FromSeconds(s) : null, cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(CliConsole console, IPowerSource source, string path, TimeSpan period, string? note, TimeSpan? atMost, CancellationToken cancellation)
    {
        MeterRecorder recorder;
        try
        {
            recorder = MeterRecorder.ToFile(path, note);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            source.Dispose();
            throw new CommandFailedException($"{path} cannot be written: {e.Message}", e);
        }
        long began = console.Clock.GetTimestamp();
        var meter = new DeviceMeter(source, new() { Period = period, Recorder = recorder }, console.Clock);
        await using (meter)
        {
            if (console.ErrorIsTerminal)
                console.Note($"Recording {meter.DeviceId} to {path}{(atMost is null ? "; Ctrl-C ends it" : "")}.");
            while (recorder.Failure is null && !cancellation.IsCancellationRequested && (atMost is not { } end || console.Clock.GetElapsedTime(began) < end))
                await Task.Delay(LookEvery, console.Clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        // With what the meter took when it was stopped.
        DeviceView view = meter.View();
        if (recorder.Failure is { } failure)
            throw new CommandFailedException($"the recording ended early: {failure}");
        double seconds = console.Clock.GetElapsedTime(began).TotalSeconds;
        string energy = view.Totals is { } totals ? $", {Figures.Energy(totals.Total)}" : "";
        console.Output.WriteLine($"{Figures.Seconds(seconds)} of {view.Id} ({view.Meter}){energy}, {Figures.Size(new FileInfo(path).Length)}, written to {SafeText.Line(path)}");
        return ExitCodes.Ok;
    }

    private static string Check(string path, bool replace)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new BadUsageException("<file> is empty, where it takes a file, for example idle.greentrace");
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
            throw new BadUsageException($"<file> is the folder {full}, where it takes a file, for example {Path.Combine(path, "idle.greentrace")}");
        if (!Directory.Exists(Path.GetDirectoryName(full)))
            throw new BadUsageException($"<file> is in the folder {Path.GetDirectoryName(full)}, which does not exist; make it first, or name another file, for example idle.greentrace");
        if (File.Exists(full) && !replace)
            throw new BadUsageException($"<file> names {full}, which exists; --force replaces it. For example greentune meter record {path} --force");
        return full;
    }

    /// <summary>A recording is of one device.</summary>
    private static IPowerSource One(IReadOnlyList<IPowerSource> sources)
    {
        IPowerSource[] metered = [.. sources.Where(MeteringWords.IsMetered)];
        // Without a choice: the only GPU, since it has a meter of its own, else the CPU.
        IPowerSource[] gpus = [.. metered.Where(source => source.Description.Component == Core.Attribution.DeviceComponent.Gpu)];
        IPowerSource? chosen = gpus.Length == 1 ? gpus[0] : gpus.Length == 0 ? metered.FirstOrDefault() : null;
        foreach (IPowerSource source in sources.Where(source => source != chosen))
            source.Dispose();
        return chosen ?? throw (gpus.Length > 1
            ? new BadUsageException($"this machine has {gpus.Length} GPUs, and a recording is of one: --gpu names it, for example --gpu {gpus[0].Description.DeviceId}")
            : new CommandFailedException("nothing of this machine can be metered; 'greentune meter devices' says why"));
    }
}
