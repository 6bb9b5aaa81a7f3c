using System.CommandLine;
using System.Text.Json;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Metering;
using GreenTune.Metering.Sources;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace GreenTune.Cli.Meter;

/// <summary>greentune meter watch: power as it is, until it is stopped.</summary>
internal static class MeterWatch
{
    private static readonly string[] Headings = ["Time (UTC)", "Device", "Power", "Mean since last", "Idle power", "Energy since start", "Other programs"];

    public static Command Command(CliConsole console, IMachinePower machine)
    {
        var devices = new DeviceOptions();
        Option<double?> interval = CommonOptions.Number("--interval", "seconds", "Time between lines (the default is 1).", 0.1, 3600, 5);
        Option<double?> seconds = CommonOptions.Number("--seconds", "seconds", "Stop after this long. Ctrl-C stops at any time.", 0.1, 1e7, 60);
        var json = new Option<bool>("--json") { Description = "Write a JSON object for each device and interval, one a line." };
        Command command = new Command("watch", "Shows power, idle power and energy since the start, live on a terminal and line by line elsewhere.") { interval, seconds, json }
            .WithExamples("greentune meter watch", "greentune meter watch --device gpu --interval 0.5", "greentune meter watch --seconds 60 --json > power.jsonl");
        devices.AddTo(command);
        command.SetAction((result, cancellation) => RunAsync(
            console, devices.Open(result, console, machine), TimeSpan.FromSeconds(result.GetValue(interval) ?? 1), result.GetValue(seconds) is { } s ? TimeSpan.FromSeconds(s) : null, result.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(CliConsole console, IReadOnlyList<IPowerSource> sources, TimeSpan interval, TimeSpan? atMost, bool json, CancellationToken cancellation)
    {
        MeteringOptions options = EnvironmentSettings.Metering(console.Variables);
        await using var meters = new OpenMeters(sources, _ => new() { Period = TimeSpan.FromMilliseconds(options.PeriodMilliseconds) }, console.Clock);
        DeviceMeter[] metered = [.. meters.Metered];
        if (metered.Length == 0)
            throw new CommandFailedException("nothing of this machine can be metered; 'greentune meter devices' says why");
        Watched[] watched = [.. metered.Select(meter => new Watched(meter, console.Clock))];
        if (json)
            await EachAsync(line => console.Output.WriteLine(JsonSerializer.Serialize(line, ContractJson.Options)));
        else if (console.OutputIsTerminal)
            await LiveAsync();
        else
        {
            console.Output.WriteLine(string.Join("  ", Headings));
            await EachAsync(line => console.Output.WriteLine(SafeText.Line(string.Join("  ", Cells(line)))));
        }
        return ExitCodes.Ok;

        async Task LiveAsync()
        {
            // The same rows are drawn again and again.
            await console.Tables().Live(Drawn([.. watched.Select(device => device.Read())])).StartAsync(async live =>
            {
                var lines = new List<WatchLine>();
                await EachAsync(line =>
                {
                    lines.Add(line);
                    if (lines.Count < watched.Length)
                        return;
                    live.UpdateTarget(Drawn(lines));
                    live.Refresh();
                    lines.Clear();
                });
            });
        }

        async Task EachAsync(Action<WatchLine> tell)
        {
            long began = console.Clock.GetTimestamp();
            try
            {
                for (int round = 1; atMost is null || console.Clock.GetElapsedTime(began) < atMost; round++)
                {
                    TimeSpan until = atMost is { } end && round * interval > end ? end : round * interval;
                    TimeSpan left = until - console.Clock.GetElapsedTime(began);
                    if (left > TimeSpan.Zero)
                        await Task.Delay(left, console.Clock, cancellation);
                    foreach (Watched device in watched)
                        tell(device.Read());
                }
            }
            catch (OperationCanceledException)
            {
                // How one leaves it.
            }
        }
    }

    private static string[] Cells(WatchLine line) =>
    [
        Figures.Time(line.At),
        line.Device,
        line.Watts is { } now ? Figures.Power(now) : Figures.Unknown(line.Reason),
        line.MeanWatts is { } mean ? Figures.Power(mean) : Figures.Unknown(line.Reason),
        line.BaselineWatts is { } idle ? Figures.Power(idle) + (line.BaselineAssumed ? " (assumed)" : "") : Figures.Unknown(line.Reason),
        line.Joules is { } joules ? Figures.Energy(new Joules(joules)) : Figures.Unknown(line.Reason),
        line.OtherJoules is { } other ? Figures.Energy(new Joules(other)) : Figures.Unknown(line.Reason),
    ];

    private static Table Drawn(IReadOnlyList<WatchLine> lines)
    {
        Table table = new Table().Border(TableBorder.Simple);
        for (int i = 0; i < Headings.Length; i++)
            table.AddColumn(new TableColumn(new Text(Headings[i])) { Alignment = i > 1 ? Justify.Right : Justify.Left, NoWrap = true });
        foreach (WatchLine line in lines)
            table.AddRow(Cells(line).Select(cell => (IRenderable)new Text(SafeText.Line(cell))));
        return table;
    }

    /// <summary>A device under watch.</summary>
    private sealed class Watched(DeviceMeter meter, TimeProvider clock)
    {
        private double _joules;
        private long _at = clock.GetTimestamp();

        public WatchLine Read()
        {
            DeviceView view = meter.View();
            double seconds = clock.GetElapsedTime(_at).TotalSeconds;
            double? joules = view.Totals?.Total.Value;
            double? mean = joules is { } sum && seconds > 0 ? (sum - _joules) / seconds : null;
            (_joules, _at) = (joules ?? _joules, clock.GetTimestamp());
            return new WatchLine
            {
                At = clock.GetUtcNow(),
                Device = view.Id,
                Watts = view.Now?.Value,
                MeanWatts = mean,
                BaselineWatts = view.EmptyBaseline?.Mean.Value,
                BaselineSigmaWatts = view.EmptyBaseline?.Sigma.Value,
                BaselineAssumed = view.EmptyBaseline?.Assumed ?? true,
                Joules = joules,
                OtherJoules = view.Totals?.Other.Value,
                Quality = view.Totals?.Quality ?? EnergyQuality.None,
                Meter = view.Meter,
                Reason = view.Totals is null || view.Now is null ? "no reading yet" : null,
            };
        }
    }
}

/// <summary>A line of --json.</summary>
internal sealed record WatchLine
{
    public required DateTimeOffset At { get; init; }

    public required string Device { get; init; }

    /// <summary>Newest reading; null where there is none of the last seconds.</summary>
    public double? Watts { get; init; }

    /// <summary>Energy since the line before over the time since it.</summary>
    public double? MeanWatts { get; init; }

    public double? BaselineWatts { get; init; }

    public double? BaselineSigmaWatts { get; init; }

    /// <summary>It was not measured yet.</summary>
    public bool BaselineAssumed { get; init; }

    /// <summary>Since the watch began.</summary>
    public double? Joules { get; init; }

    /// <summary>Part of other programs, as far as it can be told.</summary>
    public double? OtherJoules { get; init; }

    public required EnergyQuality Quality { get; init; }

    public required string Meter { get; init; }

    /// <summary>Why a figure is null.</summary>
    public string? Reason { get; init; }
}
