using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Requests;

/// <summary>greentune requests: what was asked and what it cost, from Accounting.</summary>
internal static class RequestsCommand
{
    public const string DefaultAddress = "http://localhost:5102";

    public static Command Create(CliConsole console) => new("requests", "Requests and what they cost, from Accounting.")
    {
        List(console),
        Show(console),
    };

    private static Command List(CliConsole console)
    {
        var filter = new RecordFilter();
        Option<Uri> url = CommonOptions.Url("Accounting", DefaultAddress);
        Option<int?> limit = CommonOptions.Whole("--limit", "count", "Longest list, 1 to 500. The default is 20.", 1, 500, 50);
        var cursor = new Option<string?>("--cursor") { Description = "Goes on where an earlier list ended.", HelpName = "cursor" };
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("list", "Lists requests, the newest first.") { url, limit, cursor, json }
            .WithExamples("greentune requests list", "greentune requests list --tenant playground --outcome cancelled --limit 100", "greentune requests list --from 2026-11-19T08:00:00Z --json");
        filter.AddTo(command);
        command.SetAction((result, cancellation) => RequestsList.RunAsync(
            console, result.GetRequiredValue(url), filter.Path(result, result.GetValue(limit) ?? 20, result.GetValue(cursor)), result.GetValue(json), cancellation));
        return command;
    }

    private static Command Show(CliConsole console)
    {
        Option<Uri> url = CommonOptions.Url("Accounting", DefaultAddress);
        var id = new Argument<string>("id") { Description = "The request's id, as in the response or in the list." };
        id.Validators.Add(result =>
        {
            string text = result.GetValueOrDefault<string>() ?? "";
            if (!Identifiers.IsRequest(text))
                result.AddError($"<id> is '{text}', where it takes {Identifiers.RequestForm}, for example chatcmpl-0193c2f1a4b87c5e9d3f6a2b1c0d4e5f");
        });
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("show", "Shows one request: tokens, times, energy by phase, carbon and where each figure is from.") { id, url, json }
            .WithExamples("greentune requests show chatcmpl-0193c2f1a4b87c5e9d3f6a2b1c0d4e5f");
        command.SetAction((result, cancellation) => RequestShow.RunAsync(console, result.GetRequiredValue(url), result.GetRequiredValue(id), result.GetValue(json), cancellation));
        return command;
    }
}
