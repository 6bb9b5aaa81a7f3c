using System.Text;
using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Tests.Service;

public sealed class KilledProcessTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("greentune-killed-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_request_that_runs_when_the_process_is_killed_leaves_one_record_marked_aborted()
    {
        await using var accounting = new FakeAccounting();
        await accounting.StartAsync();
        string completed, running;
        await using (InferenceProcess first = await InferenceProcess.StartAsync(_data, accounting))
        {
            completed = await FirstIdAsync(first, """{"model": "auto", "stream": true, "max_tokens": 2, "messages": [{"role": "user", "content": "Hi"}]}""", toTheEnd: true);
            await Eventually.TrueAsync(() => accounting.Records.ContainsKey(completed));
            // The connection stays open: a client that goes away would end the request by itself.
            running = await FirstIdAsync(first, """{"model": "auto", "stream": true, "max_tokens": 900, "ignore_eos": true, "messages": [{"role": "user", "content": "Hi"}]}""", toTheEnd: false);
            await first.KillAsync();
        }

        Assert.DoesNotContain(running, accounting.Records.Keys);
        await using (await InferenceProcess.StartAsync(_data, accounting))
        {
            await Eventually.TrueAsync(() => accounting.Records.ContainsKey(running));
            await Eventually.TrueAsync(() => !Directory.EnumerateFiles(Path.Combine(_data, "inference", "outbox"), "0*.jsonl").Any());
            Assert.Empty(Directory.EnumerateFiles(Path.Combine(_data, "inference", "journal")));
        }

        RequestRecord aborted = accounting.Records[running];
        Assert.Equal((RequestOutcome.Aborted, "aborted", "greentune-nano-int4"), (aborted.Outcome, aborted.FinishReason, aborted.ConfigurationId));
        Assert.True(aborted.InputTokens > 0);
        Assert.InRange(aborted.DurationSeconds, 0, 60);
        Assert.Equal(EnergyQuality.None, aborted.Energy.Quality);
        Assert.Contains("process", aborted.Energy.Reasons["joules"], StringComparison.Ordinal);
        Assert.Equal(RequestOutcome.Completed, accounting.Records[completed].Outcome);
        // Told twice, perhaps: the kill may fall between Accounting's answer and the outbox's. Stored once.
        Assert.Equal(new[] { completed, running }.Order(), accounting.Records.Keys.Order());
    }

    /// <summary>The id of an answer that has begun, or has ended.</summary>
    private static async Task<string> FirstIdAsync(InferenceProcess service, string body, bool toTheEnd)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        HttpResponseMessage response = await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        string? id = null;
        while (await reader.ReadLineAsync() is { } line && (id is null || toTheEnd))
        {
            if (line.StartsWith("data: {", StringComparison.Ordinal))
            {
                using JsonDocument chunk = JsonDocument.Parse(line[6..]);
                id = chunk.RootElement.GetProperty("id").GetString();
            }
        }

        return id!;
    }
}
