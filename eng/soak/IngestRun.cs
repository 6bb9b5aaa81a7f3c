using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Threading.Channels;
using GreenTune.Core.Contracts;

namespace GreenTune.Soak;

/// <summary>
/// Sends records at a fixed rate to an Accounting of its own over HTTP, whether or not it keeps up, and says whether it did. Bodies are made beforehand where they
/// fit (their ids are what makes a record new), so that the sender's own work takes little from a small machine.
/// </summary>
internal static class IngestRun
{
    private sealed record Body(byte[] Json, int Records);

    public static async Task<int> RunAsync(string store, double rate, double seconds, int batch, int senders, int tracePoints, TextWriter output, CancellationToken cancellation)
    {
        await using Books books = await Books.OpenAsync(store, null);
        await using var accounting = new ServiceProcess(Programs.Accounting, books.Environment());
        int batches = (int)Math.Ceiling(rate * seconds / batch);
        await output.WriteLineAsync(FormattableString.Invariant($"Making {batches} batches of {batch} records"));
        var samples = new SampleRecords(1);
        DateTimeOffset now = DateTimeOffset.UtcNow.AddSeconds(-seconds - 5);
        var bodies = new Body[batches];
        for (int i = 0; i < batches; i++)
        {
            RequestRecord[] records = [.. Enumerable.Range(0, batch).Select(at => samples.Next(now.AddSeconds((i * (double)batch + at) / rate), tracePoints))];
            bodies[i] = new Body(JsonSerializer.SerializeToUtf8Bytes(new RecordBatch(records), ContractJson.Options), batch);
        }

        await accounting.StartAsync(cancellation);
        await SendAsync(accounting, bodies[0], cancellation);
        long empty = await books.BytesAsync();
        TimeSpan processor = accounting.ProcessorTime;
        var latencies = new ConcurrentBag<TimeSpan>();
        var due = Channel.CreateUnbounded<int>();
        int stored = 0;
        var watch = Stopwatch.StartNew();
        Task[] sending = [.. Enumerable.Range(0, senders).Select(async _ =>
        {
            await foreach (int i in due.Reader.ReadAllAsync(cancellation))
            {
                long began = Stopwatch.GetTimestamp();
                Interlocked.Add(ref stored, (await SendAsync(accounting, bodies[i], cancellation)).Stored);
                latencies.Add(Stopwatch.GetElapsedTime(began));
            }
        })];
        for (int i = 1; i < batches; i++)
        {
            TimeSpan wait = TimeSpan.FromSeconds((i - 1) * batch / rate) - watch.Elapsed;
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, cancellation);
            }

            due.Writer.TryWrite(i);
        }

        due.Writer.Complete();
        TimeSpan offered = TimeSpan.FromSeconds((batches - 1) * batch / rate);
        await Task.WhenAll(sending);
        TimeSpan taken = watch.Elapsed;
        processor = accounting.ProcessorTime - processor;
        long memory = accounting.WorkingSetBytes;
        Summary? summary = await accounting.Http.GetFromJsonAsync<Summary>($"api/summary?from={now.AddMinutes(-1).UtcDateTime:O}", ContractJson.Options, cancellation);
        await accounting.StopAsync();
        long bytes = await books.BytesAsync();
        double achieved = stored / taken.TotalSeconds;
        bool kept = taken <= offered + TimeSpan.FromSeconds(1);
        await output.WriteLineAsync(FormattableString.Invariant($"""
            {Name(store)}: {stored} records in {taken.TotalSeconds:0.0} s = {achieved:0} records/s, {rate:0} offered for {offered.TotalSeconds:0.0} s: {(kept ? "kept up" : "did NOT keep up")}
            batches of {batch}, {senders} senders, {tracePoints} trace points a record; a batch: {Timings.InWords(latencies)}
            Accounting's processor time {processor.TotalSeconds:0.0} s = {100 * processor.TotalSeconds / taken.TotalSeconds:0} % of one core of {Environment.ProcessorCount}; memory {memory / 1e6:0} MB
            {bytes / 1e6:0.0} MB for {stored + batch} records = {(double)(bytes - empty) / stored:0} bytes a record with indexes and roll-ups; the summary has {summary!.Requests} of them
            """));
        return kept && summary.Requests == stored + batch ? 0 : 1;
    }

    internal static string Name(string store) => store is "sqlite" or "postgres" ? store : "the given database";

    private static async Task<IngestResult> SendAsync(ServiceProcess accounting, Body body, CancellationToken cancellation)
    {
        using var content = new ByteArrayContent(body.Json);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage response = await accounting.Http.PostAsync("api/records", content, cancellation);
        string text = await response.Content.ReadAsStringAsync(cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"Accounting answered {(int)response.StatusCode}: {text}");
        }

        IngestResult result = JsonSerializer.Deserialize<IngestResult>(text, ContractJson.Options)!;
        return result.Refused.Count == 0 ? result : throw new InvalidOperationException($"Accounting refused {result.Refused.Count} records: {result.Refused[0].Reason}");
    }
}
