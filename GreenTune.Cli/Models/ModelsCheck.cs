using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Models.Verification;

namespace GreenTune.Cli.Models;

/// <summary>greentune models check.</summary>
internal static class ModelsCheck
{
    public static Command Command(CliConsole console)
    {
        var folder = new Argument<string>("folder") { Description = "A checkpoint (safetensors or GGUF), a folder that GreenTune built, or a tokenizer's folder." };
        var expected = new Option<string>("--expected") { Description = "What another implementation computed: logits and greedy tokens, greedy answers, or ids and texts of a tokenizer.", HelpName = "file", Required = true };
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("check", "Compares a model or a tokenizer with what another implementation computed for it. A checkpoint is computed twice, by the graphs and by a plain forward pass.") { folder, expected, json }
            .WithExamples("greentune models check models/greentune-nano --expected models/greentune-nano/expected_greedy.json", "greentune models check ./checkpoint --expected expected.json --json");
        command.SetAction((result, cancellation) => RunAsync(console, result.GetRequiredValue(folder), result.GetRequiredValue(expected), result.GetValue(json), cancellation));
        return command;
    }

    public static async Task<int> RunAsync(CliConsole console, string folder, string expected, bool json, CancellationToken cancellation)
    {
        if (!Directory.Exists(folder))
            throw new BadUsageException($"<folder> is '{folder}', which does not exist; a checkpoint, a model folder or a tokenizer is expected, for example: greentune models check models/greentune-nano --expected models/greentune-nano/expected_greedy.json");
        if (!File.Exists(expected))
            throw new BadUsageException($"--expected is '{expected}', which does not exist; a JSON file of expected results is expected, for example --expected expected.json");
        ExpectedReport report = await new ExpectedCheck(console.Clock).RunAsync(folder, expected, cancellation);
        if (json)
        {
            console.Json(report);
        }
        else
        {
            console.Table(
                [new("Computed by"), new("What", Folds: true), new("Difference", Folds: true), new("Allowed", Drop: 1), new("Verdict")],
                report.Figures.Select(f => (IReadOnlyList<string>)[f.Path, f.What, f.Difference, f.Limit, f.Passed ? "equal" : "DIFFERS"]));
            foreach (string note in report.Notes)
                console.Output.WriteLine(note);
            console.Output.WriteLine(report.Passed ? "Passed." : "Failed.");
        }
        return report.Passed ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
