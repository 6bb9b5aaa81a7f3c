using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using GreenTune.Inference.Accounting;
using GreenTune.Inference.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Inference.Tests.Records;

public sealed class OutboxSenderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("greentune-sender-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.RequestEntityTooLarge)]
    public async Task Of_a_batch_that_is_refused_whole_only_the_culprit_is_put_aside(HttpStatusCode refusal)
    {
        using var accounting = new Accounting(ids => ids.Contains("record-13") ? refusal : null);
        await SendAsync(accounting, 40);
        Assert.Equal(Enumerable.Range(0, 40).Where(i => i != 13).Select(i => $"record-{i}").Order(), accounting.Stored.Order());
        string aside = Assert.Single(File.ReadAllLines(Path.Combine(_directory, "refused.jsonl")));
        Assert.Contains("record-13", aside, StringComparison.Ordinal);
        Assert.Contains("because", aside, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_that_is_too_large_travels_in_parts_and_loses_nothing()
    {
        using var accounting = new Accounting(ids => ids.Count > 7 ? HttpStatusCode.RequestEntityTooLarge : null);
        await SendAsync(accounting, 100);
        Assert.Equal(100, accounting.Stored.Distinct().Count());
        Assert.Equal(100, accounting.Stored.Count);
        Assert.False(File.Exists(Path.Combine(_directory, "refused.jsonl")));
    }

    private async Task SendAsync(Accounting accounting, int records)
    {
        await using var outbox = new Outbox(_directory, 1 << 24, NullLogger<Outbox>.Instance);
        await Task.WhenAll(Enumerable.Range(0, records).Select(i => outbox.AppendAsync(new OutboxEntry(OutboxKind.Record, $"record-{i}", JsonSerializer.SerializeToElement(new { id = $"record-{i}" })))));
        using var http = new HttpClient(accounting, disposeHandler: false) { BaseAddress = new Uri("http://accounting") };
        using var sender = new OutboxSender(outbox, new AccountingClient(http), TimeProvider.System, NullLogger<OutboxSender>.Instance);
        await sender.StartAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => outbox.Bytes == 0);
        await sender.StopAsync(CancellationToken.None);
    }

    /// <summary>Refuses whole batches by the ids in them.</summary>
    private sealed class Accounting(Func<IReadOnlyList<string>, HttpStatusCode?> refuse) : HttpMessageHandler
    {
        public ConcurrentQueue<string> Stored { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using JsonDocument body = JsonDocument.Parse(await request.Content!.ReadAsStringAsync(cancellationToken));
            string[] ids = [.. body.RootElement.GetProperty("records").EnumerateArray().Select(record => record.GetProperty("id").GetString()!)];
            if (refuse(ids) is { } status)
            {
                return new HttpResponseMessage(status) { Content = new StringContent("because") };
            }

            foreach (string id in ids)
            {
                Stored.Enqueue(id);
            }

            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent($$"""{"stored":{{ids.Length}},"duplicates":0,"refused":[]}""", System.Text.Encoding.UTF8, "application/json") };
        }
    }
}
