using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Models.Adapters;
using GreenTune.Models.Folders;

namespace GreenTune.Cli.Adapters;

/// <summary>greentune adapters: low-rank adapters for folders that were built with --adapters.</summary>
internal static class AdaptersCommand
{
    private const int DefaultRank = 8;

    public static Command Create(CliConsole console) => new("adapters", "Low-rank adapters (.onnx_adapter) for folders that were built with --adapters.")
    {
        Import(console),
        RandomNumbers(console),
        Show(console),
    };

    private static Command Import(CliConsole console)
    {
        var peft = new Argument<string>("path") { Description = "A folder as Hugging Face's PEFT saves it: adapter_config.json and adapter_model.safetensors." };
        Argument<string> folder = Folder();
        Argument<string> file = File();
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("import", "Turns a LoRA adapter of PEFT into an adapter file for a built folder.") { peft, folder, file, json }
            .WithExamples("greentune adapters import ./support-lora ./greentune-tiny-int4-lora support.onnx_adapter");
        command.SetAction((result, cancellation) => Task.Run(
            () => Write(console, PeftAdapter.Read(result.GetRequiredValue(peft), ModelFolder.Open(result.GetRequiredValue(folder))), result.GetRequiredValue(file), result.GetValue(json)),
            cancellation));
        return command;
    }

    private static Command RandomNumbers(CliConsole console)
    {
        Argument<string> folder = Folder();
        Argument<string> file = File();
        Option<int?> rank = CommonOptions.Whole("--rank", "rank", $"Rank of every pair (the default is {DefaultRank}).", 1, LowRankAdapter.MaximumRank, DefaultRank);
        Option<int?> seed = CommonOptions.Whole("--seed", "seed", "The same seed, the same adapter (the default is 1).", 0, int.MaxValue, 1);
        var zero = new Option<bool>("--zero") { Description = "Change nothing: B is 0, as at the beginning of training." };
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("random", "Writes an adapter of random numbers, for tests and for figures of speed.") { folder, file, rank, seed, zero, json }
            .WithExamples("greentune adapters random ./greentune-tiny-int4-lora test.onnx_adapter --rank 8 --seed 1");
        command.SetAction((result, cancellation) => Task.Run(
            () => Write(
                console,
                RandomAdapter.Create(ModelFolder.Open(result.GetRequiredValue(folder)), result.GetValue(rank) ?? DefaultRank, result.GetValue(seed) ?? 1, result.GetValue(zero) ? 0 : RandomAdapter.UsualStrength),
                result.GetRequiredValue(file),
                result.GetValue(json)),
            cancellation));
        return command;
    }

    private static Command Show(CliConsole console)
    {
        var file = new Argument<string>("file") { Description = "An adapter file." };
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("show", "Lists the tensors of an adapter file.") { file, json }
            .WithExamples("greentune adapters show support.onnx_adapter", "greentune adapters show support.onnx_adapter --json");
        command.SetAction(result =>
        {
            AdapterFile adapter = AdapterFile.Read(result.GetRequiredValue(file));
            TensorReport[] tensors = [.. adapter.Tensors.Select(t => new TensorReport(t.Name, Figures.Word(t.Type), t.Shape, t.Data.Length))];
            if (result.GetValue(json))
                console.Json(tensors);
            else
                console.Fields(tensors.Select(t => (t.Name, $"{t.Type} [{string.Join(", ", t.Shape)}], {Figures.Size(t.Bytes)}")));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Argument<string> Folder() => new("folder") { Description = "The built folder that it is for, as `greentune models build ... --adapters` names it." };

    private static Argument<string> File() => new("file") { Description = $"The file to write; the service finds files that end in {AdapterFile.Extension} in its adapters folder." };

    private static int Write(CliConsole console, LowRankAdapter adapter, string path, bool json)
    {
        try
        {
            adapter.ToFile().Write(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandFailedException($"{path} cannot be written: {e.Message}");
        }
        var report = new AdapterReport(Path.GetFullPath(path), adapter.Rank, adapter.Pairs.Count, new FileInfo(path).Length);
        if (json)
            console.Json(report);
        else
            console.Output.WriteLine($"{path}: rank {Figures.Count(report.Rank)}, {Figures.Count(report.Maps)} maps, {Figures.Size(report.Bytes)}");
        return ExitCodes.Ok;
    }
}

/// <summary>What was written, as --json writes it.</summary>
/// <param name="File">Where it is.</param>
/// <param name="Rank">Largest rank of a changed map.</param>
/// <param name="Maps">Maps that it changes.</param>
/// <param name="Bytes">Size of the file.</param>
internal sealed record AdapterReport(string File, int Rank, int Maps, long Bytes);

/// <summary>A tensor of a file, as --json writes it.</summary>
internal sealed record TensorReport(string Name, string Type, IReadOnlyList<long> Shape, long Bytes);
