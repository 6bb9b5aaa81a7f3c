using System.Diagnostics;
using System.Diagnostics.Metrics;
using GreenTune.Core.Contracts;
using GreenTune.Core.Telemetry;
using GreenTune.Core.Units;

namespace GreenTune.Inference.Telemetry;

/// <summary>The service's spans and metrics, by the GenAI conventions where they have a name for it (TelemetryNames).</summary>
internal sealed class InferenceTelemetry : IDisposable
{
    /// <summary>The provider name of the conventions for models run by ONNX Runtime.</summary>
    public const string Provider = "onnx";

    private const string Chat = "chat";

    // The buckets that the conventions prescribe for server-side durations, in seconds.
    private static readonly double[] DurationBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
    private static readonly double[] FirstTokenBuckets = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    private static readonly double[] PerTokenBuckets = [0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
    private static readonly double[] TokenBuckets = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576];
    private static readonly double[] JouleBuckets = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000];

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _perToken;
    private readonly Histogram<long> _tokens;
    private readonly Histogram<double> _energy;

    public InferenceTelemetry(IMeterFactory meters)
    {
        _meter = meters.Create(TelemetryNames.Inference);
        _duration = _meter.CreateHistogram<double>(TelemetryNames.ServerRequestDuration, "s", "Duration of generation requests", null, Advice(DurationBuckets));
        _firstToken = _meter.CreateHistogram<double>(TelemetryNames.ServerTimeToFirstToken, "s", "Time to the first output token", null, Advice(FirstTokenBuckets));
        _perToken = _meter.CreateHistogram<double>(TelemetryNames.ServerTimePerOutputToken, "s", "Time per output token after the first", null, Advice(PerTokenBuckets));
        _tokens = _meter.CreateHistogram<long>(TelemetryNames.TokenUsage, "{token}", "Tokens used", null, new InstrumentAdvice<long> { HistogramBucketBoundaries = [.. TokenBuckets.Select(bucket => (long)bucket)] });
        _energy = _meter.CreateHistogram<double>(TelemetryNames.RequestEnergy, "J", "Energy of a request, idle share included", null, Advice(JouleBuckets));
    }

    public static ActivitySource Source { get; } = new(TelemetryNames.Inference);

    /// <summary>The span of one generation, below the HTTP request's.</summary>
    public static Activity? StartGeneration(string requestedModel, string requestId, string tenant, string? session, string provider = Provider)
    {
        Activity? activity = Source.StartActivity($"{Chat} {requestedModel}", ActivityKind.Internal);
        if (activity is not null)
        {
            activity.SetTag(TelemetryNames.OperationName, Chat);
            activity.SetTag(TelemetryNames.ProviderName, provider);
            activity.SetTag(TelemetryNames.RequestModel, requestedModel);
            activity.SetTag(TelemetryNames.ResponseId, requestId);
            activity.SetTag(TelemetryNames.RequestId, requestId);
            activity.SetTag(TelemetryNames.Tenant, tenant);
            activity.SetTag(TelemetryNames.ConversationId, session);
        }

        return activity;
    }

    /// <summary>A phase of a generation as a span of its own, written after the fact.</summary>
    public static void Phase(ActivityContext parent, string name, DateTimeOffset start, DateTimeOffset end, int? tokens = null)
    {
        using Activity? activity = Source.StartActivity(name, ActivityKind.Internal, parent, startTime: start);
        if (activity is null)
        {
            return;
        }

        activity.SetTag(TelemetryNames.Phase, name);
        if (tokens is int count)
        {
            activity.SetTag(TelemetryNames.Steps, count);
        }

        activity.SetEndTime(end.UtcDateTime);
    }

    /// <summary>Carries a settled request's energy into its trace: a child of the generation's span that also links to it, since it ends after its parent.</summary>
    public static void Settled(ActivityContext generation, RequestRecord record, GramsCO2e? grams, DateTimeOffset now)
    {
        using Activity? activity = Source.StartActivity(
            "settle", ActivityKind.Internal, generation, links: generation == default ? null : [new ActivityLink(generation)], startTime: record.EndedAt);
        if (activity is null)
        {
            return;
        }

        EnergyFigures energy = record.Energy;
        activity.SetTag(TelemetryNames.RequestId, record.Id);
        activity.SetTag(TelemetryNames.Configuration, record.ConfigurationId);
        activity.SetTag(TelemetryNames.EnergyQuality, Word(energy.Quality));
        activity.SetTag(TelemetryNames.Joules, energy.Joules?.Value);
        activity.SetTag(TelemetryNames.ActiveJoules, energy.ActiveJoules?.Value);
        activity.SetTag(TelemetryNames.PrefillJoules, energy.PrefillJoules?.Value);
        activity.SetTag(TelemetryNames.DecodeJoules, energy.DecodeJoules?.Value);
        activity.SetTag(TelemetryNames.IdleJoules, energy.IdleJoules?.Value);
        activity.SetTag(TelemetryNames.RelativeUncertainty, energy.RelativeUncertainty);
        activity.SetTag(TelemetryNames.CO2eGrams, grams?.Value);
        activity.SetEndTime(now.UtcDateTime);
    }

    /// <summary>
    /// The metrics of one finished request. Its emissions are Accounting's to count (greentune.carbon.emissions): counted here too, a sum over services would have them twice.
    /// </summary>
    public void Record(RequestRecord record, string provider = Provider)
    {
        var tags = new TagList
        {
            { TelemetryNames.OperationName, Chat },
            { TelemetryNames.ProviderName, provider },
            { TelemetryNames.RequestModel, record.RequestedModel },
            { TelemetryNames.ResponseModel, record.ConfigurationId },
        };
        if (record.Outcome == RequestOutcome.Failed)
        {
            tags.Add(TelemetryNames.ErrorType, "step_failed");
        }

        _duration.Record(record.DurationSeconds, tags);
        if (record.TimeToFirstTokenSeconds is double first)
        {
            _firstToken.Record(first, tags);
            if (record.OutputTokens > 1)
            {
                _perToken.Record((record.DurationSeconds - first) / (record.OutputTokens - 1), tags);
            }
        }

        RecordTokens(record.InputTokens, "input", tags);
        RecordTokens(record.OutputTokens, "output", tags);
        tags.Add(TelemetryNames.EnergyQuality, Word(record.Energy.Quality));
        if (record.Energy.Joules is { } joules)
        {
            _energy.Record(joules.Value, tags);
        }
    }

    public void Dispose() => _meter.Dispose();

    private void RecordTokens(int count, string type, TagList tags)
    {
        tags.Add(TelemetryNames.TokenType, type);
        _tokens.Record(count, tags);
    }

    private static string Word(EnergyQuality quality) => quality switch
    {
        EnergyQuality.Measured => "measured",
        EnergyQuality.Modelled => "modelled",
        EnergyQuality.Estimated => "estimated",
        _ => "none",
    };

    private static InstrumentAdvice<double> Advice(double[] buckets) => new() { HistogramBucketBoundaries = buckets };
}
