using System.Text;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Cli.Services;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Chat;

/// <summary>Asks, prints the answer on standard output as it comes, and what it cost on standard error, so that a pipe gets the answer alone.</summary>
internal static class ChatRun
{
    public static async Task<int> RunAsync(CliConsole console, Uri address, ChatQuestion question, bool json, CancellationToken cancellation)
    {
        using var service = new ServiceClient("Inference", address);
        using HttpRequestMessage request = question.ToRequest();
        using HttpResponseMessage response = await service.SendAsync(request, cancellation);
        var stream = new ChatStream(service);
        var answer = new StringBuilder();
        bool lineIsOpen = false;
        try
        {
            await foreach (string piece in stream.ReadAsync(response, cancellation))
            {
                answer.Append(piece);
                if (json)
                    continue;
                string text = console.OutputIsTerminal ? SafeText.Block(piece) : piece;
                await console.Output.WriteAsync(text);
                await console.Output.FlushAsync(cancellation);
                lineIsOpen = !text.EndsWith('\n');
            }
        }
        finally
        {
            // Whatever is said next begins a line of its own.
            if (lineIsOpen)
                await console.Output.WriteLineAsync();
        }
        string? budget = response.Headers.TryGetValues(Headers.Budget, out IEnumerable<string>? values) ? values.First() : null;
        if (json)
        {
            console.Json(new ChatAnswer(stream.Id, stream.Model, answer.ToString(), stream.FinishReason, budget, stream.Usage));
            return ExitCodes.Ok;
        }
        console.Note(EnergyLine.Of(stream.Usage, stream.Model));
        if (stream.Usage?.Energy?.Record is { } record)
            console.Note($"record: {record}");
        if (budget is not null)
            console.Note($"budget: {budget}");
        if (stream.FinishReason == "length")
            console.Note("The answer was cut at its longest length; --max-tokens allows more.");
        return ExitCodes.Ok;
    }
}

/// <summary>What --json writes.</summary>
internal sealed record ChatAnswer(string? Id, string? Configuration, string Text, string? FinishReason, string? Budget, ChatUsage? Usage);
