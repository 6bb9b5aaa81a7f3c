using GreenTune.Core.Attribution;
using GreenTune.Core.Units;
using GreenTune.Metering;

namespace GreenTune.Inference.External;

/// <summary>
/// Tells the meter what upstreams on its device do, as far as it shows from outside: time is cut into ticks, and each tick is shared among the requests in
/// flight by the tokens that came in it (one at least), as steps of one row each that follow one another. An engine's own steps are not known.
/// </summary>
internal sealed class OverlapSteps : IAsyncDisposable
{
    /// <summary>As long as a power sensor's reading holds, about; shorter ticks say nothing more.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly IDeviceMeter _meter;
    private readonly ITimer _timer;
    private readonly List<Request> _inFlight = [];
    private MonotonicTime _until;

    public OverlapSteps(IDeviceMeter meter, TimeProvider clock)
    {
        _meter = meter;
        _timer = clock.CreateTimer(static state => ((OverlapSteps)state!).Report(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A request goes to an upstream on the device.</summary>
    public Request Begin(string configurationId)
    {
        lock (_gate)
        {
            MonotonicTime now = _meter.Now;
            if (_inFlight.Count == 0)
            {
                _until = now;
                _timer.Change(Tick, Tick);
            }
            else
            {
                ReportTo(now);
            }

            var request = new Request(_meter.Admit(now), configurationId);
            _inFlight.Add(request);
            return request;
        }
    }

    /// <summary>A request has ended. The task yields its share and never fails.</summary>
    public Task<SettledRequest> End(Request request, MonotonicTime at)
    {
        lock (_gate)
        {
            ReportTo(MonotonicTime.Max(at, _until));
            _inFlight.Remove(request);
            if (_inFlight.Count == 0)
            {
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }

            return _meter.Finish(request.Key, MonotonicTime.Max(at, _until));
        }
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Report()
    {
        lock (_gate)
        {
            if (_inFlight.Count > 0)
            {
                ReportTo(_meter.Now);
            }
        }
    }

    private void ReportTo(MonotonicTime now)
    {
        long ticks = (now - _until).Ticks;
        if (ticks <= 0)
        {
            return;
        }

        long all = 0;
        foreach (Request request in _inFlight)
        {
            all += request.Take();
        }

        long done = 0;
        MonotonicTime start = _until;
        foreach (Request request in _inFlight)
        {
            done += request.Weight;
            MonotonicTime end = _until + TimeSpan.FromTicks((long)((double)ticks * done / all));
            if (end > start)
            {
                StepPhase phase = request.Decodes ? StepPhase.Decode : StepPhase.Prefill;
                _meter.Step(new StepRecord(start, end, phase, request.Work, [new StepRow(request.Key, request.Weight, request.Past)]));
            }

            request.Past += request.Weight;
            start = end;
        }

        _until = now;
    }

    /// <summary>One request in flight.</summary>
    internal sealed class Request(long key, string configurationId)
    {
        private int _tokens;
        private int _seen;

        public long Key { get; } = key;

        /// <summary>Nothing is known of the upstream's weights: its rows weigh by the time that they are given.</summary>
        public WorkModel Work { get; } = new(configurationId, 0, 0, 0, 0);

        public int Weight { get; private set; }

        public int Past { get; set; }

        /// <summary>Its first token had come before this tick.</summary>
        public bool Decodes { get; private set; }

        /// <summary>A token came.</summary>
        public void Token() => Interlocked.Increment(ref _tokens);

        public int Take()
        {
            int tokens = Volatile.Read(ref _tokens);
            Decodes = _seen > 0;
            Weight = Math.Max(1, tokens - _seen);
            _seen = tokens;
            return Weight;
        }
    }
}
