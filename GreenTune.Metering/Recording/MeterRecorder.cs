using System.IO.Compression;
using System.Text.Json;
using GreenTune.Core.Attribution;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Sources;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Metering.Recording;

/// <summary>
/// Records all that one meter takes, from its start on and in the order in which it takes it, so that <see cref="MeterReplay"/> comes to the same
/// settlements, bit for bit, on any machine. Given to a meter by <see cref="DeviceMeterOptions.Recorder"/>, which feeds it on the sampler's thread and
/// ends it. A recording that fails, for want of room for example, is named once and ends; the meter goes on.
/// </summary>
/// <remarks>
/// The file is gzip. Inside: one line of JSON (<see cref="RecordingHeader"/>), then entries of one byte that names the kind and the fields that
/// docs/meter-recording.md lists. It is flushed once a second, so that a crash leaves a recording that is read up to its last whole entry.
/// </remarks>
public sealed class MeterRecorder : IDisposable
{
    /// <summary>256 MB: about ten hours at 1000 steps a second.</summary>
    public const long DefaultMaxBytes = 256L << 20;

    private static readonly long FlushEvery = TimeSpan.TicksPerSecond;
    private const int WriteAbove = 1 << 15;

    private readonly CountingStream _file;
    private readonly GZipStream _zip;
    private readonly long _maxBytes;
    private readonly string _name;
    private readonly string? _note;
    private readonly ILogger _logger;
    private readonly RecordingBuffer _buffer = new();
    private readonly RecordingState _state = new();
    private readonly Dictionary<WorkModel, int> _works = [];
    private WorkModel? _lastWork;
    private int _lastWorkIndex;
    private Func<string, WorkCoefficients?>? _coefficients;
    private long _origin;
    private long _flushed;
    private bool _begun;
    private bool _ended;

    /// <param name="stream">Receives the recording; closed with it.</param>
    /// <param name="note">What is recorded, for people.</param>
    /// <param name="maxBytes">Where the recording ends, in bytes of the file.</param>
    /// <param name="logger">Where a failure is named.</param>
    public MeterRecorder(Stream stream, string? note = null, long maxBytes = DefaultMaxBytes, ILogger? logger = null)
    {
        _file = new(stream);
        _zip = new(_file, CompressionLevel.Optimal);
        _maxBytes = maxBytes;
        _note = note;
        _name = stream is FileStream file ? file.Name : "the recording";
        _logger = logger ?? NullLogger.Instance;
    }

    /// <summary>Why the recording ended before the meter did; null when it did not.</summary>
    public string? Failure { get; private set; }

    /// <summary>Size of the file so far, in bytes.</summary>
    public long Bytes => _file.Written;

    /// <summary>Records to a file, which is overwritten.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    public static MeterRecorder ToFile(string path, string? note = null, long maxBytes = DefaultMaxBytes, ILogger? logger = null) =>
        new(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read), note, maxBytes, logger);

    /// <summary>Ends the recording; what was taken so far is kept.</summary>
    public void Dispose()
    {
        if (_ended)
            return;
        Guard(static recorder => recorder.Close());
        _ended = true;
    }

    internal void Begin(RecordingHeader header, MonotonicTime start, Func<string, WorkCoefficients?>? coefficients)
    {
        if (_begun)
            throw new InvalidOperationException("A recorder records one meter: give each meter its own.");
        _begun = true;
        _origin = start.Ticks;
        _coefficients = coefficients;
        byte[] line = JsonSerializer.SerializeToUtf8Bytes(header with { Note = header.Note ?? _note }, RecordingHeader.Json);
        Guard(recorder =>
        {
            recorder._zip.Write(line);
            recorder._zip.WriteByte((byte)'\n');
        });
    }

    internal void Take(MonotonicTime at, in SourceStatus status, List<EnergyReading> counter, List<PowerSample> samples)
    {
        if (_ended)
            return;
        bool named = status.Fault is not null, same = named && status.Fault == _state.LastFault;
        _buffer.Byte((byte)EntryKind.Readings);
        _buffer.Byte((byte)((named ? 1 : 0) | (same ? 2 : 0) | (status.Lost ? 4 : 0)));
        Time(at, ref _state.LastAt);
        if (named && !same)
            _buffer.Text(_state.LastFault = status.Fault!);
        _buffer.Unsigned((ulong)counter.Count);
        foreach (EnergyReading reading in counter)
        {
            Time(reading.At, ref _state.LastCounter);
            _buffer.Quantity(reading.Energy.Value, ref _state.LastJoules);
            _buffer.Quantity(reading.Other.Value, ref _state.LastOtherJoules);
            _buffer.Quantity(reading.Dram.Value, ref _state.LastDramJoules);
        }
        _buffer.Unsigned((ulong)samples.Count);
        foreach (PowerSample sample in samples)
        {
            Time(sample.At, ref _state.LastSample);
            _buffer.Quantity(sample.Power.Value, ref _state.LastWatts);
            _buffer.Quantity(sample.Other.Value, ref _state.LastOtherWatts);
        }
    }

    internal void Tell(in MeterEvent told)
    {
        if (_ended)
            return;
        switch (told.Kind)
        {
            case MeterEventKind.Admit:
                Request(EntryKind.Admitted, told.At, told.Request);
                break;
            case MeterEventKind.Finish:
                Request(EntryKind.Finished, told.At, told.Request);
                break;
            case MeterEventKind.Step:
                Step(told.Step);
                break;
            case MeterEventKind.Resident:
                Head(EntryKind.ResidentChanged, told.At);
                _buffer.Unsigned((ulong)told.Resident.Count);
                foreach (string configuration in told.Resident)
                    _buffer.Text(configuration);
                break;
            case MeterEventKind.Calibrate:
                Head(EntryKind.CalibrationAsked, told.At);
                _buffer.Signed(told.Calibration.Over.Ticks);
                break;
            default:
                Head(told.Kind == MeterEventKind.BusyBegins ? EntryKind.BusyBegan : EntryKind.BusyEnded, told.At);
                break;
        }
    }

    internal void Settle(MonotonicTime at)
    {
        if (_ended)
            return;
        Head(EntryKind.Settled, at);
        bool flush = at.Ticks - _flushed >= FlushEvery;
        if (!flush && _buffer.Count < WriteAbove)
            return;
        if (flush)
            _flushed = at.Ticks;
        Guard(flush ? static recorder => recorder.Flush() : static recorder => recorder.Drain());
        if (!_ended && _file.Written > _maxBytes)
            End(FormattableString.Invariant($"it has reached its limit of {_maxBytes / 1e6:0.#} MB"));
    }

    internal void GiveUp(long request, string reason)
    {
        if (_ended)
            return;
        _buffer.Byte((byte)EntryKind.GivenUp);
        _buffer.Signed(request);
        _buffer.Text(reason);
    }

    private void Head(EntryKind kind, MonotonicTime at)
    {
        _buffer.Byte((byte)kind);
        Time(at, ref _state.LastAt);
    }

    private void Request(EntryKind kind, MonotonicTime at, long request)
    {
        Head(kind, at);
        _buffer.Signed(request);
    }

    private void Step(StepRecord step)
    {
        if (!ReferenceEquals(step.Work, _lastWork))
        {
            _lastWork = step.Work;
            if (!_works.TryGetValue(step.Work, out _lastWorkIndex))
                Define(step.Work);
        }
        _buffer.Byte((byte)EntryKind.Stepped);
        bool piece = step.Fraction != 1;
        _buffer.Unsigned(((ulong)_lastWorkIndex << 2) | (piece ? 2u : 0u) | (step.Phase == StepPhase.Decode ? 1u : 0u));
        if (piece)
            _buffer.Bits(step.Fraction);
        Time(step.Start, ref _state.LastStepEnd);
        Time(step.End, ref _state.LastStepEnd);
        _state.Rows.Write(step.Rows, _buffer);
    }

    private void Define(WorkModel work)
    {
        _lastWorkIndex = _works.Count;
        _works.Add(work, _lastWorkIndex);
        _buffer.Byte((byte)EntryKind.WorkModel);
        _buffer.Text(work.ConfigurationId);
        _buffer.Bits(work.Parameters);
        _buffer.Bits(work.AttentionFlopsPerPair);
        _buffer.Bits(work.WeightBytes);
        _buffer.Bits(work.KvBytesPerToken);
        WorkCoefficients? coefficients = _coefficients?.Invoke(work.ConfigurationId);
        _buffer.Byte((byte)(coefficients is null ? 0 : 1));
        if (coefficients is { } k)
        {
            _buffer.Bits(k.JoulesPerFlop);
            _buffer.Bits(k.JoulesPerByte);
            _buffer.Bits(k.JoulesPerSecond);
        }
    }

    private void Time(MonotonicTime at, ref long last)
    {
        long ticks = at.Ticks - _origin;
        _buffer.Signed(ticks - last);
        last = ticks;
    }

    private void Drain()
    {
        _zip.Write(_buffer.Written);
        _buffer.Clear();
    }

    private void Flush()
    {
        Drain();
        _zip.Flush();
    }

    private void Close()
    {
        if (_begun)
            _buffer.Byte((byte)EntryKind.End);
        Drain();
        _zip.Dispose();
    }

    private void Guard(Action<MeterRecorder> write)
    {
        try
        {
            write(this);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            End(problem.Message);
        }
    }

    private void End(string reason)
    {
        Failure = reason;
        _ended = true;
        Log.RecordingEnded(_logger, _name, reason);
        try
        {
            Close();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // The failure has been named already.
        }
    }
}
