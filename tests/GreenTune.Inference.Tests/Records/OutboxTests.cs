using System.Text;
using System.Text.Json;
using GreenTune.Inference.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Inference.Tests.Records;

public sealed class OutboxTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("greentune-outbox-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_was_appended_comes_out_in_order_and_goes_away_when_removed()
    {
        await using Outbox outbox = Open();
        await Append(outbox, 1, 2, 3);

        OutboxSegment segment = outbox.Oldest()!;
        Assert.Equal(["1", "2", "3"], segment.Entries.Select(entry => entry.Id));
        outbox.Remove(segment);
        Assert.Null(outbox.Oldest());
        Assert.Equal(0, outbox.Bytes);
    }

    [Fact]
    public async Task Entries_that_come_while_a_segment_is_being_sent_wait_in_the_next()
    {
        await using Outbox outbox = Open();
        await Append(outbox, 1);
        OutboxSegment first = outbox.Oldest()!;
        await Append(outbox, 2);
        outbox.Remove(first);
        Assert.Equal(["2"], outbox.Oldest()!.Entries.Select(entry => entry.Id));
    }

    [Fact]
    public async Task A_new_process_finds_what_the_old_one_left()
    {
        await using (Outbox before = Open())
        {
            await Append(before, 1, 2);
        }

        await using Outbox after = Open();
        Assert.Equal(["1", "2"], after.Oldest()!.Entries.Select(entry => entry.Id));
        await after.WaitAsync(TimeSpan.FromSeconds(5), CancellationToken.None);
        await Append(after, 3);
        after.Remove(after.Oldest()!);
        Assert.Equal(["3"], after.Oldest()!.Entries.Select(entry => entry.Id));
    }

    [Fact]
    public async Task A_line_torn_by_a_crash_is_skipped_and_the_others_survive()
    {
        await using (Outbox before = Open())
        {
            await Append(before, 1, 2);
        }

        string segment = Directory.GetFiles(_directory).Single();
        byte[] bytes = File.ReadAllBytes(segment);
        File.WriteAllBytes(segment, bytes[..^(bytes.Length / 4)]);

        await using Outbox after = Open();
        Assert.Equal(["1"], after.Oldest()!.Entries.Select(entry => entry.Id));
    }

    [Fact]
    public async Task Beyond_its_limit_it_refuses_and_says_why_and_recovers_when_emptied()
    {
        await using Outbox outbox = Open(limitBytes: 100);
        await outbox.AppendAsync(Entry(1, new string('x', 200)));
        IOException error = await Assert.ThrowsAsync<IOException>(() => outbox.AppendAsync(Entry(2)));
        Assert.Contains("Inference:OutboxLimitBytes", error.Message, StringComparison.Ordinal);
        Assert.Equal(error.Message, outbox.Problem);

        outbox.Remove(outbox.Oldest()!);
        await Append(outbox, 3);
        Assert.Null(outbox.Problem);
        Assert.Equal(["3"], outbox.Oldest()!.Entries.Select(entry => entry.Id));
    }

    [Fact]
    public async Task Many_at_once_are_all_kept_once_across_segments()
    {
        await using Outbox outbox = Open();
        string body = new('x', 3000);
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => Task.Run(() => outbox.AppendAsync(Entry(i, body)))));

        var ids = new List<string>();
        while (outbox.Oldest() is { } segment)
        {
            ids.AddRange(segment.Entries.Select(entry => entry.Id));
            outbox.Remove(segment);
        }

        Assert.Equal(1000, ids.Count);
        Assert.Equal(1000, ids.Distinct().Count());
    }

    [Fact]
    public async Task What_Accounting_refused_is_set_aside_and_never_sent_again()
    {
        await using Outbox outbox = Open();
        outbox.SetAside([Entry(1)], "joules is negative");
        Assert.Null(outbox.Oldest());
        Assert.Contains("joules is negative", File.ReadAllText(Path.Combine(_directory, "refused.jsonl"), Encoding.UTF8), StringComparison.Ordinal);
    }

    private Outbox Open(long limitBytes = 1 << 24) => new(_directory, limitBytes, NullLogger<Outbox>.Instance);

    private static Task Append(Outbox outbox, params int[] ids) => Task.WhenAll(ids.Select(id => outbox.AppendAsync(Entry(id))));

    private static OutboxEntry Entry(int id, string body = "b") => new(OutboxKind.Record, $"{id}", JsonSerializer.SerializeToElement(body));
}
