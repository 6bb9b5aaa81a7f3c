using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Core.Contracts;
using GreenTune.Metering;
using GreenTune.Metering.Baselines;
using GreenTune.Metering.Cpu;
using GreenTune.Metering.Sources;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Cli.Meter;

/// <summary>greentune meter calibrate: the idle power now, refused where something runs.</summary>
internal static class MeterCalibrate
{
    private const double DefaultSeconds = 10;

    /// <summary>Share of all CPUs, or of a device's energy, above which it is not idle.</summary>
    internal const double BusyShare = 0.1;

    /// <summary>Sigma over mean above which the power was not steady.</summary>
    internal const double UnsteadyShare = 0.05;

    public static Command Command(CliConsole console, IMachinePower machine)
    {
        var devices = new DeviceOptions();
        Option<double?> seconds = CommonOptions.Number("--seconds", "seconds", $"How long it is measured (the default is {DefaultSeconds:0}).", 3, 60, 30);
        var force = new Option<bool>("--force") { Description = "Show the figures of a busy machine, too." };
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("calibrate", "Measures the idle power now, with its sigma. Refuses where something runs: what it draws would be taken for idle power.") { seconds, force, json }
            .WithExamples("greentune meter calibrate", "greentune meter calibrate --device gpu --seconds 60 --json");
        devices.AddTo(command);
        command.SetAction((result, cancellation) => RunAsync(
            console, devices.Open(result, console, machine), machine, TimeSpan.FromSeconds(result.GetValue(seconds) ?? DefaultSeconds), result.GetValue(force), result.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(CliConsole console, IReadOnlyList<IPowerSource> sources, IMachinePower machine, TimeSpan length, bool force, bool json, CancellationToken cancellation)
    {
        MeteringOptions options = EnvironmentSettings.Metering(console.Variables);
        var metering = new DeviceMeterOptions
        {
            Period = TimeSpan.FromMilliseconds(options.PeriodMilliseconds),
            BaselineFile = string.IsNullOrWhiteSpace(options.BaselineFile) ? null : new(options.BaselineFile, NullLogger.Instance),
        };
        await using var meters = new OpenMeters(sources, _ => metering, console.Clock);
        DeviceMeter[] metered = [.. meters.Metered];
        if (metered.Length == 0)
            throw new CommandFailedException("nothing of this machine can be metered; 'greentune meter devices' says why");
        ICpuTimes times = machine.CpuTimes();
        using var disposable = times as IDisposable;
        (double? Machine, double Own) before = (times.MachineBusySeconds(), times.ProcessSeconds());
        if (console.ErrorIsTerminal)
            console.Note($"Measuring for {Figures.Seconds(length.TotalSeconds)}; leave the machine alone.");
        long began = console.Clock.GetTimestamp();
        CalibrationResult[] results = await Task.WhenAll(metered.Select(meter => meter.CalibrateAsync(length, cancellation)));
        double? busy = times.MachineBusySeconds() - before.Machine - (times.ProcessSeconds() - before.Own);
        double? busyShare = busy / console.Clock.GetElapsedTime(began).TotalSeconds / Environment.ProcessorCount;
        Calibration[] calibrated = [.. metered.Zip(results, (meter, result) => Calibration.Of(meter.View(), meter.CutPeriod(), busyShare, result.Problem))];
        if (!force && calibrated.FirstOrDefault(device => device.Refusal is not null) is { } refused)
            throw new CommandFailedException($"{refused.Device} is not idle: {refused.Refusal}. Stop what runs and try again; --force shows the figures all the same");
        if (json)
            console.Json(calibrated);
        else
            Write(console, calibrated);
        return ExitCodes.Ok;
    }

    private static void Write(CliConsole console, Calibration[] calibrated)
    {
        foreach (Calibration device in calibrated)
        {
            console.Output.WriteLine(SafeText.Line($"{device.Device} ({device.Meter}): idle power {MeteringWords.Baseline(device.Baseline)}{(device.GainRelative is { } gain ? $"; the sensor's own error of {Figures.Percent(gain)} comes on top" : "")}"));
            if (device.Refusal is { } refusal)
                console.Output.WriteLine(SafeText.Line($"  not idle: {refusal}"));
        }
        console.Output.WriteLine("The services measure their own, with models resident and without, whenever they have been quiet for long enough; the variable Metering__BaselineFile names a file that keeps them over restarts.");
    }
}

/// <summary>A device's idle power; what --json writes.</summary>
internal sealed record Calibration
{
    public required string Device { get; init; }

    public required string Meter { get; init; }

    public required EnergyQuality Quality { get; init; }

    public BaselineView? Baseline { get; init; }

    /// <summary>The sensor's relative gain error, one sigma: not in the baseline's sigma.</summary>
    public double? GainRelative { get; init; }

    /// <summary>CPU time of other programs over that of all CPUs; null where the system does not tell.</summary>
    public double? OtherCpuShare { get; init; }

    /// <summary>Other programs' part of the device's energy.</summary>
    public double? OtherEnergyShare { get; init; }

    /// <summary>Why this is no idle power; null when it is.</summary>
    public string? Refusal { get; init; }

    public static Calibration Of(DeviceView view, EnergyPeriod? period, double? busyShare, string? problem = null)
    {
        double? other = period is { Total.Value: > 0 } ? period.Other / period.Total : null;
        BaselineView? baseline = view.EmptyBaseline;
        // A GPU is idle beside a busy CPU; what its own programs draw shows in its energy.
        string? refusal = view.Kind == "cpu" && busyShare > MeterCalibrate.BusyShare ? $"other programs use {Figures.Percent(busyShare.Value)} of the CPUs"
            : view.Kind != "cpu" && other > MeterCalibrate.BusyShare ? $"other programs have {Figures.Percent(other.Value)} of its energy"
            : problem is not null ? problem
            : baseline is null or { Assumed: true } ? "no quiet stretch was long enough to measure it"
            : baseline.Sigma.Value > MeterCalibrate.UnsteadyShare * baseline.Mean.Value ? $"its power was not steady (sigma {Figures.Power(baseline.Sigma.Value)} of {Figures.Power(baseline.Mean.Value)})"
            : null;
        return new()
        {
            Device = view.Id,
            Meter = view.Meter,
            Quality = view.Quality,
            Baseline = baseline,
            GainRelative = view.GainRelative,
            OtherCpuShare = busyShare,
            OtherEnergyShare = other,
            Refusal = refusal,
        };
    }
}
