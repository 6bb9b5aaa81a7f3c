using System.CommandLine;
using GreenTune.Core.Power;
using GreenTune.Inference;
using GreenTune.Inference.Engine;

namespace GreenTune.Bench.Energy;

/// <summary>
/// What the meter is worth on a real device: baselines, integral against counter, short windows inside a steady load beside readings of the counter at both ends (as
/// Zeus and CodeCarbon take them), overhead, repeatability and the length profile, all in one process on one model folder.
/// </summary>
internal static class EnergyBench
{
    public static Command Command()
    {
        var folder = new Argument<string>("folder") { Description = "Model folder" };
        var device = new Option<DeviceChoice>("--device") { Description = "cpu or cuda", DefaultValueFactory = _ => DeviceChoice.Cpu };
        var parts = new Option<string[]>("--parts")
        {
            Description = "baselines, calls, steady, windows, overhead, repeats, profile, record",
            DefaultValueFactory = _ => ["baselines", "calls", "steady", "windows", "overhead", "repeats", "profile"],
            AllowMultipleArgumentsPerToken = true,
        };
        parts.AcceptOnlyFromAmong("baselines", "calls", "steady", "windows", "overhead", "repeats", "profile", "record");
        var rows = new Option<int>("--rows") { Description = "Rows of the steady load", DefaultValueFactory = _ => 32 };
        var scale = new Option<double>("--scale") { Description = "Length of every experiment, 1 as published", DefaultValueFactory = _ => 1 };
        var longest = new Option<int>("--longest") { Description = "Longest prompt and answer of the length grid", DefaultValueFactory = _ => 4096 };
        var recording = new Option<string>("--recording") { Description = "File that the part record writes", DefaultValueFactory = _ => "load.greentrace" };
        var traces = new Option<string?>("--traces") { Description = "Folder for the power samples of the parts steady and windows, as CSV" };
        var command = new Command("energy", "The meter on a real device: baselines, agreement, short windows, overhead, repeatability, length profile") { folder, device, parts, rows, scale, longest, recording, traces };
        command.SetAction(async parsed =>
        {
            var setting = new EnergySetting(
                parsed.GetValue(folder)!, parsed.GetValue(device), parsed.GetValue(rows), parsed.GetValue(scale), parsed.GetValue(longest), parsed.GetValue(recording)!, parsed.GetValue(traces));
            foreach (string part in parsed.GetValue(parts)!)
            {
                Console.WriteLine();
                Console.WriteLine($"## {part}");
                Console.WriteLine();
                await (part switch
                {
                    "baselines" => BaselineExperiment.RunAsync(setting),
                    "steady" => SteadyExperiment.RunAsync(setting),
                    "windows" => WindowExperiment.RunAsync(setting),
                    "overhead" => OverheadExperiment.RunAsync(setting),
                    "repeats" => RepeatExperiment.RunAsync(setting),
                    "calls" => CallExperiment.RunAsync(setting),
                    "profile" => ProfileExperiment.RunAsync(setting),
                    _ => RecordExperiment.RunAsync(setting),
                });
            }
        });
        return command;
    }
}

/// <summary>What the experiments run on.</summary>
/// <param name="Folder">Model folder.</param>
/// <param name="Device">CPU or CUDA.</param>
/// <param name="Rows">Rows of the steady load.</param>
/// <param name="Scale">Factor on the length of every experiment.</param>
/// <param name="Longest">Longest prompt and answer of the length grid.</param>
/// <param name="Recording">File for the recorded trace.</param>
/// <param name="Traces">Folder for power samples; null for none.</param>
internal sealed record EnergySetting(string Folder, DeviceChoice Device, int Rows, double Scale, int Longest, string Recording, string? Traces)
{
    public bool Cuda => ExecutionProvider.Choose(Device, 0).Cuda;

    public TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds * Scale);

    /// <summary>Keeps the samples of an experiment beside its figures.</summary>
    public void Keep(string name, PowerTrace trace)
    {
        if (Traces is null)
        {
            return;
        }

        Directory.CreateDirectory(Traces);
        using var file = new StreamWriter(Path.Combine(Traces, name + ".csv"));
        file.WriteLine("seconds,watts");
        for (int i = 0; i < trace.Count; i++)
        {
            file.WriteLine(FormattableString.Invariant($"{(trace[i].At - trace[0].At).TotalSeconds:0.######},{trace[i].Power.Value:0.###}"));
        }
    }

    public int Times(int count) => Math.Max(1, (int)Math.Round(count * Scale));
}
