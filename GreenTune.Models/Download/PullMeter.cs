namespace GreenTune.Models.Download;

/// <summary>Bytes over the last seconds.</summary>
internal sealed class RateMeter(TimeProvider clock)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(8);
    private readonly Queue<(long At, long Bytes)> _samples = [];
    private long _bytes;

    public void Add(long bytes)
    {
        long now = clock.GetTimestamp();
        if (_samples.Count == 0)
            _samples.Enqueue((now, _bytes));
        _bytes += bytes;
        // A few samples a second are enough.
        if (_samples.Count < 2 || clock.GetElapsedTime(_samples.Last().At, now) > TimeSpan.FromMilliseconds(200))
            _samples.Enqueue((now, _bytes));
        while (_samples.Count > 2 && clock.GetElapsedTime(_samples.Peek().At, now) > Window)
            _samples.Dequeue();
    }

    /// <summary>Null until half a second of bytes is known.</summary>
    public double? BytesPerSecond
    {
        get
        {
            if (_samples.Count == 0)
                return null;
            (long at, long bytes) = _samples.Peek();
            double seconds = clock.GetElapsedTime(at).TotalSeconds;
            return seconds >= 0.5 ? (_bytes - bytes) / seconds : null;
        }
    }
}

/// <summary>Collects what the files of a pull report, and passes it on a few times a second, in order.</summary>
internal sealed class PullMeter
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(100);
    private readonly Lock _gate = new();
    private readonly IProgress<PullProgress>? _progress;
    private readonly TimeProvider _clock;
    private readonly RateMeter _rate;
    private FileMeter[] _files = [];
    private PullStage _stage = PullStage.Resolving;
    private long? _lastReport;

    public PullMeter(IProgress<PullProgress>? progress, TimeProvider clock)
    {
        _progress = progress;
        _clock = clock;
        _rate = new RateMeter(clock);
    }

    public IReadOnlyList<FileMeter> Plan(IEnumerable<HubFile> files)
    {
        lock (_gate)
            return _files = [.. files.Select(f => new FileMeter(this, f, new RateMeter(_clock)))];
    }

    public void Enter(PullStage stage)
    {
        lock (_gate)
        {
            _stage = stage;
            Report(null, always: true);
        }
    }

    public void Note(string note)
    {
        lock (_gate)
            Report(note, always: true);
    }

    private void Report(string? note, bool always)
    {
        if (_progress is null || (!always && _lastReport is { } last && _clock.GetElapsedTime(last) < ReportEvery))
            return;
        _lastReport = _clock.GetTimestamp();
        long bytes = _files.Sum(f => f.Bytes);
        long size = _files.Sum(f => f.File.Size);
        double? rate = _stage == PullStage.Downloading ? _rate.BytesPerSecond : null;
        _progress.Report(new PullProgress(_stage, bytes, size, rate, Remaining(size - bytes, rate), [.. _files.Select(f => f.View())], note));
    }

    private static TimeSpan? Remaining(long bytes, double? rate) =>
        rate is > 0 and { } known && bytes / known < TimeSpan.MaxValue.TotalSeconds / 2 ? TimeSpan.FromSeconds(bytes / known) : null;

    /// <summary>One file's part.</summary>
    internal sealed class FileMeter(PullMeter all, HubFile file, RateMeter rate)
    {
        public HubFile File { get; } = file;

        public long Bytes { get; private set; }

        private bool _done;

        /// <summary>Bytes came over the network.</summary>
        public void Received(int bytes)
        {
            lock (all._gate)
            {
                Bytes += bytes;
                rate.Add(bytes);
                all._rate.Add(bytes);
                all.Report(null, always: false);
            }
        }

        /// <summary>So much of the file is on the disk.</summary>
        public void Has(long bytes)
        {
            lock (all._gate)
            {
                Bytes = bytes;
                all.Report(null, always: false);
            }
        }

        public void Complete()
        {
            lock (all._gate)
            {
                Bytes = File.Size;
                _done = true;
                all.Report(null, always: true);
            }
        }

        public void Note(string note) => all.Note(note);

        public PullFileProgress View()
        {
            double? now = _done ? null : rate.BytesPerSecond;
            return new PullFileProgress(File.Path, Bytes, File.Size, now, Remaining(File.Size - Bytes, now), _done);
        }
    }
}
