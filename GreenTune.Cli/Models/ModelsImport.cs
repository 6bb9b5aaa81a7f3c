using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Models.Import;
using GreenTune.Models.Store;
using Spectre.Console;

namespace GreenTune.Cli.Models;

/// <summary>greentune models import.</summary>
internal static class ModelsImport
{
    public static Command Command(CliConsole console)
    {
        var places = new PlaceOptions();
        var path = new Argument<string>("path") { Description = "A Hugging Face folder, a .gguf file, or a folder in ONNX Runtime GenAI's format." };
        Option<string?> name = ModelsPull.NameOption();
        var move = new Option<bool>("--move") { Description = "Move the files here in place of copying them." };
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("import", "Takes a model that is on this machine into the cache, and says what it found out about it.") { path, name, move, json }
            .WithExamples("greentune models import ./my-model", "greentune models import model-q8_0.gguf --name my-model", "greentune models import ./onnx-folder --move --json");
        places.AddTo(command);
        command.SetAction((result, cancellation) => RunAsync(
            console,
            places.Open(result, console.Clock),
            new ImportRequest { Path = result.GetRequiredValue(path), Name = result.GetValue(name), Move = result.GetValue(move) },
            result.GetValue(json),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(CliConsole console, ModelStore store, ImportRequest request, bool json, CancellationToken cancellation)
    {
        var importer = new ModelImporter(store, console.Clock);
        ImportedModel model = console.ErrorIsTerminal
            ? await console.Progress().Progress().AutoClear(true)
                .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn())
                .StartAsync(context => importer.ImportAsync(request, new Bar(context.AddTask("checking")), cancellation))
            : await importer.ImportAsync(request, cancellationToken: cancellation);
        if (json)
        {
            console.Json(model);
            return ExitCodes.Ok;
        }
        console.Output.WriteLine($"{model.Name}: imported {Figures.Size(model.Bytes)}, {Form(model.Kind)}, {model.Folder}");
        console.Fields(model.Findings.Select(f => (f.Severity == ImportSeverity.Good ? f.What : $"{f.What} ({Figures.Word(f.Severity)})", f.Detail)));
        console.Output.WriteLine(model.Kind == ImportKind.ModelFolder ? "The service offers it at its next start." : $"Build it with: greentune models build {model.Name}-int4");
        return ExitCodes.Ok;
    }

    private static string Form(ImportKind kind) => kind switch
    {
        ImportKind.Gguf => "a GGUF file",
        ImportKind.ModelFolder => "a model folder that is served as it is",
        _ => "a checkpoint",
    };

    private sealed class Bar(ProgressTask task) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value)
        {
            task.Description = Markup.Escape(SafeText.Line(value.File));
            task.MaxValue = Math.Max(1, value.Size);
            task.Value = value.Bytes;
        }
    }
}
