using System.IO.Compression;
using System.Text;
using GreenTune.Core.Attribution;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Recording;

/// <summary>Reads a recording entry by entry, in memory that does not grow with it. Not thread-safe.</summary>
public sealed class MeterRecordingReader : IDisposable
{
    private const int LongestHeader = 1 << 20;
    private const int MostReadings = 1 << 20;
    private const int MostConfigurations = 1 << 16;

    private readonly GZipStream _zip;
    private readonly RecordingInput _input;
    private readonly RecordingState _state = new();
    private readonly List<(WorkModel Work, WorkCoefficients? Coefficients)> _works = [];
    private bool _done;

    /// <param name="stream">Of the recording; closed with the reader.</param>
    /// <exception cref="FormatException">It is no recording, or of another version.</exception>
    public MeterRecordingReader(Stream stream)
    {
        _zip = new(stream, CompressionMode.Decompress);
        _input = new(_zip);
        Header = RecordingHeader.Parse(ReadLine());
    }

    public RecordingHeader Header { get; }

    /// <summary>The recording breaks off: the process or its machine ended before the recording did. Known at the end.</summary>
    public bool IsTorn { get; private set; }

    /// <exception cref="FormatException">The file is no recording, or of another version.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static MeterRecordingReader Open(string path) => new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));

    /// <summary>The next entry; null at the end.</summary>
    /// <exception cref="FormatException">The recording is damaged.</exception>
    public RecordedEntry? Next()
    {
        if (_done)
            return null;
        try
        {
            EntryKind kind;
            while ((kind = (EntryKind)_input.Byte()) != EntryKind.End)
            {
                if (kind != EntryKind.WorkModel)
                    return Entry(kind);
                Define();
            }
        }
        catch (EndOfStreamException)
        {
            IsTorn = true;
        }
        catch (InvalidDataException)
        {
            // The compressed stream breaks off.
            IsTorn = true;
        }
        _done = true;
        return null;
    }

    /// <summary>The rest's readings alone, for a replay of the sensor: samples and counter values in order of time, counted from the meter's start.</summary>
    /// <exception cref="FormatException">The recording is damaged.</exception>
    public IReadOnlyList<RecordedReading> Readings()
    {
        var readings = new List<RecordedReading>();
        while (Next() is { } entry)
        {
            if (entry is not RecordedEntry.Readings taken)
                continue;
            foreach (EnergyReading reading in taken.Counter)
                readings.Add(new(reading.At.Seconds, null, reading.Energy.Value));
            foreach (PowerSample sample in taken.Samples)
                readings.Add(new(sample.At.Seconds, sample.Power.Value, null));
        }
        return [.. readings.OrderBy(reading => reading.Seconds)];
    }

    public void Dispose() => _zip.Dispose();

    private string ReadLine()
    {
        var line = new List<byte>();
        try
        {
            while (_input.Byte() is var next && next != '\n')
            {
                line.Add(next);
                if (line.Count > LongestHeader)
                    throw new FormatException("This is no recording of a meter: its first line does not end.");
            }
        }
        catch (Exception problem) when (problem is InvalidDataException or EndOfStreamException)
        {
            throw new FormatException($"This is no recording of a meter, or one that was cut off at its very beginning ({problem.Message})", problem);
        }
        return Encoding.UTF8.GetString([.. line]);
    }

    private RecordedEntry Entry(EntryKind kind)
    {
        switch (kind)
        {
            case EntryKind.Readings:
                return ReadReadings();
            case EntryKind.Stepped:
                return Step();
            case EntryKind.GivenUp:
                return new RecordedEntry.GivenUp(_input.Signed(), _input.Text());
            case EntryKind.Admitted:
                return new RecordedEntry.Admitted(Time(ref _state.LastAt), _input.Signed());
            case EntryKind.Finished:
                return new RecordedEntry.Finished(Time(ref _state.LastAt), _input.Signed());
            case EntryKind.BusyBegan or EntryKind.BusyEnded:
                return new RecordedEntry.BusyChanged(Time(ref _state.LastAt), kind == EntryKind.BusyBegan);
            case EntryKind.Settled:
                return new RecordedEntry.Settled(Time(ref _state.LastAt));
            case EntryKind.CalibrationAsked:
                return new RecordedEntry.CalibrationAsked(Time(ref _state.LastAt), new(_input.Signed()));
            case EntryKind.ResidentChanged:
                MonotonicTime at = Time(ref _state.LastAt);
                var configurations = new string[_input.Number(MostConfigurations)];
                for (int i = 0; i < configurations.Length; i++)
                    configurations[i] = _input.Text();
                return new RecordedEntry.ResidentChanged(at, configurations);
            default:
                throw _input.Wrong($"an entry of unknown kind {(byte)kind}");
        }
    }

    private RecordedEntry.Readings ReadReadings()
    {
        byte flags = _input.Byte();
        MonotonicTime at = Time(ref _state.LastAt);
        string? fault = null;
        if ((flags & 1) != 0)
            fault = (flags & 2) != 0 ? _state.LastFault : _state.LastFault = _input.Text();
        var counter = new EnergyReading[_input.Number(MostReadings)];
        for (int i = 0; i < counter.Length; i++)
        {
            MonotonicTime when = Time(ref _state.LastCounter);
            counter[i] = new(when, new(_input.Quantity(ref _state.LastJoules)), new(_input.Quantity(ref _state.LastOtherJoules)), new(_input.Quantity(ref _state.LastDramJoules)));
        }
        var samples = new PowerSample[_input.Number(MostReadings)];
        for (int i = 0; i < samples.Length; i++)
        {
            MonotonicTime when = Time(ref _state.LastSample);
            samples[i] = new(when, new(_input.Quantity(ref _state.LastWatts)), new(_input.Quantity(ref _state.LastOtherWatts)));
        }
        return new(at, new SourceStatus(fault, (flags & 4) != 0), counter, samples);
    }

    private RecordedEntry.Stepped Step()
    {
        ulong word = _input.Unsigned();
        if (word >> 2 >= (ulong)_works.Count)
            throw _input.Wrong("a step of an unknown work model");
        (WorkModel work, WorkCoefficients? coefficients) = _works[(int)(word >> 2)];
        double fraction = (word & 2) == 2 ? _input.Bits() : 1;
        MonotonicTime start = Time(ref _state.LastStepEnd);
        MonotonicTime end = Time(ref _state.LastStepEnd);
        return new(new(start, end, (word & 1) == 1 ? StepPhase.Decode : StepPhase.Prefill, work, _state.Rows.Read(_input)) { Fraction = fraction }, coefficients);
    }

    private void Define()
    {
        var work = new WorkModel(_input.Text(), _input.Bits(), _input.Bits(), _input.Bits(), _input.Bits());
        WorkCoefficients? coefficients = _input.Byte() == 1 ? new(_input.Bits(), _input.Bits(), _input.Bits()) : null;
        _works.Add((work, coefficients));
    }

    private MonotonicTime Time(ref long last) => new(last += _input.Signed());
}
