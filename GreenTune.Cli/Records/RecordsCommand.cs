using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Cli.Requests;

namespace GreenTune.Cli.Records;

/// <summary>greentune records: the books of Accounting as a file.</summary>
internal static class RecordsCommand
{
    public static Command Create(CliConsole console) => new("records", "The records of Accounting as a file.") { Export(console) };

    private static Command Export(CliConsole console)
    {
        var filter = new RecordFilter();
        Option<Uri> url = CommonOptions.Url("Accounting", RequestsCommand.DefaultAddress);
        Option<ExportFormat?> format = CommonOptions.Word<ExportFormat>("--format", "Form of the file");
        format.Required = true;
        var file = new Option<string>("--out")
        {
            Description = "The file to write. It appears when it is complete, and not before.",
            HelpName = "file",
            Required = true,
        };
        var force = new Option<bool>("--force") { Description = "Replace the file where there is one. The old one stays until the new one is complete." };
        Command command = new Command("export", "Writes all records that match, the newest first, without their power traces.") { format, file, url, force }
            .WithExamples("greentune records export --format csv --out records.csv", "greentune records export --format jsonl --out november.jsonl --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z", "greentune records export --format codecarbon --out emissions.csv");
        filter.AddTo(command);
        command.SetAction((result, cancellation) => RecordsExport.RunAsync(
            console,
            result.GetRequiredValue(url),
            (limit, cursor) => filter.Path(result, limit, cursor),
            result.GetRequiredValue(format)!.Value,
            ExportFile.At(result.GetRequiredValue(file), result.GetValue(force)),
            cancellation));
        return command;
    }
}
