namespace GreenTune.Metering.Recording;

/// <summary>A recording in memory, for small ones and for making them; <see cref="MeterRecordingReader"/> reads large ones.</summary>
/// <param name="Header">What was metered, and how.</param>
/// <param name="Entries">In the order in which the meter took them.</param>
/// <param name="IsTorn">It breaks off: its meter never ended it. What stands is up to the last whole entry.</param>
public sealed record MeterRecording(RecordingHeader Header, IReadOnlyList<RecordedEntry> Entries, bool IsTorn = false)
{
    /// <summary>Reads a recording up to its last whole entry.</summary>
    /// <exception cref="FormatException">It is no recording, of another version, or damaged.</exception>
    public static MeterRecording Read(Stream stream)
    {
        using var reader = new MeterRecordingReader(stream);
        return Read(reader);
    }

    /// <inheritdoc cref="Read(Stream)"/>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static MeterRecording Read(string path)
    {
        using var reader = MeterRecordingReader.Open(path);
        return Read(reader);
    }

    /// <summary>Writes the recording to a stream, which is closed.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(Stream stream)
    {
        using var recorder = new MeterRecorder(stream, maxBytes: long.MaxValue);
        var coefficients = new Dictionary<string, Core.Attribution.WorkCoefficients?>();
        recorder.Begin(Header, default, id => coefficients.GetValueOrDefault(id));
        foreach (RecordedEntry entry in Entries)
        {
            if (entry is RecordedEntry.Stepped step)
                coefficients.TryAdd(step.Record.Work.ConfigurationId, step.Coefficients);
            Write(entry, recorder);
        }
        recorder.Dispose();
        if (recorder.Failure is { } failure)
            throw new IOException($"The recording could not be written: {failure}");
    }

    /// <inheritdoc cref="Write(Stream)"/>
    public void Write(string path) => Write(new FileStream(path, FileMode.Create, FileAccess.Write));

    private static MeterRecording Read(MeterRecordingReader reader)
    {
        var entries = new List<RecordedEntry>();
        while (reader.Next() is { } entry)
            entries.Add(entry);
        return new(reader.Header, entries, reader.IsTorn);
    }

    private static void Write(RecordedEntry entry, MeterRecorder into)
    {
        switch (entry)
        {
            case RecordedEntry.Readings readings:
                into.Take(readings.At, readings.Status, [.. readings.Counter], [.. readings.Samples]);
                break;
            case RecordedEntry.Settled settled:
                into.Settle(settled.At);
                break;
            case RecordedEntry.GivenUp given:
                into.GiveUp(given.Request, given.Reason);
                break;
            default:
                into.Tell(MeterReplay.EventOf(entry));
                break;
        }
    }
}
