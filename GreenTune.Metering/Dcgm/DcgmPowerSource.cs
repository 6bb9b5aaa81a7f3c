using System.Collections.Concurrent;
using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Nvml;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Dcgm;

/// <summary>
/// A GPU of another node, by its dcgm-exporter's page. A task of its own fetches the page; the sampler takes what has come. Energy is taken from the counter
/// where the page has it, else from power. The exporter renews its values by its own period (30 s unless it is told otherwise), so a value is stamped in
/// the middle of the two fetches between which it changed, and one that has not changed is none.
/// </summary>
public sealed class DcgmPowerSource : IPowerSource
{
    private const int MaxPage = 8 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http;
    private readonly Uri _url;
    private readonly string? _wanted;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _every;
    private readonly TimeSpan _stale;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentQueue<(MonotonicTime At, double Value)> _news = new();
    private readonly bool _counter;
    private double? _last;
    private MonotonicTime _lastFetch;
    private MonotonicTime _lastChange;
    private volatile string? _fault;

    private DcgmPowerSource(HttpClient http, DcgmOptions options, DcgmGpu gpu, TimeProvider clock)
    {
        _http = http;
        _url = new(options.Url!);
        _wanted = gpu.Uuid;
        _clock = clock;
        var collect = TimeSpan.FromSeconds(options.CollectSeconds);
        // Twice a period: no value is missed, and its time is known to within half of it.
        _every = collect / 2 < TimeSpan.FromMilliseconds(100) ? TimeSpan.FromMilliseconds(100) : collect / 2;
        _stale = collect * 10 > TimeSpan.FromSeconds(10) ? collect * 10 : TimeSpan.FromSeconds(10);
        _counter = gpu.Joules is not null;
        Description = new()
        {
            DeviceId = gpu.Uuid,
            DeviceName = gpu.Model ?? "NVIDIA GPU",
            Component = DeviceComponent.Gpu,
            Meter = "dcgm",
            Boundary = "device",
            Quality = EnergyQuality.Measured,
            GainRelative = NvmlPowerSource.GainRelative,
            Explanation = FormattableString.Invariant($"dcgm-exporter at {_url.GetLeftPart(UriPartial.Path)}: {(_counter ? "the GPU's energy counter" : "the GPU's power")}, renewed each {options.CollectSeconds:0.###} s; +-5 % of reading."),
            Kinds = _counter ? ReadingKinds.Counter : ReadingKinds.Samples,
            NativePeriod = collect,
            CounterQuantum = 0.001,
            CounterLatchSeconds = _every.TotalSeconds / Trapezoid.WidthOverSigma,
            AssumedIdle = new(gpu.Watts ?? 0),
            AssumedIdleSigma = new(0.5 * (gpu.Watts ?? 0)),
        };
        _lastFetch = _lastChange = MonotonicTime.Now(clock);
        _last = Value(gpu);
    }

    public PowerSourceDescription Description { get; }

    /// <summary>Fetches the page once, and begins to fetch it again and again. Never throws: what stands in the way becomes a source without a meter.</summary>
    /// <param name="options">Where, and which GPU; validated.</param>
    /// <param name="clock">The meter's clock.</param>
    /// <param name="handler">How HTTP is spoken, for tests; null for the network, without following redirects.</param>
    public static IPowerSource Open(DcgmOptions options, TimeProvider clock, HttpMessageHandler? handler = null)
    {
        var http = new HttpClient(handler ?? new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = Patience, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            Timeout = Patience,
            MaxResponseContentBufferSize = MaxPage,
        };
        (DcgmGpu? gpu, string? problem) = Task.Run(() => FetchAsync(http, new(options.Url!), options.Uuid, CancellationToken.None)).GetAwaiter().GetResult();
        if (gpu is { Joules: null, Watts: null })
            problem = $"the page has no value for the GPU {gpu.Uuid}";
        if (problem is not null)
        {
            http.Dispose();
            return new UnavailablePowerSource(options.Uuid ?? "gpu-0", "GPU", DeviceComponent.Gpu, $"dcgm-exporter at {options.Url} cannot be used: {problem}");
        }
        var source = new DcgmPowerSource(http, options, gpu!, clock);
        _ = Task.Run(source.FetchAllAsync);
        return source;
    }

    public SourceStatus Read(MonotonicTime now, PowerReadings into)
    {
        while (_news.TryDequeue(out (MonotonicTime At, double Value) one))
        {
            if (_counter)
                into.Counter.Add(new(one.At, new(one.Value)));
            else
                into.Samples.Add(new(one.At, new(one.Value)));
        }
        return _fault is { } fault ? SourceStatus.Failed(fault) : SourceStatus.Ok;
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _http.Dispose();
    }

    private static async Task<(DcgmGpu? Gpu, string? Problem)> FetchAsync(HttpClient http, Uri url, string? wanted, CancellationToken stopping)
    {
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(url, stopping).ConfigureAwait(false);
            if (!answer.IsSuccessStatusCode)
                return (null, FormattableString.Invariant($"it answers {(int)answer.StatusCode}{((int)answer.StatusCode is >= 300 and < 400 ? ", a redirect, which is not followed" : "")}"));
            string page = await answer.Content.ReadAsStringAsync(stopping).ConfigureAwait(false);
            return (DcgmGpu.Find(page, wanted, out string? problem), problem);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return (null, FormattableString.Invariant($"it does not answer within {Patience.TotalSeconds:0} s"));
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or InvalidOperationException)
        {
            return (null, problem.Message);
        }
    }

    private async Task FetchAllAsync()
    {
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                await Task.Delay(_every, _clock, _stopping.Token).ConfigureAwait(false);
                await FetchOnceAsync().ConfigureAwait(false);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
        {
            // Disposed.
        }
        catch (Exception problem)
        {
            _fault = $"fetching dcgm-exporter's page failed: {problem.Message}";
        }
    }

    /// <summary>Fetches the page once and keeps what is new on it.</summary>
    internal async Task FetchOnceAsync()
    {
        MonotonicTime before = MonotonicTime.Now(_clock);
        (DcgmGpu? gpu, string? problem) = await FetchAsync(_http, _url, _wanted, _stopping.Token).ConfigureAwait(false);
        MonotonicTime now = MonotonicTime.Now(_clock);
        if (gpu is not null && Value(gpu) is null)
            problem = $"the page has no value for the GPU {gpu.Uuid} any more";
        if (problem is not null)
        {
            _fault = $"dcgm-exporter at {_url}: {problem}";
            return;
        }
        double value = Value(gpu!)!.Value;
        if (value != _last)
        {
            // The page shows what was collected some time between the last fetch and this one.
            _news.Enqueue((new(_lastFetch.Ticks + (before.Ticks - _lastFetch.Ticks) / 2), value));
            (_last, _lastChange) = (value, now);
        }
        _lastFetch = before;
        _fault = now - _lastChange > _stale
            ? FormattableString.Invariant($"dcgm-exporter's value has not changed for {(now - _lastChange).TotalSeconds:0} s: it hangs, or collects less often than Metering:Dcgm:CollectSeconds says")
            : null;
    }

    private double? Value(DcgmGpu gpu) => _counter ? gpu.Joules : gpu.Watts;
}
