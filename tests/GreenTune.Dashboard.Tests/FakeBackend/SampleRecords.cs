using System.Collections.Concurrent;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>Makes records whose parts agree: prefill and decode make active, active and idle make joules, grams follow from joules.</summary>
internal static class SampleRecords
{
    public const double RelativeUncertainty = 0.153;
    public const double BaselineWatts = 6.2;

    public static CarbonFactor Factor { get; } = new()
    {
        Intensity = new GramsPerKilowattHour(445),
        Pue = 1.2,
        Zone = "WORLD",
        ZoneName = "World",
        Source = "Ember",
        Licence = "CC-BY-4.0",
        Year = 2025,
        Signal = CarbonSignal.Average,
        FactorType = "life-cycle",
        GasBasis = "CO2e",
        Estimated = true,
        Reason = "No zone is configured, so the world average stands in.",
        MethodVersion = MethodVersions.Carbon,
    };

    public static GramsCO2e Grams(Joules joules) => new(joules.Value / Joules.PerKilowattHour * Factor.Intensity.Value * Factor.Pue);

    /// <summary>About a month of traffic up to <paramref name="now"/>, newest first; the same for the same time.</summary>
    public static IReadOnlyList<RecordView> Month(DateTimeOffset now) => Months.GetOrAdd(now, Make);

    private static readonly ConcurrentDictionary<DateTimeOffset, List<RecordView>> Months = new();

    private static List<RecordView> Make(DateTimeOffset now)
    {
        var random = new Random(14);
        var records = new List<RecordView>();
        var midnight = new DateTimeOffset(now.Date, now.Offset);
        for (var day = 0; day < 30; day++)
        {
            var from = midnight.AddDays(-day);
            var until = day == 0 ? now : from.AddDays(1);
            var count = day == 0 ? 286 : day < 7 ? 1400 + random.Next(200) : 280 + random.Next(60);
            for (var i = 0; i < count; i++)
            {
                // More towards the end of the span, as a morning's traffic grows.
                var share = Math.Pow(random.NextDouble(), 0.6);
                records.Add(Of(from + ((until - from) * share), records.Count, random));
            }
        }

        records.Sort((a, b) => b.Record.StartedAt.CompareTo(a.Record.StartedAt));
        // The newest ones are known to the tests.
        for (var i = 0; i < 8; i++)
        {
            records[i] = At(records[i], now.AddSeconds(-(i * 3) - 1));
        }

        return records;
    }

    public static RecordView Of(DateTimeOffset at, int number, Random random)
    {
        var tenant = random.NextDouble() switch { < 0.62 => "team-support", < 0.82 => "playground", < 0.95 => "batch-eval", _ => "team-search" };
        var degraded = tenant == "playground" && random.NextDouble() < 0.4;
        var configuration = SampleConfiguration.Of(degraded ? "greentune-nano-int8" : random.NextDouble() switch
        {
            < 0.66 => "greentune-tiny-int4",
            < 0.80 => "greentune-tiny-int8",
            < 0.88 => "greentune-nano-int8",
            < 0.94 => "greentune-nano-int4",
            < 0.97 => "greentune-nano-fp32",
            _ => "greentune-tiny-fp32",
        });
        var outcome = random.NextDouble() switch { < 0.985 => RequestOutcome.Completed, < 0.997 => RequestOutcome.Cancelled, _ => RequestOutcome.Failed };
        return Make(
            $"chatcmpl-{number:x6}{at.ToUnixTimeMilliseconds() % 0xFFFFF:x5}", at, tenant, configuration, degraded ? "greentune-tiny-int4" : null, outcome,
            inputTokens: 24 + random.Next(90), outputTokens: outcome == RequestOutcome.Completed ? 30 + random.Next(70) : random.Next(30), noise: 0.9 + (0.2 * random.NextDouble()));
    }

    public static RecordView Make(
        string id, DateTimeOffset at, string tenant, SampleConfiguration configuration, string? degradedFrom, RequestOutcome outcome, int inputTokens, int outputTokens, double noise = 1, string? session = null)
    {
        var joules = ((outputTokens * configuration.JoulesPerToken) + (inputTokens * configuration.JoulesPerToken * 0.12)) * noise;
        var prefill = joules * 0.11;
        var decode = joules * 0.52;
        var seconds = (outputTokens / configuration.TokensPerSecond) + 0.004;
        var prefillEnd = 0.003 + (inputTokens / configuration.TokensPerSecond / 20);
        return new RecordView
        {
            Record = new RequestRecord
            {
                Id = id,
                StartedAt = at,
                EndedAt = at.AddSeconds(seconds),
                Tenant = tenant,
                Session = session,
                RequestedModel = degradedFrom is null && tenant != "batch-eval" ? "auto" : configuration.Id,
                ConfigurationId = configuration.Id,
                DegradedFrom = degradedFrom,
                Outcome = outcome,
                FinishReason = outcome switch { RequestOutcome.Completed => "stop", RequestOutcome.Cancelled => "cancelled", _ => "error" },
                InputTokens = inputTokens,
                OutputTokens = outputTokens,
                QueueSeconds = 0.0004,
                TimeToFirstTokenSeconds = outputTokens > 0 ? prefillEnd + 0.001 : null,
                DurationSeconds = seconds,
                MeanRowsInFlight = 1,
                Streamed = true,
                Energy = new EnergyFigures
                {
                    Joules = new Joules(joules),
                    ActiveJoules = new Joules(prefill + decode),
                    PrefillJoules = new Joules(prefill),
                    DecodeJoules = new Joules(decode),
                    IdleJoules = new Joules(joules - prefill - decode),
                    RelativeUncertainty = RelativeUncertainty,
                    Uncertainty = new EnergyUncertainty(0.15, new Watts(0.1), 0.002, -0.001, new Joules(joules * 0.03)),
                    Quality = EnergyQuality.Estimated,
                    PhaseQuality = EnergyQuality.Modelled,
                    Components = new ComponentJoules { Cpu = new Joules(joules) },
                    Boundary = "package",
                    Meter = "cpu-estimate",
                    Device = "cpu-0",
                    Settled = true,
                    MethodVersion = MethodVersions.Attribution,
                    Reasons = new Dictionary<string, string> { ["components.gpu"] = "This node has no GPU.", ["components.dram"] = "The CPU estimate does not separate memory." },
                },
                BaselineWatts = new Watts(BaselineWatts),
                PrefillEndOffsetSeconds = prefillEnd,
                TraceId = "4bf92f3577b34da6a3ce929d0e0e4736",
                Instance = "inference-1",
            },
            CO2e = Grams(new Joules(joules)),
            Factor = Factor,
            ReceivedAt = at.AddSeconds(seconds + 0.5),
        };
    }

    /// <summary>With its trace, as the record alone has it.</summary>
    public static RecordView Whole(RecordView view) =>
        view with { Record = view.Record with { PowerTrace = Trace(view.Record.DurationSeconds, view.Record.PrefillEndOffsetSeconds ?? 0) } };

    /// <summary>Without its trace, as lists and events carry it.</summary>
    public static RecordView Bare(RecordView view) => view with { Record = view.Record with { PowerTrace = [] } };

    private static RecordView At(RecordView view, DateTimeOffset at) => view with
    {
        Record = view.Record with { StartedAt = at, EndedAt = at.AddSeconds(view.Record.DurationSeconds) },
        ReceivedAt = at.AddSeconds(view.Record.DurationSeconds + 0.5),
    };

    private static List<TracePoint> Trace(double seconds, double prefillEnd)
    {
        var points = new List<TracePoint>();
        var step = seconds / 60;
        for (var offset = -seconds * 0.4; offset <= seconds * 1.4; offset += step)
        {
            var wave = Math.Sin(offset / step * 1.7) * 0.25;
            var watts = offset < 0 || offset > seconds ? BaselineWatts + (wave * 0.4) : offset < prefillEnd ? 18.4 + wave : 15.6 - (offset / seconds * 1.2) + wave;
            points.Add(new TracePoint(offset, watts));
        }

        return points;
    }
}
