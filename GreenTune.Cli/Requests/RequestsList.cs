using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Cli.Services;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Requests;

/// <summary>greentune requests list.</summary>
internal static class RequestsList
{
    private static readonly Column[] Columns =
    [
        new("Started (UTC)", Drop: 5),
        new("Id"),
        new("Tenant", Drop: 4),
        new("Configuration", Drop: 2),
        new("Outcome", Drop: 3),
        new("In", Right: true, Drop: 8),
        new("Out", Right: true, Drop: 7),
        new("Duration", Right: true, Drop: 6),
        new("Energy", Right: true, Folds: true),
        new("CO2e", Right: true, Drop: 1, Folds: true),
        new("Quality", Drop: 1),
    ];

    public static async Task<int> RunAsync(CliConsole console, Uri address, string path, bool json, CancellationToken cancellation)
    {
        using var service = new ServiceClient("Accounting", address);
        Page<RecordView> page = await service.GetAsync<Page<RecordView>>(path, cancellation);
        if (json)
        {
            console.Json(page);
            return ExitCodes.Ok;
        }
        if (page.Items.Count == 0)
        {
            console.Output.WriteLine("No requests match. A record arrives a moment after its request ended; 'greentune chat Hello' makes one.");
            return ExitCodes.Ok;
        }
        console.Table(Columns, page.Items.Select(Row));
        if (page.Next is { } next)
            console.Note($"There are more: --cursor {next}");
        return ExitCodes.Ok;
    }

    private static IReadOnlyList<string> Row(RecordView view)
    {
        RequestRecord record = view.Record;
        string? reason = Figures.Reason(record.Energy.Reasons, "joules");
        return
        [
            Figures.Time(record.StartedAt),
            record.Id,
            record.Tenant,
            record.ConfigurationId,
            Figures.Word(record.Outcome),
            Figures.Count(record.InputTokens),
            Figures.Count(record.OutputTokens),
            Figures.Seconds(record.DurationSeconds),
            Figures.Energy(record.Energy.Joules, reason),
            Figures.Carbon(view.CO2e, reason),
            Figures.Word(record.Energy.Quality),
        ];
    }
}
