using System.CommandLine;
using System.Globalization;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Recording;

namespace GreenTune.Cli.Meter;

/// <summary>greentune meter replay: the figures of a recording.</summary>
internal static class MeterReplayFile
{
    private static readonly Column[] Columns =
    [
        new("Request", Right: true),
        new("Energy", Right: true, Folds: true),
        new("Active", Right: true),
        new("Idle share", Right: true),
        new("Prefill", Right: true, Drop: 2),
        new("Decode", Right: true, Drop: 1),
        new("± 1 sigma", Right: true),
        new("In flight", Right: true, Drop: 3),
        new("Quality"),
    ];

    public static Command Command(CliConsole console)
    {
        var file = new Argument<string>("file") { Description = "A recording of a meter (.greentrace), or lines of \"seconds,watts,joules\" in which watts or joules may be empty." };
        Option<int?> requests = CommonOptions.Whole("--requests", "count", "Longest list of requests (the default is 20).", 0, 1_000_000, 100);
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("replay", "Runs a recording through the meter again and shows what it comes to: energy, gaps, resets, agreement of counter and samples, idle power, and the requests in it.") { file, requests, json }
            .WithExamples("greentune meter replay idle.greentrace", "greentune meter replay readings.csv --json");
        command.SetAction((result, cancellation) => Task.Run(() => Run(console, result.GetRequiredValue(file), result.GetValue(requests) ?? 20, result.GetValue(json)), cancellation));
        return command;
    }

    private static int Run(CliConsole console, string path, int requests, bool json)
    {
        MeterReplayResult replayed = Replay(path);
        ReplayReport report = ReplayReport.Of(replayed);
        if (json)
        {
            console.Json(report);
            return ExitCodes.Ok;
        }
        console.Fields(Fields(replayed, report));
        if (report.Requests.Count > 0 && requests > 0)
        {
            console.Table(Columns, report.Requests.Take(requests).Select(Row));
            if (report.Requests.Count > requests)
                console.Note($"{Figures.Count(report.Requests.Count - requests)} more requests: --requests {report.Requests.Count} lists all.");
        }
        return ExitCodes.Ok;
    }

    private static MeterReplayResult Replay(string path)
    {
        try
        {
            if (!File.Exists(path))
                throw new CommandFailedException($"there is no file {Path.GetFullPath(path)}");
            return IsText(path) ? MeterReplay.Run(PlainReadings.Read(path)) : MeterReplay.Run(path);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CommandFailedException($"{path} cannot be replayed: {e.Message}", e);
        }
    }

    /// <summary>Recordings are gzip, which begins with 1F 8B.</summary>
    private static bool IsText(string path)
    {
        using FileStream file = File.OpenRead(path);
        return file.ReadByte() != 0x1f || file.ReadByte() != 0x8b;
    }

    private static IEnumerable<(string, string)> Fields(MeterReplayResult replayed, ReplayReport report)
    {
        RecordingHeader header = replayed.Header;
        yield return ("Recorded", string.Create(CultureInfo.InvariantCulture, $"{Figures.Time(header.StartedAt)}, {Figures.Seconds(report.Seconds)}{(report.IsTorn ? ", breaks off" : "")}"));
        if (header.Note is { } note)
            yield return ("Note", note);
        yield return ("Device", $"{header.Source.DeviceId} ({header.Source.DeviceName}), {header.Source.Meter}: {header.Source.Explanation}");
        yield return ("Readings", $"{Figures.Count(report.Ticks)} ticks, {Figures.Count(report.Samples)} samples, {Figures.Count(report.CounterReadings)} counter values, {Figures.Count(report.Steps)} steps");
        yield return ("Gaps", $"{Figures.Count(report.Gaps)} longer than three periods, {Figures.Count(report.Resets)} resets of the counter, {Figures.Count(report.Dropped)} readings dropped");
        if (report.Disagreement is { } disagreement)
            yield return ("Counter", $"{(disagreement >= 0 ? "+" : "")}{Figures.Percent(disagreement)} against the samples' integral, at most {Figures.Percent(report.LargestDisagreement)} in one span; {Figures.Count(report.UnscaledSpans)} of {Figures.Count(report.Spans)} spans not believed");
        if (report.Energy is not { } energy)
        {
            yield return ("Energy", Figures.Unknown("no block of the recording has a known energy"));
            yield break;
        }
        yield return ("Energy", $"{Figures.Energy(energy.Total)}, {Figures.Word(energy.Quality)}{(report.MeanWatts is { } mean ? $"; mean power {Figures.Power(mean)}" : "")}");
        yield return ("  active", $"{Figures.Energy(energy.Active)} caused by requests");
        yield return ("  idle share", $"{Figures.Energy(energy.IdleShare)} idle power while requests were in flight");
        yield return ("  idle", $"{Figures.Energy(energy.Idle)} while nobody was served");
        yield return ("  unattributed", Figures.Energy(energy.Unattributed));
        yield return ("  other", $"{Figures.Energy(energy.Other)} of other programs");
        yield return ("Idle power", MeteringWords.Baseline(report.ResidentBaseline ?? report.EmptyBaseline));
        yield return ("Requests", Figures.Count(report.Requests.Count));
    }

    private static IReadOnlyList<string> Row(ReplayedRequest request)
    {
        EnergyFigures energy = request.Energy;
        string Of(Joules? joules, string name) => joules is { } known ? Figures.Energy(known) : name == "joules" ? Figures.Unknown(Figures.Reason(energy.Reasons, name)) : "";
        return
        [
            Figures.Count(request.Request), Of(energy.Joules, "joules"), Of(energy.ActiveJoules, "activeJoules"), Of(energy.IdleJoules, "idleJoules"), Of(energy.PrefillJoules, "prefillJoules"),
            Of(energy.DecodeJoules, "decodeJoules"), energy.RelativeUncertainty is { } sigma ? Figures.Percent(sigma) : "", Figures.Number(request.MeanRowsInFlight), Figures.Word(energy.Quality),
        ];
    }
}

/// <summary>What --json writes.</summary>
internal sealed record ReplayReport
{
    public required DateTimeOffset StartedAt { get; init; }

    public required double Seconds { get; init; }

    public required string Device { get; init; }

    public required string Meter { get; init; }

    public string? Note { get; init; }

    public required string MethodVersion { get; init; }

    /// <summary>Its meter never ended it.</summary>
    public required bool IsTorn { get; init; }

    public required long Ticks { get; init; }

    public required long Samples { get; init; }

    public required long CounterReadings { get; init; }

    public required long Steps { get; init; }

    public required long Gaps { get; init; }

    public required long Resets { get; init; }

    public required long Dropped { get; init; }

    public required long Spans { get; init; }

    public required long UnscaledSpans { get; init; }

    /// <summary>Counter over the samples' integral, minus 1; null where there are not both.</summary>
    public double? Disagreement { get; init; }

    public required double LargestDisagreement { get; init; }

    /// <summary>By bucket; null when nothing is known.</summary>
    public EnergyBuckets? Energy { get; init; }

    /// <summary>Over the length of the recording.</summary>
    public double? MeanWatts { get; init; }

    public BaselineView? EmptyBaseline { get; init; }

    public BaselineView? ResidentBaseline { get; init; }

    public required IReadOnlyList<ReplayedRequest> Requests { get; init; }

    public static ReplayReport Of(MeterReplayResult replayed)
    {
        CuttingStatistics cutting = replayed.Cutting;
        EnergyBuckets? energy = replayed.Buckets.Quality == EnergyQuality.None ? null : replayed.Buckets;
        double seconds = replayed.Length.TotalSeconds;
        return new()
        {
            StartedAt = replayed.Header.StartedAt,
            Seconds = seconds,
            Device = replayed.Header.Source.DeviceId,
            Meter = replayed.Header.Source.Meter,
            Note = replayed.Header.Note,
            MethodVersion = MethodVersions.Attribution,
            IsTorn = replayed.IsTorn,
            Ticks = replayed.Ticks,
            Samples = replayed.Samples,
            CounterReadings = replayed.CounterReadings,
            Steps = replayed.Steps,
            Gaps = cutting.Gaps,
            Resets = cutting.Resets,
            Dropped = cutting.Dropped,
            Spans = cutting.Spans,
            UnscaledSpans = cutting.UnscaledSpans,
            Disagreement = cutting.OverallDisagreement,
            LargestDisagreement = cutting.LargestDisagreement,
            Energy = energy,
            MeanWatts = energy is not null && seconds > 0 ? energy.Total.Value / seconds : null,
            EmptyBaseline = replayed.View.EmptyBaseline,
            ResidentBaseline = replayed.View.ResidentBaseline,
            Requests = [.. replayed.Settlements.Select(settled => new ReplayedRequest(settled.Request, settled.Energy, settled.MeanRowsInFlight))],
        };
    }
}

/// <summary>A request of a recording.</summary>
internal sealed record ReplayedRequest(long Request, EnergyFigures Energy, double MeanRowsInFlight);
