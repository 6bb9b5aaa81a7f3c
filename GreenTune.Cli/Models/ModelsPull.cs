using System.CommandLine;
using System.Globalization;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Models.Catalog;
using GreenTune.Models.Download;
using GreenTune.Models.Store;
using Spectre.Console;

namespace GreenTune.Cli.Models;

/// <summary>greentune models pull.</summary>
internal static class ModelsPull
{
    public static Command Command(CliConsole console)
    {
        var places = new PlaceOptions();
        var model = new Argument<string>("model") { Description = "An id of the catalog, or a repository of the hub as org/name or org/name@revision." };
        Option<string?> revision = CommonOptions.Text("--revision", "revision", "Branch, tag or commit (the default is the pinned commit of what is there, else main).", HubRepository.IsRevision, "a branch, tag or commit", "main");
        Option<string?> name = NameOption();
        var files = new Option<string[]>("--file") { Description = "A file to take, * for any characters; may be given several times. The default is what a checkpoint needs, or the only GGUF file.", HelpName = "file" };
        var tokenFile = new Option<string?>("--token-file") { Description = "File that holds a token for gated models. The default is the environment variable HF_TOKEN.", HelpName = "file" };
        var endpoint = new Option<string?>("--endpoint") { Description = "Address of the hub. The default is HF_ENDPOINT, else https://huggingface.co.", HelpName = "address" };
        var hosts = new Option<string[]>("--allow-host") { Description = "A host that the hub may redirect to, for example *.example.org; may be given several times. The default is every public host.", HelpName = "host" };
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("pull", "Pulls a checkpoint from the hub: resumed, checked against the hub's hashes, pinned to a commit.") { model, revision, name, files, tokenFile, endpoint, hosts, json }
            .WithExamples(
                "greentune models pull smollm2-135m-instruct",
                "greentune models pull HuggingFaceTB/SmolLM2-135M-Instruct@main --name smol",
                "greentune models pull llama-3.2-1b-instruct --token-file token.txt");
        places.AddTo(command, catalog: true);
        command.SetAction((result, cancellation) =>
        {
            ModelStore store = places.Open(result, console.Clock);
            PullRequest request = PullTarget.Resolve(places.Catalog(result, store), result.GetRequiredValue(model), result.GetValue(revision), result.GetValue(name), result.GetValue(files));
            var hub = new HubOptions
            {
                Endpoint = HubOptions.ReadEndpoint(result.GetValue(endpoint)),
                Token = result.GetValue(tokenFile) is { } file ? HubToken.ReadFile(file) : HubToken.FromEnvironment(),
                AllowedHosts = result.GetValue(hosts) ?? [],
            };
            return RunAsync(console, store, hub, request, result.GetValue(json), cancellation);
        });
        return command;
    }

    /// <summary>--name, as pull and import have it.</summary>
    public static Option<string?> NameOption() => CommonOptions.Text("--name", "name", "Name of the model here.", CheckpointNames.IsName, "a name of letters, digits, dots, dashes and underscores", "smol");

    private static async Task<int> RunAsync(CliConsole console, ModelStore store, HubOptions hub, PullRequest request, bool json, CancellationToken cancellation)
    {
        using var puller = new ModelPuller(hub, clock: console.Clock);
        long start = console.Clock.GetTimestamp();
        PulledCheckpoint pulled = console.ErrorIsTerminal
            ? await WithBarsAsync(console, progress => puller.PullAsync(request, store, progress, cancellation))
            : await puller.PullAsync(request, store, new PullLines(console, request.Name), cancellation);
        var report = new PullReport(request.Name, pulled.Pin.Repository, pulled.Pin.Commit, pulled.Pin.License, pulled.Downloaded, pulled.Pin.Files.Sum(f => f.Size),
            console.Clock.GetElapsedTime(start).TotalSeconds, pulled.Folder, pulled.Pin.Files);
        if (json)
            console.Json(report);
        else
            console.Output.WriteLine(report.Sentence());
        return ExitCodes.Ok;
    }

    private static Task<PulledCheckpoint> WithBarsAsync(CliConsole console, Func<IProgress<PullProgress>, Task<PulledCheckpoint>> pull)
    {
        IAnsiConsole terminal = console.Progress();
        return terminal.Progress().AutoClear(true).HideCompleted(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(context => pull(new PullBars(terminal, context)));
    }
}

/// <summary>A bar for each file and one for all.</summary>
internal sealed class PullBars(IAnsiConsole terminal, ProgressContext context) : IProgress<PullProgress>
{
    private readonly ProgressTask _all = context.AddTask(Words(PullStage.Resolving));
    private readonly Dictionary<string, ProgressTask> _files = new(StringComparer.Ordinal);

    public void Report(PullProgress value)
    {
        if (value.Note is { } note)
            terminal.WriteLine(SafeText.Line(note));
        _all.Description = Words(value.Stage);
        _all.MaxValue = Math.Max(1, value.Size);
        _all.Value = value.Stage == PullStage.Done ? _all.MaxValue : value.Bytes;
        foreach (PullFileProgress file in value.Files)
        {
            if (!_files.TryGetValue(file.Path, out ProgressTask? bar))
                _files.Add(file.Path, bar = context.AddTask(Markup.Escape(SafeText.Line(file.Path))));
            bar.MaxValue = Math.Max(1, file.Size);
            bar.Value = file.Done ? bar.MaxValue : file.Bytes;
        }
    }

    public static string Words(PullStage stage) => stage switch
    {
        PullStage.Waiting => "another process pulls it, waiting",
        PullStage.Resolving => "asking the hub",
        PullStage.Checking => "checking what is there",
        PullStage.Downloading => "downloading",
        PullStage.Finishing => "moving into place",
        _ => "done",
    };
}

/// <summary>What is not a terminal keeps every line: one for each stage, each tenth, and each thing that went wrong.</summary>
internal sealed class PullLines(CliConsole console, string name) : IProgress<PullProgress>
{
    private PullStage? _stage;
    private long _tenth;

    public void Report(PullProgress value)
    {
        if (value.Note is { } note)
            console.Note($"{name}: {note}");
        if (value.Stage != _stage && value.Stage is PullStage.Waiting or PullStage.Resolving or PullStage.Downloading)
            console.Note($"{name}: {PullBars.Words(value.Stage)}{(value.Stage == PullStage.Downloading ? $", {value.Files.Count} files, {Figures.Size(value.Size)}" : "")}");
        _stage = value.Stage;
        long tenth = value.Size > 0 ? value.Bytes * 10 / value.Size : 0;
        if (value.Stage == PullStage.Downloading && tenth > _tenth && value.Bytes < value.Size)
        {
            _tenth = tenth;
            string rate = value.BytesPerSecond is { } speed ? $", {Figures.Size((long)speed)}/s" : "";
            string left = value.Remaining is { } remaining ? $", about {remaining.TotalSeconds.ToString("N0", CultureInfo.InvariantCulture)} s left" : "";
            console.Note($"{name}: {tenth * 10} % of {Figures.Size(value.Size)}{rate}{left}");
        }
    }
}

/// <summary>What was pulled, as --json writes it.</summary>
/// <param name="Name">The checkpoint's name here.</param>
/// <param name="Repository">Where it is from.</param>
/// <param name="Commit">What it is pinned to.</param>
/// <param name="License">SPDX identifier, else what the repository's card says; null where neither says.</param>
/// <param name="DownloadedBytes">Bytes that came over the network.</param>
/// <param name="Bytes">Size of its files.</param>
/// <param name="Seconds">Wall-clock time.</param>
/// <param name="Folder">Where it is.</param>
/// <param name="Files">Each file with its hash.</param>
internal sealed record PullReport(string Name, string Repository, string Commit, string? License, long DownloadedBytes, long Bytes, double Seconds, string Folder, IReadOnlyList<HubFile> Files)
{
    public string Sentence()
    {
        string from = $"{Repository} at {Commit[..12]}, licence {License ?? "unknown (neither the catalog nor the repository's card says)"}";
        return DownloadedBytes == 0
            ? $"{Name}: there already and as the hub lists it, {Figures.Size(Bytes)}, {from}, {Folder}"
            : $"{Name}: pulled {Figures.Size(DownloadedBytes)} in {Figures.Seconds(Seconds)} from {from}, {Folder}{Environment.NewLine}Build it with: greentune models build {Name}-int4";
    }
}
