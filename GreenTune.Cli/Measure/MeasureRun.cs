using System.Globalization;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Core.Contracts;
using GreenTune.Metering.Baselines;

namespace GreenTune.Cli.Measure;

/// <summary>What is asked of a measurement.</summary>
/// <param name="Command">The command and its arguments.</param>
/// <param name="Name">Its name in reports.</param>
/// <param name="Baseline">How long the idle power is measured before; null for not at all.</param>
/// <param name="Factor">Carbon intensity of the electricity.</param>
internal sealed record Measurement(IReadOnlyList<string> Command, string Name, TimeSpan? Baseline, CarbonFactor Factor);

/// <summary>Measures the idle power, then the command.</summary>
internal sealed class MeasureRun(CliConsole console, Measurement wanted, IReadOnlyList<MeteredDevice> devices, ProcessTreeTimes times)
{
    /// <summary>Other programs above this share of the energy before the command make its baseline doubtful.</summary>
    internal const double BusyShare = 0.1;

    private static readonly TimeSpan TellEvery = TimeSpan.FromMilliseconds(200);

    // Clocks and regulators settle before a baseline counts.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(0.5);

    private readonly List<string> _notes = [];

    /// <exception cref="CommandNotStartedException">The command is not there, or cannot be executed.</exception>
    /// <exception cref="OperationCanceledException">Stopped before the command began.</exception>
    public async Task<MeasureReport> RunAsync(CancellationToken cancellation)
    {
        if (wanted.Baseline is { } baseline)
            await MeasureIdleAsync(baseline, cancellation);
        cancellation.ThrowIfCancellationRequested();
        // From here on signals are the command's.
        foreach (MeteredDevice device in devices)
            device.Begin();
        DateTimeOffset startedAt = console.Clock.GetUtcNow();
        long started = console.Clock.GetTimestamp();
        using ChildProcess child = ChildProcess.Start(wanted.Command, console.Interrupts);
        times.Follow(child.Id);
        Task<int> exit = child.ExitAsync();
        while (await Task.WhenAny(exit, Task.Delay(TellEvery, console.Clock, CancellationToken.None)) != exit)
        {
            foreach (MeteredDevice device in devices)
                device.Advance();
        }
        int code = await exit;
        double? cpu = child.Seconds();
        int alive = times.End(cpu);
        double seconds = console.Clock.GetElapsedTime(started).TotalSeconds;
        MeasuredDevice[] measured = await Task.WhenAll(devices.Select(device => device.EndAsync()));
        Note(measured, seconds, alive);
        return new MeasureReport
        {
            Command = wanted.Command,
            Name = wanted.Name,
            ExitCode = code,
            StartedAt = startedAt,
            EndedAt = startedAt + TimeSpan.FromSeconds(seconds),
            DurationSeconds = seconds,
            CpuSeconds = cpu,
            Quality = EnergyQuality.None,
            Factor = wanted.Factor,
            Devices = measured,
            Notes = _notes,
            RunId = Guid.CreateVersion7().ToString(),
            Version = GreenTuneCommand.Version,
        }.Summed();
    }

    private async Task MeasureIdleAsync(TimeSpan baseline, CancellationToken cancellation)
    {
        if (!devices.Any(IsMetered))
            return;
        if (console.ErrorIsTerminal)
            console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"greentune: measuring the idle power for {baseline.TotalSeconds:0.#} s "));
        foreach (MeteredDevice device in devices)
            device.Cut();
        MeteredDevice[] metered = [.. devices.Where(IsMetered)];
        CalibrationResult[] results = await Task.WhenAll(metered.Select(device => device.CalibrateAsync(baseline - Settling, cancellation)));
        if (console.ErrorIsTerminal)
            console.Error.Write("\r\u001b[K");
        foreach ((MeteredDevice device, CalibrationResult result) in metered.Zip(results))
        {
            DeviceView view = device.View();
            if (device.Cut() is { Total.Value: > 0 } before && before.Other / before.Total is > BusyShare and var share)
                _notes.Add($"Other programs had {Figures.Percent(share)} of {view.Name}'s energy while its idle power was measured; their part was taken out of it as far as it can be told.");
            if (result.Problem is { } problem)
                _notes.Add($"The idle power of {view.Name} could not be measured and is {(view.EmptyBaseline is { Assumed: false } ? "an earlier one" : "assumed")}: {problem}.");
            else if (view.EmptyBaseline is { } measured && measured.Sigma.Value > BusyShare * measured.Mean.Value)
                _notes.Add($"The idle power of {view.Name} was not steady: something else ran on it, and the command's active energy is doubtful.");
        }
    }

    private void Note(IReadOnlyList<MeasuredDevice> measured, double seconds, int alive)
    {
        if (wanted.Baseline is null)
            _notes.Add("The idle power was not measured before (--no-baseline): it is assumed, and the split into active and idle is rough.");
        if (alive > 0)
            _notes.Add($"{alive} {(alive == 1 ? "process" : "processes")} of the command still {(alive == 1 ? "runs" : "run")}: what {(alive == 1 ? "it needs" : "they need")} from now on is not counted.");
        if (!times.CountsDescendants)
            _notes.Add("On this system the CPU time of processes that the command starts is not told while they run: part of their energy may stand under other programs.");
        foreach (MeasuredDevice device in measured.Where(device => device.Balance is { } balance && balance.Other.Value > BusyShare * balance.Total.Value))
            _notes.Add($"Other programs had {Figures.Percent(device.Balance!.Other / device.Balance.Total)} of {device.Name}'s energy while the command ran.");
        if (measured.Any(device => device.Energy.Quality == EnergyQuality.Measured) && seconds < 1)
            _notes.Add("The command was shorter than a second: what it began and left undone (caches, clocks, the sensor's own delay) weighs. Repeat the work inside one run for a better figure.");
    }

    private static bool IsMetered(MeteredDevice device) => device.View().Quality != EnergyQuality.None;
}
