using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Core.Contracts;
using GreenTune.Metering;

namespace GreenTune.Cli.Meter;

/// <summary>greentune meter devices.</summary>
internal static class MeterDevices
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    private static readonly Column[] Columns =
    [
        new("Device"),
        new("Name", Drop: 2, Folds: true),
        new("Meter"),
        new("Quality"),
        new("Boundary", Drop: 4),
        new("Power now", Right: true),
        new("Sensor ± 1 sigma", Right: true, Drop: 3),
    ];

    public static Command Command(CliConsole console, IMachinePower machine)
    {
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("devices", "Shows what this machine's power can be measured by, how well, and what cannot be measured and why.") { json }
            .WithExamples("greentune meter devices", "greentune meter devices --json");
        command.SetAction((result, cancellation) => RunAsync(console, machine, result.GetValue(json), cancellation));
        return command;
    }

    public static async Task<int> RunAsync(CliConsole console, IMachinePower machine, bool json, CancellationToken cancellation)
    {
        MeteringOptions options = EnvironmentSettings.Metering(console.Variables);
        await using var meters = new OpenMeters(machine.Open(options, DeviceChoice.All, null, null), _ => new(), console.Clock);
        // A sensor gives its first reading when it has one.
        long began = console.Clock.GetTimestamp();
        while (meters.Metered.Any(meter => meter.View().Now is null) && console.Clock.GetElapsedTime(began) < Patience)
            await Task.Delay(LookEvery, console.Clock, cancellation);
        DeviceView[] views = [.. meters.All.Select(meter => meter.View())];
        if (json)
            console.Json(views);
        else
            Write(console, views);
        return ExitCodes.Ok;
    }

    private static void Write(CliConsole console, DeviceView[] views)
    {
        DeviceView[] metered = [.. views.Where(view => view.Quality != EnergyQuality.None)];
        if (metered.Length > 0)
            console.Table(Columns, metered.Select(Row));
        else
            console.Output.WriteLine("Nothing of this machine can be metered; requests get no energy, and the reason.");
        foreach (DeviceView view in metered)
            console.Output.WriteLine(SafeText.Line($"{view.Id}: {view.Explanation}"));
        foreach (DeviceView view in views.Except(metered))
            console.Output.WriteLine(SafeText.Line($"{view.Kind.ToUpperInvariant()} ({view.Id}) not metered: {MeteringWords.Reason(view.Explanation)}"));
        console.Output.WriteLine("Not measured on any machine: power supplies, fans, disks, network and screen. 'greentune measure --pue' counts a data centre's overhead.");
    }

    private static IReadOnlyList<string> Row(DeviceView view) =>
    [
        view.Id,
        view.Name,
        view.Meter,
        Figures.Word(view.Quality),
        view.Boundary ?? "",
        view.Now is { } now ? Figures.Power(now.Value) : Figures.Unknown("no reading yet"),
        view.GainRelative is { } gain ? Figures.Percent(gain) : "",
    ];
}
