using System.Diagnostics;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Inference.Records;
using GreenTune.Metering;

namespace GreenTune.Inference.External;

/// <summary>One request on an upstream: its times and tokens, and what becomes its record.</summary>
internal sealed class ExternalRun(string id, Upstream upstream, UpstreamRequest request, Chat.RequestHeaders headers, DateTimeOffset acceptedAt, IDeviceMeter meter, OverlapSteps overlap, Activity? activity)
{
    private readonly MonotonicTime _accepted = meter.Now;
    private readonly OverlapSteps.Request? _share = upstream.OnMeteredDevice ? overlap.Begin(upstream.Id) : null;
    private MonotonicTime? _first;
    private MonotonicTime _end;
    private int _pieces;
    private int? _inputTokens;
    private int? _outputTokens;
    private string? _upstreamFinish;

    public string Id { get; } = id;

    public Upstream Upstream { get; } = upstream;

    public UpstreamRequest Request { get; } = request;

    public Activity? Activity { get; } = activity;

    /// <summary>The upstream's, else a quarter of the prompt's characters.</summary>
    public int InputTokens => _inputTokens ?? Request.EstimatedInputTokens;

    /// <summary>The upstream's, else the pieces that came: engines send a token in each, or a few.</summary>
    public int OutputTokens => _outputTokens ?? _pieces;

    /// <summary>The upstream said both numbers.</summary>
    public bool TokensAreKnown => _inputTokens is not null && _outputTokens is not null;

    /// <summary>The upstream said why its answer ended.</summary>
    public bool HasFinished => _upstreamFinish is not null;

    /// <summary>The request's energy. Set by <see cref="End"/>.</summary>
    public Task<SettledRequest> Settled { get; private set; } = null!;

    /// <summary>Notes an event of the stream, or the whole answer.</summary>
    /// <param name="chunk">What it says.</param>
    /// <param name="isWhole">It is the whole answer: when its first token came is not known.</param>
    public void Saw(in UpstreamChunk chunk, bool isWhole = false)
    {
        if (chunk.HasContent)
        {
            _pieces++;
            _share?.Token();
            if (!isWhole)
            {
                _first ??= meter.Now;
            }
        }

        _inputTokens = chunk.InputTokens ?? _inputTokens;
        _outputTokens = chunk.OutputTokens ?? _outputTokens;
        _upstreamFinish = chunk.FinishReason ?? _upstreamFinish;
    }

    /// <summary>The request is over, one way or another. Once.</summary>
    public void End()
    {
        _end = meter.Now;
        Settled = _share is null ? Task.FromResult(NotMetered()) : ModelledAsync(overlap.End(_share, _end));
    }

    /// <summary>What the journal keeps of it while it runs.</summary>
    public JournalEntry ToJournal(string instance)
    {
        ActivityContext span = Activity?.Context ?? default;
        return new JournalEntry
        {
            Id = Id,
            StartedAt = acceptedAt,
            Tenant = headers.Tenant,
            Session = headers.Session,
            RequestedModel = Upstream.Id,
            ConfigurationId = Upstream.Id,
            InputTokens = InputTokens,
            Streamed = Request.Stream,
            TraceId = span == default ? null : span.TraceId.ToHexString(),
            SpanId = span == default ? null : span.SpanId.ToHexString(),
            Instance = instance,
        };
    }

    /// <summary>The record, once the energy has settled.</summary>
    public async Task<RequestRecord> RecordAsync(RequestOutcome outcome, string instance)
    {
        SettledRequest settled = await Settled;
        EnergyFigures energy = settled.Energy;
        if (!TokensAreKnown)
        {
            energy = energy with { Reasons = new Dictionary<string, string>(energy.Reasons) { ["tokens"] = TokensReason() } };
        }

        double seconds = (_end - _accepted).TotalSeconds;
        ActivityContext span = Activity?.Context ?? default;
        return new RequestRecord
        {
            Id = Id,
            StartedAt = acceptedAt,
            EndedAt = acceptedAt + TimeSpan.FromSeconds(seconds),
            Tenant = headers.Tenant,
            Session = headers.Session,
            RequestedModel = Upstream.Id,
            ConfigurationId = Upstream.Id,
            Outcome = outcome,
            FinishReason = outcome switch
            {
                RequestOutcome.Completed => _upstreamFinish is "length" ? "length" : "stop",
                RequestOutcome.Cancelled => "cancelled",
                _ => "error",
            },
            InputTokens = InputTokens,
            OutputTokens = OutputTokens,
            // The upstream's own queue is inside its time to the first token.
            QueueSeconds = 0,
            TimeToFirstTokenSeconds = _first is { } first ? (first - _accepted).TotalSeconds : null,
            DurationSeconds = seconds,
            MeanRowsInFlight = _share is null ? null : settled.MeanRowsInFlight,
            Streamed = Request.Stream,
            Energy = energy,
            BaselineWatts = settled.Baseline,
            TraceId = span == default ? null : span.TraceId.ToHexString(),
            SpanId = span == default ? null : span.SpanId.ToHexString(),
            Instance = instance,
        };
    }

    /// <summary>Where the numbers of tokens are from, where not from the upstream.</summary>
    public string TokensReason() =>
        $"{Upstream.Id} did not say how many tokens it used: {(_inputTokens is null ? $"input is estimated at {UpstreamRequest.CharactersPerToken} characters each" : "input is the upstream's")}, {(_outputTokens is null ? "output is counted by the pieces that came" : "output is the upstream's")}";

    private SettledRequest NotMetered() => new(
        EnergyFigures.None($"{Upstream.Id} runs outside this service and no meter here sees its device", MethodVersions.Attribution), 1, null);

    /// <summary>However well the device is metered, what the request had of it is modelled.</summary>
    private static async Task<SettledRequest> ModelledAsync(Task<SettledRequest> settling)
    {
        SettledRequest settled = await settling;
        EnergyFigures energy = settled.Energy;
        if (energy.Quality <= EnergyQuality.Estimated)
        {
            return settled;
        }

        const string Reason = "the upstream's steps are not known: the device's energy is shared by tokens and overlap";
        return settled with
        {
            Energy = energy with
            {
                Quality = EnergyQuality.Modelled,
                PhaseQuality = energy.PhaseQuality > EnergyQuality.Modelled ? EnergyQuality.Modelled : energy.PhaseQuality,
                Reasons = new Dictionary<string, string>(energy.Reasons) { ["quality"] = Reason },
            },
        };
    }
}
