using System.Diagnostics;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;
using Spectre.Console;

namespace GreenTune.Cli.Models;

/// <summary>greentune models build.</summary>
internal static class ModelsBuild
{
    public static async Task<int> RunAsync(CliConsole console, ModelStore store, IReadOnlyList<ModelConfiguration> wanted, bool force, bool json, CancellationToken cancellation)
    {
        var built = new List<BuildReport>();
        if (console.ErrorIsTerminal)
        {
            await console.Progress().Progress().AutoClear(true).HideCompleted(true)
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
                .StartAsync(async context =>
                {
                    ProgressTask all = context.AddTask("all configurations", maxValue: wanted.Count);
                    foreach (ModelConfiguration configuration in wanted)
                    {
                        ProgressTask bar = context.AddTask(Markup.Escape(configuration.Id), maxValue: 1);
                        var progress = new Watcher(p =>
                        {
                            bar.Description = Markup.Escape(Words(p));
                            bar.Value = p.Stage is BuildStage.Finishing or BuildStage.Done ? 1 : p.Fraction;
                        });
                        built.Add(await OneAsync(console, store, configuration, force, progress, cancellation));
                        bar.StopTask();
                        all.Increment(1);
                    }
                });
            if (!json)
                built.ForEach(report => console.Output.WriteLine(report.Sentence()));
        }
        else
        {
            foreach (ModelConfiguration configuration in wanted)
            {
                var said = new HashSet<BuildStage>();
                var progress = new Watcher(p =>
                {
                    // A line a stage: what is not a terminal keeps every line, and calibrating and writing take turns.
                    if (p.Stage is BuildStage.Waiting or BuildStage.Calibrating or BuildStage.Writing && said.Add(p.Stage))
                        console.Note(Words(p));
                });
                BuildReport report = await OneAsync(console, store, configuration, force, progress, cancellation);
                built.Add(report);
                if (!json)
                    console.Output.WriteLine(report.Sentence());
            }
        }
        if (json)
            console.Json(built);
        return ExitCodes.Ok;
    }

    private static async Task<BuildReport> OneAsync(CliConsole console, ModelStore store, ModelConfiguration configuration, bool force, Watcher progress, CancellationToken cancellation)
    {
        long start = console.Clock.GetTimestamp();
        ModelFolder folder = force
            ? await store.BuildAsync(configuration, force: true, progress, cancellation)
            : await store.EnsureBuiltAsync(configuration, progress, cancellation);
        return new BuildReport(configuration.Id, configuration.Precision.Word(), configuration.Provider.Word(), progress.Wrote, console.Clock.GetElapsedTime(start).TotalSeconds, folder.Bytes, folder.FolderPath);
    }

    private static string Words(BuildProgress progress) => progress.Id + progress.Stage switch
    {
        BuildStage.Waiting => ": another process builds it, waiting",
        BuildStage.Hashing => ": reading the checkpoint",
        BuildStage.Calibrating => ": sending the calibration text through the model",
        BuildStage.Writing => ": writing weights",
        BuildStage.Finishing => ": checking the folder",
        BuildStage.Done => ": done",
        _ => throw new UnreachableException(),
    };

    /// <summary>Unlike <see cref="Progress{T}"/> it is called in order, on the thread that builds.</summary>
    private sealed class Watcher(Action<BuildProgress> watch) : IProgress<BuildProgress>
    {
        /// <summary>Something was written: the folder was not there before.</summary>
        public bool Wrote { get; private set; }

        public void Report(BuildProgress value)
        {
            Wrote |= value.Stage == BuildStage.Writing;
            watch(value);
        }
    }
}

/// <summary>What became of one configuration, as --json writes it.</summary>
/// <param name="Id">The configuration.</param>
/// <param name="Precision">For example "int4".</param>
/// <param name="Provider">"cpu" or "cuda".</param>
/// <param name="Written">False where a usable folder was there already.</param>
/// <param name="Seconds">Wall-clock time, the wait for another process included.</param>
/// <param name="Bytes">Size of the folder.</param>
/// <param name="Folder">Where it is.</param>
internal sealed record BuildReport(string Id, string Precision, string Provider, bool Written, double Seconds, long Bytes, string Folder)
{
    public string Sentence() => Written
        ? $"{Id} ({Provider}): built in {Figures.Seconds(Seconds)}, {Figures.Size(Bytes)}, {Folder}"
        : $"{Id} ({Provider}): there already, {Figures.Size(Bytes)}, {Folder}";
}
