using System.Data.Common;
using System.IO.Compression;
using System.Text.Json;
using GreenTune.Accounting.Carbon.Restatements;
using GreenTune.Accounting.Exports;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace GreenTune.Accounting.Tests.Exports;

public sealed class RecordExportTests
{
    [Fact]
    public async Task Csv_has_a_line_for_each_record_oldest_first_with_units_and_neutralised_formulas()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await host.StoreAsync(
            Samples.Record("chatcmpl-second01", startedAt: AccountingHost.Noon.AddMinutes(-1)) with { RequestedModel = "=HYPERLINK(\"x\")" },
            Samples.Record("chatcmpl-first-01", joules: null, startedAt: AccountingHost.Noon.AddMinutes(-2)));
        string[] lines = (await host.Http.GetStringAsync("/api/exports/records")).Split("\r\n");
        string[] head = lines[0].Split(',');
        Assert.Equal(["id", "started_at", "ended_at", "tenant"], head[..4]);
        Assert.StartsWith("chatcmpl-first-01,2026-11-19T10:58:00Z", lines[1], StringComparison.Ordinal);
        string[] unmetered = Cells(lines[1]);
        Assert.Equal(head.Length, unmetered.Length);
        Assert.Equal("", unmetered[Array.IndexOf(head, "energy_j")]);
        Assert.Equal("", unmetered[Array.IndexOf(head, "co2e_g")]);
        Assert.Contains("\"'=HYPERLINK(\"\"x\"\")\"", lines[2], StringComparison.Ordinal);
        Assert.Equal(["", ""], [lines[3], .. lines[4..].DefaultIfEmpty("")]);
    }

    [Fact]
    public async Task Json_lines_are_the_records_that_the_list_shows()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await host.StoreAsync(Samples.Record("chatcmpl-a-000001"), Samples.Record("chatcmpl-b-000001", tenant: "other"));
        string text = await host.Http.GetStringAsync("/api/exports/records?format=jsonl&tenant=other");
        RecordView exported = JsonSerializer.Deserialize<RecordView>(Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)), ContractJson.Options)!;
        RecordView listed = Assert.Single((await host.GetAsync<Page<RecordView>>("/api/records?tenant=other")).Items);
        Assert.Equal(JsonSerializer.Serialize(listed, ContractJson.Options), JsonSerializer.Serialize(exported, ContractJson.Options));
    }

    [Fact]
    public async Task Codecarbon_rows_have_kilowatt_hours_and_kilograms()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await host.StoreAsync(Samples.Record("chatcmpl-a-000001", joules: 3600));
        string[] lines = (await host.Http.GetStringAsync("/api/exports/records?format=codecarbon")).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("timestamp,project_name,run_id", lines[0], StringComparison.Ordinal);
        int column = Array.IndexOf(lines[0].Split(','), "energy_consumed");
        Assert.Equal("0.0012", Cells(lines[1])[column]);
    }

    [Fact]
    public async Task A_restated_export_has_both_figures_and_says_by_which_restatement()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await host.StoreAsync(Samples.Record("chatcmpl-a-000001", joules: 3600, startedAt: AccountingHost.Noon.AddHours(-1)));
        Restatement made = await host.Get<RestatementBook>().MakeAsync(new RestatementInput
        {
            From = AccountingHost.Noon.AddHours(-1),
            To = AccountingHost.Noon,
            By = "auditor",
            Why = "A new PUE was metered",
            Factors = "keep",
            Pue = 2.4,
        }, default);
        foreach ((string view, string restatement) in new[] { ("original", ""), ("restated", made.Id.ToString()) })
        {
            string[] lines = (await host.Http.GetStringAsync($"/api/exports/records?as={view}")).Split("\r\n");
            string[] head = lines[0].Split(',');
            string[] cells = Cells(lines[1]);
            Assert.Equal(restatement, cells[Array.IndexOf(head, "restatement")]);
            Assert.Equal(restatement.Length > 0, cells[Array.IndexOf(head, "restated_co2e_g")].Length > 0);
            Assert.NotEqual("", cells[Array.IndexOf(head, "co2e_g")]);
        }
    }

    [Fact]
    public async Task More_records_than_one_part_come_each_once_and_compressed_ones_are_the_same()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        for (int batch = 0; batch < 5; batch++)
        {
            // Many share a start time, so that the parts' border falls among equal ones.
            await host.StoreAsync([.. Enumerable.Range(0, 900).Select(i => Samples.Record($"chatcmpl-{batch:00}-{i:0000}", startedAt: AccountingHost.Noon.AddMinutes(-1 - i % 3)))]);
        }

        string plain = await host.Http.GetStringAsync("/api/exports/records?format=jsonl");
        string[] ids = [.. plain.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("record").GetProperty("id").GetString()!)];
        Assert.Equal(4500, ids.Length);
        Assert.Equal(4500, ids.Distinct().Count());

        using HttpResponseMessage compressed = await host.Http.GetAsync("/api/exports/records?format=jsonl&gzip=true");
        Assert.Equal("application/gzip", compressed.Content.Headers.ContentType!.MediaType);
        Assert.EndsWith(".jsonl.gz", compressed.Content.Headers.ContentDisposition!.FileName!.Trim('"'), StringComparison.Ordinal);
        using var reader = new StreamReader(new GZipStream(await compressed.Content.ReadAsStreamAsync(), CompressionMode.Decompress));
        Assert.Equal(plain, await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task Each_part_is_sent_before_the_next_is_read_so_memory_does_not_grow_with_the_number()
    {
        var queries = new QueryCounter();
        await using AccountingHost host = await AccountingHost.StartAsync(services: services => services.AddSingleton<IInterceptor>(queries));
        await host.StoreAsync([.. Enumerable.Range(0, 1000).Select(i => Samples.Record($"chatcmpl-a-{i:0000}"))]);
        await using (AccountingDb db = await host.Get<IDbContextFactory<AccountingDb>>().CreateDbContextAsync())
        {
            // 8,000 of them, by the database itself.
            foreach (int doubling in Enumerable.Range(0, 3))
            {
                string columns = string.Join(", ", db.Model.FindEntityType(typeof(RecordRow))!.GetProperties().Select(property => property.Name).Where(name => name is not ("Key" or "Id")).Select(name => $"\"{name}\""));
#pragma warning disable EF1002 // Names of the model.
                await db.Database.ExecuteSqlRawAsync($"INSERT INTO records (\"Id\", {columns}) SELECT \"Id\" || '-{doubling}', {columns} FROM records");
#pragma warning restore EF1002
            }
        }

        await using var counter = new CountingStream(queries);
        await host.Get<RecordExport>().WriteAsync(counter, records => records, ExportFormat.Csv, CarbonView.Original, gzip: false, default);
        Assert.Equal(8_001, counter.Lines);
        Assert.True(queries.Parts >= 8, $"{queries.Parts} queries");
        Assert.True(counter.MostUnsent <= 1, $"{counter.MostUnsent} parts were read before one was sent");
    }

    /// <summary>Cells of a line, quoted ones without their quotes.</summary>
    private static string[] Cells(string line)
    {
        var cells = new List<string>();
        var cell = new System.Text.StringBuilder();
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
            {
                cell.Append(line[i++]);
            }
            else if (line[i] == '"')
            {
                quoted = !quoted;
            }
            else if (line[i] == ',' && !quoted)
            {
                cells.Add(cell.ToString());
                cell.Clear();
            }
            else
            {
                cell.Append(line[i]);
            }
        }

        return [.. cells, cell.ToString()];
    }

    /// <summary>Counts the queries that read a part of the records.</summary>
    private sealed class QueryCounter : DbCommandInterceptor
    {
        private int _parts;

        public int Parts => _parts;

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
        {
            if (command.CommandText.Contains("LIMIT", StringComparison.Ordinal) && command.CommandText.Contains("FROM \"records\"", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _parts);
            }

            return ValueTask.FromResult(result);
        }
    }

    /// <summary>Throws away what is written, and sees how many parts were read since something was.</summary>
    private sealed class CountingStream(QueryCounter queries) : MemoryStream
    {
        private int _partsSent = queries.Parts;

        public long Lines { get; private set; }

        public int MostUnsent { get; private set; }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Lines += buffer.Count((byte)'\n');
            MostUnsent = Math.Max(MostUnsent, queries.Parts - _partsSent);
            _partsSent = queries.Parts;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            Write(buffer.AsSpan(offset, count));
            return Task.CompletedTask;
        }
    }
}
