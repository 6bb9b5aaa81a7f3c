using System.IO.Compression;
using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Attribution;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Recording;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Recording;

public sealed class MeterRecordingTests
{
    private static readonly WorkModel Other = new("tiny-fp32", 1e6, 2, 4e6, 100);

    [Fact]
    public void Any_entries_come_back_as_they_were()
    {
        Gen<double> quantity = Gen.OneOf(
            Gen.Choose(-2_000_000, 2_000_000).Select(milli => milli / 1000.0),
            Gen.Elements(0.0, -0.0, 1e-9, 118.123456789, double.NaN, double.PositiveInfinity, 5e12, 0.1 + 0.2));
        Gen<MonotonicTime> time = Gen.Choose(-100_000_000, int.MaxValue).Select(ticks => new MonotonicTime(ticks));
        Gen<long> request = Gen.Choose(1, 40).Select(key => (long)key);
        Gen<StepRow> row = from key in request from tokens in Gen.Choose(1, 3) from past in Gen.Choose(0, 5000) select new StepRow(key, tokens, past);
        Gen<RecordedEntry> entry = Gen.OneOf(
            from at in time from key in request select (RecordedEntry)new RecordedEntry.Admitted(at, key),
            from at in time from key in request select (RecordedEntry)new RecordedEntry.Finished(at, key),
            from at in time select (RecordedEntry)new RecordedEntry.Settled(at),
            from at in time from over in Gen.Choose(1, 60) select (RecordedEntry)new RecordedEntry.CalibrationAsked(at, TimeSpan.FromSeconds(over)),
            from at in time from busy in Gen.Elements(true, false) select (RecordedEntry)new RecordedEntry.BusyChanged(at, busy),
            from at in time from names in Gen.Elements("a", "b-int4", "ä").ListOf() select (RecordedEntry)new RecordedEntry.ResidentChanged(at, [.. names]),
            from key in request from reason in Gen.Elements("gone", "") select (RecordedEntry)new RecordedEntry.GivenUp(key, reason),
            from start in time
            from length in Gen.Choose(0, 100_000)
            from phase in Gen.Elements(StepPhase.Prefill, StepPhase.Decode)
            from work in Gen.Elements(Bench.Work, Other)
            from rows in row.NonEmptyListOf()
            from fraction in Gen.Elements(1.0, 0.25, 1.0 / 3)
            select (RecordedEntry)new RecordedEntry.Stepped(new(start, start + new TimeSpan(length), phase, work, [.. rows]) { Fraction = fraction }, null),
            from at in time
            from fault in Gen.Elements(null, "broken", "gone")
            from lost in Gen.Elements(true, false)
            from counter in (from t in time from e in quantity from o in quantity from d in quantity select new EnergyReading(t, new(e), new(o), new(d))).ListOf()
            from samples in (from t in time from w in quantity from o in quantity select new PowerSample(t, new(w), new(o))).ListOf()
            select (RecordedEntry)new RecordedEntry.Readings(at, new(fault, lost), [.. counter], [.. samples]));
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(entry.ListOf().ToArbitrary(), entries =>
        {
            MeterRecording read = RoundTrip(entries);
            return !read.IsTorn && read.Entries.Select(Text).SequenceEqual(entries.Select(Text));
        }));
    }

    [Fact]
    public void Rows_that_went_on_by_one_token_cost_next_to_nothing()
    {
        var entries = new List<RecordedEntry>();
        var random = new Random(7);
        var rows = Enumerable.Range(1, 32).Select(key => new StepRow(key, 1, random.Next(50, 900))).ToArray();
        long next = 33, now = 0;
        double left = 100;
        for (int step = 0; step < 6_000; step++)
        {
            long end = now + 9_000 + random.Next(1_000);
            entries.Add(new RecordedEntry.Stepped(new(new(now), new(end), StepPhase.Decode, Bench.Work, (StepRow[])[.. rows]), null));
            now = end + 200 + random.Next(300);
            for (int i = 0; i < rows.Length; i++)
                rows[i] = rows[i] with { Past = rows[i].Past + 1 };
            // Requests of 100 tokens: at 32 rows one leaves every third step, and another takes its row.
            if ((left -= 32) <= 0)
            {
                left += 100;
                int slot = random.Next(32);
                entries.Add(new RecordedEntry.Finished(new(end), rows[slot].Request));
                entries.Add(new RecordedEntry.Admitted(new(now), next));
                rows[slot] = new(next++, 1, random.Next(50, 900));
            }
            if (step % 50 == 0)
            {
                entries.Add(new RecordedEntry.Readings(new(now), SourceStatus.Ok, [new(new(now), new(step * 0.4))], [new(new(now - 100), new(300.125)), new(new(now), new(250 + random.Next(50_000) / 1000.0))]));
                entries.Add(new RecordedEntry.Settled(new(now)));
            }
        }
        using var stream = new MemoryStream();
        new MeterRecording(Header(), entries).Write(stream);

        TestContext.Current.TestOutputHelper?.WriteLine($"6 s at 1000 steps/s of 32 rows: {stream.ToArray().Length} bytes");
        Assert.InRange(stream.ToArray().Length, 10_000, 80_000);
        MeterRecording read = MeterRecording.Read(new MemoryStream(stream.ToArray()));
        Assert.Equal(entries.Count, read.Entries.Count);
        for (int i = 0; i < entries.Count; i++)
        {
            if (entries[i] is RecordedEntry.Stepped { Record: var step } && read.Entries[i] is RecordedEntry.Stepped { Record: var same })
                Assert.True(step.Start == same.Start && step.End == same.End && step.Rows.SequenceEqual(same.Rows));
            else
                Assert.Equal(Text(entries[i]), Text(read.Entries[i]));
        }
    }

    [Fact]
    public async Task Wherever_it_breaks_off_it_is_read_up_to_the_last_whole_entry()
    {
        byte[] whole = (await RecordedRun.Make(1, 0.5, new())).Recording;
        string[] all = [.. MeterRecording.Read(new MemoryStream(whole)).Entries.Select(Text)];
        int longest = 0;
        for (int length = whole.Length - 1; length > 700; length -= 61)
        {
            MeterRecording read = MeterRecording.Read(new MemoryStream(whole[..length]));
            Assert.True(read.Entries.Count <= all.Length);
            Assert.Equal(all.Take(read.Entries.Count), read.Entries.Select(Text));
            longest = Math.Max(longest, read.Entries.Count);
        }
        Assert.True(longest > all.Length / 2);
    }

    [Fact]
    public void What_is_no_recording_or_damaged_is_named()
    {
        Assert.Contains("no recording", Assert.Throws<FormatException>(() => MeterRecording.Read(new MemoryStream("seconds,watts\n"u8.ToArray()))).Message);
        Assert.Contains("no recording", Assert.Throws<FormatException>(() => MeterRecording.Read(Zip("{}\n"u8))).Message);
        Assert.Contains("no recording", Assert.Throws<FormatException>(() => MeterRecording.Read(new MemoryStream())).Message);
        byte[] header = Unzip(Bytes(new MeterRecording(Header(), [])))[..^1];
        Assert.Contains("version 9", Assert.Throws<FormatException>(() => MeterRecording.Read(Zip(System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(header).Replace("\"version\":1", "\"version\":9"))))).Message);
        Assert.Contains("unknown kind 99", Assert.Throws<FormatException>(() => MeterRecording.Read(Zip([.. header, 99]))).Message);
        Assert.Contains("unknown work model", Assert.Throws<FormatException>(() => MeterRecording.Read(Zip([.. header, 3, 0, 0, 0, 1]))).Message);
    }

    [Fact]
    public void Bytes_that_were_turned_over_never_crash_the_reader()
    {
        byte[] plain = Unzip(Bytes(new MeterRecording(Header(), [.. Enumerable.Range(0, 200).Select(i => (RecordedEntry)new RecordedEntry.Stepped(
            new(new(i * 1000), new(i * 1000 + 900), StepPhase.Decode, Bench.Work, [new(1, 1, 10 + i), new(2, 1, 20 + i)]), null))])));
        var random = new Random(2);
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = [.. plain];
            damaged[random.Next(plain.Length - 900, plain.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                _ = MeterRecording.Read(Zip(damaged)).Entries.Count;
            }
            catch (FormatException)
            {
                // Named: as good as read.
            }
        }
    }

    [Fact]
    public async Task A_disk_that_is_full_ends_the_recording_and_not_the_meter()
    {
        var logger = new ListLogger();
        using var recorder = new MeterRecorder(new FullDisk(), logger: logger);
        await using var bench = new Bench(options: new() { Recorder = recorder });
        bench.Run(4, 100);
        Task<SettledRequest> settled = bench.Serve(1, 300);
        bench.Run(0.2, 100);

        Assert.Equal(Core.Contracts.EnergyQuality.Measured, (await settled).Energy.Quality);
        Assert.Equal("no space left", recorder.Failure);
        Assert.Single(logger.Lines, line => line.Text.Contains("no space left"));
    }

    [Fact]
    public async Task A_recording_ends_at_its_limit_and_stays_readable()
    {
        var file = new MemoryStream();
        using var recorder = new MeterRecorder(file, maxBytes: 3000);
        await using var bench = new Bench(new() { Noise = 5 }, options: new() { Recorder = recorder });
        bench.Run(60, 100);

        Assert.Contains("limit", recorder.Failure);
        Assert.InRange(file.ToArray().Length, 3000, 6000);
        Assert.False(MeterRecording.Read(new MemoryStream(file.ToArray())).IsTorn);
    }

    [Fact]
    public async Task A_recorder_serves_one_meter()
    {
        using var recorder = new MeterRecorder(new MemoryStream());
        await using var bench = new Bench(options: new() { Recorder = recorder });

        Assert.Contains("its own", Assert.Throws<InvalidOperationException>(() => new Bench(options: new() { Recorder = recorder })).Message);
    }

    private static RecordingHeader Header() => RecordingHeader.Of(new UnavailablePowerSource("gpu-0", "GPU", DeviceComponent.Gpu, "a test").Description, new(), DateTimeOffset.UnixEpoch, null);

    private static byte[] Bytes(MeterRecording recording)
    {
        using var stream = new MemoryStream();
        recording.Write(stream);
        return stream.ToArray();
    }

    private static MeterRecording RoundTrip(IEnumerable<RecordedEntry> entries) => MeterRecording.Read(new MemoryStream(Bytes(new(Header(), [.. entries]))));

    private static byte[] Unzip(byte[] zipped)
    {
        using var zip = new GZipStream(new MemoryStream(zipped), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        zip.CopyTo(plain);
        return plain.ToArray();
    }

    private static MemoryStream Zip(ReadOnlySpan<byte> plain)
    {
        var zipped = new MemoryStream();
        using (var zip = new GZipStream(zipped, CompressionLevel.Fastest))
            zip.Write(plain);
        return new(zipped.ToArray());
    }

    /// <summary>An entry with all it holds, each number to its last bit.</summary>
    private static string Text(RecordedEntry entry) => entry switch
    {
        RecordedEntry.Readings r => $"{r.At} {r.Status} {string.Join(',', r.Counter.Select(c => $"{c.At.Ticks}:{Bits(c.Energy.Value)}:{Bits(c.Other.Value)}:{Bits(c.Dram.Value)}"))} {string.Join(',', r.Samples.Select(s => $"{s.At.Ticks}:{Bits(s.Power.Value)}:{Bits(s.Other.Value)}"))}",
        RecordedEntry.Stepped s => $"{s.Record.Start} {s.Record.End} {s.Record.Phase} {s.Record.Work} {Bits(s.Record.Fraction)} {string.Join(',', s.Record.Rows)}",
        RecordedEntry.ResidentChanged r => $"{r.At} {string.Join(',', r.Configurations)}",
        _ => entry.ToString(),
    };

    private static long Bits(double value) => BitConverter.DoubleToInt64Bits(value);

    private sealed class FullDisk : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (Length > 500)
                throw new IOException("no space left");
            base.Write(buffer);
        }
    }
}
