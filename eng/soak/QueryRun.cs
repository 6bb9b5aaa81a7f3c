using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using GreenTune.Accounting;
using GreenTune.Accounting.Http;
using GreenTune.Accounting.Records;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace GreenTune.Soak;

/// <summary>
/// Fills the books with a month of records, by the service's own ingest within this process, then asks a service of its own over HTTP as the dashboard does. Books
/// that hold records already are asked as they are, so that a long filling and a quiet measurement can be had at different times.
/// </summary>
internal static class QueryRun
{
    private const int Batch = 5000;
    private const int Days = 30;

    public static async Task<int> RunAsync(string store, long records, int calls, string? folder, TextWriter output, CancellationToken cancellation)
    {
        await using Books books = await Books.OpenAsync(store, folder);
        (records, DateTimeOffset end) = await FillAsync(books, records, output, cancellation);
        long bytes = await books.BytesAsync();
        await output.WriteLineAsync(FormattableString.Invariant($"{IngestRun.Name(store)}: {bytes / 1e6:0} MB for {records} records = {(double)bytes / records:0} bytes a record with indexes and roll-ups"));

        await using var accounting = new ServiceProcess(Programs.Accounting, books.Environment());
        await accounting.StartAsync(cancellation);
        string month = $"from={Time(end.AddDays(-Days))}&to={Time(end)}";
        string odd = $"from={Time(end.AddDays(-Days).AddMinutes(17))}&to={Time(end.AddMinutes(-23))}";
        string session = (await accounting.Http.GetFromJsonAsync<Page<SessionView>>("api/sessions?limit=1", ContractJson.Options, cancellation))!.Items[0].Session;
        string deep = (await accounting.Http.GetFromJsonAsync<Page<RecordView>>($"api/records?limit=500&to={Time(end.AddDays(-Days / 2))}", ContractJson.Options, cancellation))!.Next!;
        bool held = true;
        foreach ((string name, string path, double limit) in ((string, string, double)[])
        [
            ("summary of the month", $"api/summary?{month}", 100),
            ("summary of the last 30 days until now", "api/summary?period=30d", 100),
            ("summary of the month, one tenant", $"api/summary?{month}&tenant={SampleRecords.Tenant(0)}", 100),
            ("summary of a month between odd minutes", $"api/summary?{odd}", 0),
            ("page of requests", "api/records", 50),
            ("page in the middle of the month", $"api/records?cursor={deep}", 50),
            ("page of a large tenant", $"api/records?tenant={SampleRecords.Tenant(0)}", 50),
            ("page of a small tenant", $"api/records?tenant={SampleRecords.Tenant(SampleRecords.Tenants - 1)}", 50),
            ("page of a configuration", "api/records?configuration=llama-1b-int4", 50),
            ("page of a session", $"api/records?session={session}", 50),
            ("page of failures", "api/records?outcome=failed", 50),
            ("page of a small tenant's failures", $"api/records?outcome=failed&tenant={SampleRecords.Tenant(SampleRecords.Tenants - 1)}", 50),
            ("page of degraded requests", "api/records?degraded=true", 50),
            ("page of modelled requests", "api/records?quality=modelled", 50),
            ("page of a quality that there is none of", "api/records?quality=estimated", 50),
            ("page of a tenant with none of a quality", $"api/records?quality=estimated&tenant={SampleRecords.Tenant(0)}", 0),
            ("page of a tenant and a configuration", $"api/records?tenant={SampleRecords.Tenant(3)}&configuration=greentune-nano-int4", 50),
            ("page of sessions", "api/sessions", 50),
            ("month by tenant", $"api/usage?by=tenant&{month}", 0),
            ("month by the day", $"api/series?by=day&{month}", 0),
            ("month by the hour", $"api/series?by=hour&{month}", 0),
            ("fleet of the month", $"api/fleet?{month}", 0),
        ])
        {
            List<TimeSpan> times = await TimeAsync(accounting, path, calls, cancellation);
            double p95 = Timings.Quantile(times, 0.95);
            held &= limit == 0 || p95 <= limit;
            string verdict = limit == 0 ? "" : FormattableString.Invariant($"; {(p95 <= limit ? "within" : "ABOVE")} {limit:0} ms");
            await output.WriteLineAsync($"{name}: {Timings.InWords(times)}{verdict}");
        }

        return held ? 0 : 1;
    }

    /// <returns>How many records there are, and the hour at which they end: a whole one, so that the month is one.</returns>
    private static async Task<(long Records, DateTimeOffset End)> FillAsync(Books books, long records, TextWriter output, CancellationToken cancellation)
    {
        string[] args = [.. books.Environment().SelectMany(pair => (string[])[$"--{pair.Key.Replace("__", ":", StringComparison.Ordinal)}", pair.Value]), "--urls", "http://127.0.0.1:0"];
        await using WebApplication app = AccountingApp.Create(args, builder => builder.Logging.SetMinimumLevel(LogLevel.Warning));
        await AccountingApp.OpenAsync(app, cancellation);
        await using (AccountingDb db = await app.Services.GetRequiredService<IDbContextFactory<AccountingDb>>().CreateDbContextAsync(cancellation))
        {
            if (await db.Records.MaxAsync(record => (long?)record.StartedTicks, cancellation) is { } newest)
            {
                long there = await db.Records.LongCountAsync(cancellation);
                await output.WriteLineAsync(FormattableString.Invariant($"{books.Folder} holds {there} records already; they are not added to"));
                return (there, Hour(new DateTimeOffset(newest, TimeSpan.Zero)).AddHours(1));
            }
        }

        DateTimeOffset end = Hour(DateTimeOffset.UtcNow);
        var ingest = app.Services.GetRequiredService<RecordIngest>();
        var samples = new SampleRecords(2);
        DateTimeOffset begin = end.AddDays(-Days);
        double step = TimeSpan.FromDays(Days).TotalSeconds / records;
        var watch = Stopwatch.StartNew();
        for (long i = 0; i < records; i += Batch)
        {
            BatchItem<RequestRecord>[] batch = [.. Enumerable.Range(0, (int)Math.Min(Batch, records - i)).Select(at => samples.Next(begin.AddSeconds((i + at) * step))).Select(record => new BatchItem<RequestRecord>(record.Id, record, null))];
            IngestResult result = await ingest.StoreAsync(batch, cancellation);
            if (result.Refused.Count > 0)
            {
                throw new InvalidOperationException($"{result.Refused.Count} records were refused: {result.Refused[0].Reason}");
            }

            if (i > 0 && i % 1_000_000 == 0)
            {
                await output.WriteLineAsync(FormattableString.Invariant($"{i} records after {watch.Elapsed.TotalSeconds:0} s"));
            }
        }

        await output.WriteLineAsync(FormattableString.Invariant($"{IngestRun.Name(books.ConnectionString is null ? "sqlite" : "postgres")}: filled with {records} records in {watch.Elapsed.TotalSeconds:0} s"));
        return (records, end);
    }

    private static DateTimeOffset Hour(DateTimeOffset at) => at.AddTicks(-(at.Ticks % TimeSpan.TicksPerHour));

    private static async Task<List<TimeSpan>> TimeAsync(ServiceProcess accounting, string path, int calls, CancellationToken cancellation)
    {
        var times = new List<TimeSpan>(calls);
        for (int i = -3; i < calls; i++)
        {
            long began = Stopwatch.GetTimestamp();
            using HttpResponseMessage response = await accounting.Http.GetAsync(path, cancellation);
            byte[] body = await response.Content.ReadAsByteArrayAsync(cancellation);
            if (!response.IsSuccessStatusCode)
            {
                throw new InvalidOperationException($"{path} gave {(int)response.StatusCode}: {System.Text.Encoding.UTF8.GetString(body)}");
            }

            // The first three compile the path.
            if (i >= 0)
            {
                times.Add(Stopwatch.GetElapsedTime(began));
            }
        }

        return times;
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
