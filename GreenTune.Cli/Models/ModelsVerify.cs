using System.CommandLine;
using System.Globalization;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;
using GreenTune.Models.Verification;
using Microsoft.ML.OnnxRuntime;
using Spectre.Console;

namespace GreenTune.Cli.Models;

/// <summary>greentune models verify.</summary>
internal static class ModelsVerify
{
    public static Command Command(CliConsole console)
    {
        var places = new PlaceOptions();
        var name = new Argument<string>("folder") { Description = "A built folder's path, a configuration, or a model for all of its built configurations." };
        var source = new Option<string?>("--source") { Description = "The checkpoint that the folder was built from, where it is not among those of this machine.", HelpName = "folder" };
        Option<Provider?> provider = CommonOptions.Word<Provider>("--provider", "The provider that configurations are for (the default is cpu)");
        Option<Provider?> device = CommonOptions.Word<Provider>("--device", "Where the folder is run (the default is cpu)");
        Option<int?> tokens = CommonOptions.Whole("--tokens", "count", "Tokens that are compared (the default is 1024).", 2, 1 << 20, 4096);
        var text = new Option<string?>("--text") { Description = "A text file to use instead of the bundled text.", HelpName = "file" };
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("verify", "Holds built folders against their checkpoints: logits against a plain forward pass, greedy tokens against ONNX Runtime GenAI. The result is kept in the folder, and one that failed is not served.")
        {
            name, source, provider, device, tokens, text, json,
        }.WithExamples("greentune models verify greentune-tiny-int4", "greentune models verify greentune-nano --tokens 4096 --json", "greentune models verify ./my-folder --source ./my-checkpoint");
        places.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            IReadOnlyList<Subject> subjects = await Task.Run(
                () => Find(places.Open(result, console.Clock), result.GetRequiredValue(name), result.GetValue(source), result.GetValue(provider) ?? Provider.Cpu, cancellation), cancellation);
            var options = new ParityOptions { TextFile = result.GetValue(text), Cuda = result.GetValue(device) == Provider.Cuda };
            return await RunAsync(console, subjects, result.GetValue(tokens) is { } count ? options with { Tokens = count } : options, result.GetValue(json), cancellation);
        });
        return command;
    }


    /// <param name="Folder">A folder that GreenTune built.</param>
    /// <param name="Source">The checkpoint it was built from.</param>
    public sealed record Subject(string Folder, string Source);

    public static async Task<int> RunAsync(CliConsole console, IReadOnlyList<Subject> subjects, ParityOptions options, bool json, CancellationToken cancellation)
    {
        var reports = new List<(Subject Subject, ParityReport Report)>();
        foreach (Subject subject in subjects)
        {
            ParityReport report = await WithProgress(console, subject, options, cancellation);
            reports.Add((subject, report));
            if (json)
                continue;
            console.Fields(Fields(subject, report));
            if (subject != subjects[^1])
                console.Output.WriteLine();
        }
        if (json)
            console.Json(reports.Select(r => new { folder = r.Subject.Folder, source = r.Subject.Source, report = r.Report }));
        return reports.TrueForAll(r => r.Report.Passed) ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static async Task<ParityReport> WithProgress(CliConsole console, Subject subject, ParityOptions options, CancellationToken cancellation)
    {
        ModelFolder folder = ModelFolder.Open(subject.Folder);
        var check = new ParityCheck(console.Clock);
        try
        {
            if (!console.ErrorIsTerminal)
            {
                console.Note($"{folder.Id}: verifying against {subject.Source}");
                return await check.RunAsync(folder, subject.Source, options, null, cancellation);
            }
            return await console.Progress().Progress().AutoClear(true)
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new ElapsedTimeColumn(), new SpinnerColumn())
                .StartAsync(context =>
                {
                    ProgressTask bar = context.AddTask(Markup.Escape(folder.Id), maxValue: 1);
                    var progress = new Progress<ParityProgress>(p =>
                    {
                        bar.Description = Markup.Escape($"{folder.Id}: {p.What}");
                        bar.Value = p.Fraction;
                    });
                    return check.RunAsync(folder, subject.Source, options, progress, cancellation);
                });
        }
        catch (OnnxRuntimeException e)
        {
            throw new CommandFailedException($"{folder.Id} does not run on this device: {e.Message}", e);
        }
    }

    private static IEnumerable<(string, string)> Fields(Subject subject, ParityReport report)
    {
        yield return ("Folder", subject.Folder);
        yield return ("Checkpoint", subject.Source);
        yield return ("Result", report.Passed ? "passed" : "failed");
        foreach (string failure in report.Failures)
            yield return ("", failure);
        yield return ("Text", $"{report.Text} on {report.Device} with {report.Runtime}");
        foreach ((string, string) field in Comparison("Against the checkpoint", report.Checkpoint))
            yield return field;
        if (report.StoredWeights is { } stored)
        {
            foreach ((string, string) field in Comparison("Against its own weights", stored))
                yield return field;
        }
        if (report.GenAI is { } greedy)
            yield return ("GenAI's Generator", $"{greedy.Equal} of {greedy.Prompts} greedy answers of {greedy.TokensPerPrompt} tokens are equal");
        foreach (string skipped in report.NotChecked)
            yield return ("Not checked", skipped);
    }

    private static IEnumerable<(string, string)> Comparison(string name, LogitComparison comparison)
    {
        yield return (name, string.Create(CultureInfo.InvariantCulture,
            $"largest difference {comparison.RelativeDifference:0.0e+0} of the largest logit, mean {comparison.MeanDifference:0.0e+0}, top-1 equal at {100 * comparison.Top1Agreement:0.00} % of {comparison.Positions} positions, divergence {comparison.MeanDivergence:0.0e+0} nats"));
        if (comparison is { Perplexity: { } perplexity, ReferencePerplexity: { } reference })
            yield return ("", string.Create(CultureInfo.InvariantCulture, $"perplexity {perplexity:0.0000}, reference {reference:0.0000}"));
    }

    /// <summary>Folders that a name on the command line means, each with its checkpoint.</summary>
    /// <param name="store">Where checkpoints and built folders are.</param>
    /// <param name="name">A folder's path, a configuration, or a model for all of its built configurations.</param>
    /// <param name="source">The checkpoint, where the command line names it.</param>
    /// <param name="provider">Of configurations.</param>
    /// <exception cref="BadUsageException">The name means nothing, or nothing that is built.</exception>
    public static IReadOnlyList<Subject> Find(ModelStore store, string name, string? source, Provider provider, CancellationToken cancellation)
    {
        if (File.Exists(Path.Combine(name, ModelManifest.FileName)))
            return [new Subject(Path.GetFullPath(name), source ?? SourceOf(store, name))];
        ModelConfiguration[] built = [.. ConfigurationNames.Find(store, [name], provider).Where(c => store.TryOpen(c, cancellation) is not null)];
        return built.Length > 0
            ? [.. built.Select(c => new Subject(store.FolderOf(c, cancellation), source ?? c.SourceFolder))]
            : throw new BadUsageException($"{name} is not built; build it first: greentune models build {name}");
    }

    private static string SourceOf(ModelStore store, string folder)
    {
        string name = ModelFolder.Open(folder).Manifest!.Source.Name;
        return store.Checkpoints().FirstOrDefault(c => Path.GetFileName(c) == name)
            ?? throw new BadUsageException($"{folder} was built from {name}, which is not among the checkpoints of this machine; say where it is, for example --source ./{name}");
    }
}
