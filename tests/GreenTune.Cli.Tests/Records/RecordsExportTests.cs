using System.Globalization;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using GreenTune.Cli.Tests.Support;
using GreenTune.Core.Contracts;
using GreenTune.Core.Exports;
using Microsoft.AspNetCore.Http;

namespace GreenTune.Cli.Tests.Records;

public sealed class RecordsExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Csv_has_every_page_with_units_in_its_header()
    {
        await using FakeService service = await PagesAsync(3);
        CliResult result = await ExportAsync(service, "csv", "records.csv");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Matches(@"^6 records, [\d.]+ kB, written to ", result.Output);
        string text = await File.ReadAllTextAsync(_folder["records.csv"]);
        List<string[]> rows = ReadCsv(text);
        Assert.Equal(7, rows.Count);
        Assert.All(rows, row => Assert.Equal(rows[0].Length, row.Length));
        string Cell(int row, string column) => rows[row][Array.IndexOf(rows[0], column)];
        Assert.Equal("chatcmpl-00000001", Cell(1, "id"));
        Assert.Equal("1.834", Cell(1, "joules"));
        Assert.Equal("0.0002934", Cell(1, "co2e_grams"));
        Assert.Equal("2026-11-19T07:59:59.0000000Z", Cell(1, "started_at"));
        Assert.Equal("", Cell(1, "gpu_joules"));
        Assert.Equal("components.dram: the meter does not separate it; components.gpu: no GPU is metered", Cell(1, "reasons"));
        // Unknown is empty and has a reason; it is not 0.
        Assert.Equal(("", "", "joules: no meter covers this device"), (Cell(2, "joules"), Cell(2, "co2e_grams"), Cell(2, "reasons")));
        Assert.Equal(["GET /api/records?limit=500", "GET /api/records?limit=500&cursor=1", "GET /api/records?limit=500&cursor=2"], service.Requests);
    }

    [Fact]
    public async Task Jsonl_is_one_record_of_the_api_a_line()
    {
        await using FakeService service = await PagesAsync(2);
        CliResult result = await ExportAsync(service, "jsonl", "records.jsonl", "--tenant", "default");
        Assert.Equal(0, result.ExitCode);
        string[] lines = await File.ReadAllLinesAsync(_folder["records.jsonl"]);
        Assert.Equal(4, lines.Length);
        Assert.Equal(JsonSerializer.Serialize(Samples.Record(1), ContractJson.Options), lines[0]);
        Assert.Equal("GET /api/records?tenant=default&limit=500&cursor=1", service.Requests.Last());
    }

    [Fact]
    public async Task CodeCarbons_columns_are_in_kWh_and_kg()
    {
        await using FakeService service = await PagesAsync(1);
        Assert.Equal(0, (await ExportAsync(service, "codecarbon", "emissions.csv")).ExitCode);
        List<string[]> rows = ReadCsv(await File.ReadAllTextAsync(_folder["emissions.csv"]));
        Assert.Equal(3, rows.Count);
        string Cell(int row, string column) => rows[row][Array.IndexOf(rows[0], column)];
        Assert.Equal(("2026-11-19T08:00:00", "default", "chatcmpl-00000001", "process"), (Cell(1, "timestamp"), Cell(1, "project_name"), Cell(1, "run_id"), Cell(1, "tracking_mode")));
        // 1.834 J at a PUE of 1.2, 0.0002934 g.
        Assert.Equal(1.834 * 1.2 / 3.6e6, double.Parse(Cell(1, "energy_consumed"), CultureInfo.InvariantCulture), 15);
        Assert.Equal(2.934e-7, double.Parse(Cell(1, "emissions"), CultureInfo.InvariantCulture), 15);
        Assert.Equal(("", "", "chatcmpl-00000002"), (Cell(2, "energy_consumed"), Cell(2, "emissions"), Cell(2, "run_id")));
    }

    [Fact]
    public async Task Without_records_the_file_has_its_header()
    {
        await using FakeService service = await FakeService.AnsweringAsync(new Page<RecordView>([], null));
        CliResult result = await ExportAsync(service, "csv", "records.csv");
        Assert.StartsWith("0 records, ", result.Output, StringComparison.Ordinal);
        Assert.StartsWith("id,started_at,", Assert.Single(await File.ReadAllLinesAsync(_folder["records.csv"])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_there_stays_unless_it_may_be_replaced()
    {
        File.WriteAllText(_folder["records.csv"], "mine");
        await using FakeService service = await PagesAsync(1);
        CliResult refused = await ExportAsync(service, "csv", "records.csv");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("exists; --force replaces it", refused.Error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(_folder["records.csv"]));
        Assert.Empty(service.Requests);
        Assert.Equal(0, (await ExportAsync(service, "csv", "records.csv", "--force")).ExitCode);
        Assert.StartsWith("id,", File.ReadAllText(_folder["records.csv"]), StringComparison.Ordinal);
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("refused")]
    [InlineData("cut")]
    [InlineData("stopped")]
    public async Task An_export_that_fails_half_way_leaves_the_old_file_and_nothing_else(string how)
    {
        File.WriteAllText(_folder["records.csv"], "mine");
        using var stop = new CancellationTokenSource();
        await using FakeService service = await FakeService.StartAsync(async context =>
        {
            if (!context.Request.Query.ContainsKey("cursor"))
                await PageAsync(context, 0, "1");
            else if (how == "refused")
                await FakeService.Refuse(context, 503, "The store is busy.");
            else if (how == "cut")
                context.Abort();
            else
                await stop.CancelAsync();
        });
        CliResult result = await Shell.RunAsync(["records", "export", "--format", "csv", "--out", _folder["records.csv"], "--force", "--url", service.Address], stop.Token);
        Assert.Equal(how == "stopped" ? 130 : 1, result.ExitCode);
        Assert.Single(result.ErrorLines);
        Assert.Equal("", result.Output);
        Assert.Equal("mine", File.ReadAllText(_folder["records.csv"]));
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task A_file_that_appears_meanwhile_is_not_replaced()
    {
        await using FakeService service = await FakeService.StartAsync(context =>
        {
            File.WriteAllText(_folder["records.csv"], "mine");
            return PageAsync(context, 0, null);
        });
        CliResult result = await ExportAsync(service, "csv", "records.csv");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("could not be written", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(_folder["records.csv"]));
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task A_place_that_cannot_have_a_file_is_bad_usage()
    {
        await using FakeService service = await PagesAsync(1);
        Assert.Contains("--out is the folder", (await ExportAsync(service, "csv", "")).Error, StringComparison.Ordinal);
        CliResult missing = await ExportAsync(service, "csv", "none/records.csv");
        Assert.Equal(2, missing.ExitCode);
        Assert.Contains("which does not exist; make it first", missing.Error, StringComparison.Ordinal);
        Assert.Empty(service.Requests);
    }

    [Fact]
    public void Any_text_comes_back_from_its_cell()
    {
        Prop.ForAll(Gen.Elements("=", "+", "-", "@", ",", "\"", "\r", "\n", "'", "a", " ", "\t", "é").ListOf().Select(parts => string.Concat(parts)).ToArbitrary(), text =>
        {
            string cell = CsvText.Cell(text);
            string read = ReadCsv($"x,{cell},y\r\n")[0][1];
            bool formula = text.Length > 0 && "=+-@\t\r\n".Contains(text[0], StringComparison.Ordinal);
            Assert.Equal(formula ? "'" + text : text, read);
        }).QuickCheckThrowOnFailure();
    }

    private Task<CliResult> ExportAsync(FakeService service, string format, string file, params string[] more) =>
        Shell.RunAsync(["records", "export", "--format", format, "--out", _folder[file], "--url", service.Address, .. more]);

    /// <summary>Pages of two records, the second of each without energy.</summary>
    private static Task<FakeService> PagesAsync(int pages) => FakeService.StartAsync(context =>
    {
        int page = int.Parse(context.Request.Query["cursor"].LastOrDefault() ?? "0", CultureInfo.InvariantCulture);
        return PageAsync(context, page, page + 1 < pages ? (page + 1).ToString(CultureInfo.InvariantCulture) : null);
    });

    private static Task PageAsync(HttpContext context, int page, string? next) =>
        context.Response.WriteAsJsonAsync(new Page<RecordView>([Samples.Record((2 * page) + 1), Samples.Unmetered((2 * page) + 2)], next), ContractJson.Options);

    /// <summary>The plainest reader of RFC 4180.</summary>
    private static List<string[]> ReadCsv(string text)
    {
        var rows = new List<string[]>();
        var row = new List<string>();
        var cell = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"')
                cell.Append(text[i++]);
            else if (c == '"')
                quoted = !quoted;
            else if (!quoted && c is ',' or '\n' && !quoted)
            {
                row.Add(cell.ToString());
                cell.Clear();
                if (c == '\n')
                {
                    rows.Add([.. row]);
                    row.Clear();
                }
            }
            else if (quoted || c != '\r')
                cell.Append(c);
        }
        return rows;
    }
}
