using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Inference.Tests.Records;

public sealed class RequestJournalTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 8, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("greentune-journal-").FullName;

    private string Journals => Path.Combine(_folder, "journal");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_never_ended_becomes_an_aborted_record_with_all_that_is_known_and_a_reason_for_the_rest()
    {
        using (RequestJournal journal = Open())
        {
            journal.Begin(Entry("chatcmpl-1"));
            journal.Begin(Entry("chatcmpl-2"));
            journal.End("chatcmpl-1");
            Assert.Equal(1, journal.Open);
        }

        Touch(Start.AddSeconds(3));
        await using Outbox outbox = OpenOutbox();
        Assert.Equal(1, await Recovery(outbox).RecoverAsync());
        RequestRecord record = Assert.Single(Records(outbox));
        Assert.Equal(("chatcmpl-2", RequestOutcome.Aborted, "aborted"), (record.Id, record.Outcome, record.FinishReason));
        Assert.Equal(("team-a", "session-1", "auto", "greentune-nano-int4", "greentune-tiny-int4", 12, true), (record.Tenant, record.Session, record.RequestedModel, record.ConfigurationId, record.DegradedFrom, record.InputTokens, record.Streamed));
        Assert.Equal((Start, Start.AddSeconds(3), 3.0), (record.StartedAt, record.EndedAt, record.DurationSeconds));
        Assert.Equal((EnergyQuality.None, null), (record.Energy.Quality, record.Energy.Joules));
        Assert.Contains("ended before", record.Energy.Reasons["joules"], StringComparison.Ordinal);
        Assert.Contains("not known", record.Energy.Reasons["outputTokens"], StringComparison.Ordinal);
        Assert.Equal(("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "inference-host-1"), (record.TraceId, record.SpanId, record.Instance));
        Assert.Empty(Directory.GetFiles(Journals));
    }

    [Fact]
    public async Task A_clean_end_leaves_nothing_behind()
    {
        using (RequestJournal journal = Open())
        {
            journal.Begin(Entry("chatcmpl-1"));
            journal.End("chatcmpl-1");
            journal.End("chatcmpl-1");
            journal.End("never-heard-of");
        }

        Assert.Empty(Directory.GetFiles(Journals));
        await using Outbox outbox = OpenOutbox();
        Assert.Equal(0, await Recovery(outbox).RecoverAsync());
        Assert.Null(outbox.Oldest());
    }

    [Fact]
    public async Task The_journal_of_a_process_that_lives_is_left_alone()
    {
        using RequestJournal living = Open();
        living.Begin(Entry("chatcmpl-1"));
        await using Outbox outbox = OpenOutbox();
        Assert.Equal(0, await Recovery(outbox).RecoverAsync());
        Assert.Null(outbox.Oldest());
        Assert.Single(Directory.GetFiles(Journals));
    }

    [Fact]
    public async Task A_record_that_reached_the_outbox_is_not_aborted_even_when_the_process_died_before_it_noted_the_end()
    {
        using (RequestJournal journal = Open())
        {
            journal.Begin(Entry("chatcmpl-1"));
        }

        await using Outbox outbox = OpenOutbox();
        await outbox.AppendAsync(OutboxEntry.Of(Entry("chatcmpl-1").ToRecord(Start) with { Outcome = RequestOutcome.Completed, FinishReason = "stop" }));
        await Recovery(outbox).RecoverAsync();
        Assert.Equal(RequestOutcome.Completed, Assert.Single(Records(outbox)).Outcome);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_start_that_is_killed_half_way_is_finished_by_the_next_and_each_request_comes_once(int recovered)
    {
        using (RequestJournal journal = Open())
        {
            for (int i = 0; i < 3; i++)
            {
                journal.Begin(Entry($"chatcmpl-{i}"));
            }
        }

        string file = Directory.GetFiles(Journals).Single();
        byte[] before = File.ReadAllBytes(file);
        await using (Outbox first = OpenOutbox())
        {
            // What a start leaves that was killed after so many records: those are in the outbox, and the journal does not know of the last one.
            foreach (int i in Enumerable.Range(0, recovered))
            {
                await first.AppendAsync(OutboxEntry.Of(Entry($"chatcmpl-{i}").ToRecord(Start)));
            }
        }

        File.WriteAllBytes(file, before);
        await using Outbox outbox = OpenOutbox();
        await Recovery(outbox).RecoverAsync();
        Assert.Equal(["chatcmpl-0", "chatcmpl-1", "chatcmpl-2"], Records(outbox).Select(record => record.Id).Order());
        Assert.Empty(Directory.GetFiles(Journals));
    }

    [Fact]
    public async Task A_full_outbox_keeps_the_journal_for_the_next_start()
    {
        using (RequestJournal journal = Open())
        {
            journal.Begin(Entry("chatcmpl-1"));
        }

        await using (Outbox full = OpenOutbox(limitBytes: 0))
        {
            await Recovery(full).StartAsync(CancellationToken.None);
            Assert.Null(full.Oldest());
        }

        await using Outbox outbox = OpenOutbox();
        await Recovery(outbox).StartAsync(CancellationToken.None);
        Assert.Equal("chatcmpl-1", Assert.Single(Records(outbox)).Id);
    }

    [Fact]
    public async Task The_last_sign_is_the_dead_process_s_and_not_the_recovery_s()
    {
        using (RequestJournal journal = Open())
        {
            journal.Begin(Entry("chatcmpl-1"));
            journal.Begin(Entry("chatcmpl-2"));
        }

        Touch(Start.AddSeconds(7));
        await using Outbox outbox = OpenOutbox();
        await Recovery(outbox).RecoverAsync();
        Assert.All(Records(outbox), record => Assert.Equal(Start.AddSeconds(7), record.EndedAt));
    }

    [Fact]
    public void The_file_stays_small_however_many_requests_pass()
    {
        using RequestJournal journal = Open();
        journal.Begin(Entry("chatcmpl-long"));
        for (int i = 0; i < 5000; i++)
        {
            journal.Begin(Entry($"chatcmpl-{i}"));
            journal.End($"chatcmpl-{i}");
        }

        long bytes = Directory.GetFiles(Journals).Sum(path => new FileInfo(path).Length);
        Assert.InRange(bytes, 1, RequestJournal.CompactAbove + 4096);
        Assert.Single(Directory.GetFiles(Journals));
    }

    /// <summary>Whatever begins and ends, and wherever the last line is torn, what is recovered is what had begun and not ended in whole lines.</summary>
    [Fact]
    public void Any_course_of_requests_cut_anywhere_recovers_to_what_was_open()
    {
        Gen<(int[] Ends, double Cut)> courses =
            from ends in Gen.Choose(-1, 19).ListOf(20)
            from cut in Gen.Choose(0, 1000)
            select (ends.ToArray(), cut / 1000.0);
        Prop.ForAll(courses.ToArbitrary(), course => CheckAsync(course.Ends, course.Cut).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    [Fact(Explicit = true)]
    public void A_request_pays_less_than_a_tenth_of_a_millisecond()
    {
        const int Requests = 20_000;
        using RequestJournal journal = Open();
        double longest = 0;
        var total = Stopwatch.StartNew();
        for (int i = 0; i < Requests; i++)
        {
            long start = Stopwatch.GetTimestamp();
            journal.Begin(Entry($"chatcmpl-{i}"));
            journal.End($"chatcmpl-{i}");
            longest = Math.Max(longest, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        double mean = total.Elapsed.TotalMilliseconds / Requests;
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"{mean * 1000:0.0} us mean, {longest:0.000} ms longest"));
        Assert.True(mean < 0.1, FormattableString.Invariant($"{mean} ms"));
    }

    private async Task CheckAsync(int[] ends, double cut)
    {
        string folder = Path.Combine(_folder, Guid.NewGuid().ToString("N"));
        string journals = Path.Combine(folder, "journal");
        using (var journal = new RequestJournal(journals, TimeProvider.System, NullLogger<RequestJournal>.Instance))
        {
            // Keeps the file there at a clean end.
            journal.Begin(Entry("chatcmpl-always"));
            for (int i = 0; i < ends.Length; i++)
            {
                journal.Begin(Entry($"chatcmpl-{i:D2}"));
                if (ends[i] >= 0)
                {
                    journal.End($"chatcmpl-{Math.Min(ends[i], i):D2}");
                }
            }
        }

        string file = Directory.GetFiles(journals).Single();
        byte[] bytes = File.ReadAllBytes(file);
        byte[] left = bytes[..(int)(cut * bytes.Length)];
        File.WriteAllBytes(file, left);
        int whole = Array.LastIndexOf(left, (byte)'\n') + 1;
        var open = new SortedSet<string>(StringComparer.Ordinal);
        // The last line may be whole but for its end.
        foreach (string line in System.Text.Encoding.UTF8.GetString(left).Split('\n').Where((_, index) => index < left.Count(b => b == '\n') || (whole < left.Length && left[^1] == '}')))
        {
            string id = line.Split('"').FirstOrDefault(part => part.StartsWith("chatcmpl-", StringComparison.Ordinal)) ?? "";
            if (line.StartsWith("{\"begin\":", StringComparison.Ordinal) && line.EndsWith("}}", StringComparison.Ordinal))
            {
                open.Add(id);
            }
            else if (line.StartsWith("{\"end\":", StringComparison.Ordinal) && line.EndsWith('}'))
            {
                open.Remove(id);
            }
        }

        await using var outbox = new Outbox(Path.Combine(folder, "outbox"), 1 << 24, NullLogger<Outbox>.Instance);
        await new JournalRecovery(journals, outbox, NullLogger<JournalRecovery>.Instance).RecoverAsync();
        Assert.Equal(open, Records(outbox).Select(record => record.Id).Order(StringComparer.Ordinal));
    }

    private static JournalEntry Entry(string id) => new()
    {
        Id = id,
        StartedAt = Start,
        Tenant = "team-a",
        Session = "session-1",
        RequestedModel = "auto",
        ConfigurationId = "greentune-nano-int4",
        DegradedFrom = "greentune-tiny-int4",
        InputTokens = 12,
        Streamed = true,
        TraceId = "0af7651916cd43dd8448eb211c80319c",
        SpanId = "b7ad6b7169203331",
        Instance = "inference-host-1",
    };

    private static List<RequestRecord> Records(Outbox outbox)
    {
        var records = new List<RequestRecord>();
        while (outbox.Oldest() is { } segment)
        {
            records.AddRange(segment.Entries.Select(entry => System.Text.Json.JsonSerializer.Deserialize<RequestRecord>(entry.Body, ContractJson.Options)!));
            outbox.Remove(segment);
        }

        return records;
    }

    private void Touch(DateTimeOffset at)
    {
        foreach (string file in Directory.GetFiles(Journals))
        {
            File.SetLastWriteTimeUtc(file, at.UtcDateTime);
        }
    }

    private RequestJournal Open() => new(Journals, TimeProvider.System, NullLogger<RequestJournal>.Instance);

    private Outbox OpenOutbox(long limitBytes = 1 << 24) => new(Path.Combine(_folder, "outbox"), limitBytes, NullLogger<Outbox>.Instance);

    private JournalRecovery Recovery(Outbox outbox) => new(Journals, outbox, NullLogger<JournalRecovery>.Instance);
}
